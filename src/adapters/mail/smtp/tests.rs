//! Against a mail server on this machine that replies what a test plans.

use domain::Link;
use testkit::{Reply, SmtpReceiver};
use tokio::net::TcpListener;

use super::{connect::Tls, *};

const NO_TLS: MailTls = MailTls { off: true, authorities: None };

fn url(receiver: &SmtpReceiver, user: &str) -> SmtpUrl {
    SmtpUrl::parse(&format!("smtp://{user}{}", receiver.address())).unwrap()
}

fn from() -> Mailbox {
    Mailbox::new(Some("Tee & Beweise, größer".to_owned()), "accounts@book.example".parse().unwrap())
}

fn mailer(receiver: &SmtpReceiver, user: &str) -> SmtpMailer {
    SmtpMailer::new(&url(receiver, user), from(), &MailTls::default()).unwrap()
}

fn mail(id: &str) -> MailMessage {
    let url = format!("https://accounts.example.org/reset?token={}&x=1", "t".repeat(90));
    MailMessage {
        id: id.to_owned(),
        kind: "reset-password".to_owned(),
        to: "ada@example.org".to_owned(),
        subject: "Choose a new password for Tee".to_owned(),
        text: format!("Größe\n.\n..\n{url}\n"),
        html: format!("<p>Größe <a href=\"{url}\">x</a>\n"),
        link: Some(Link { url, token: "t".repeat(90), code: None }),
        written_at: 1_795_215_905_131,
    }
}

fn passing(outcome: Result<(), MailerError>) -> String {
    match outcome {
        Err(MailerError::Passing(reason)) => reason,
        other => panic!("should be worth another try: {other:?}"),
    }
}

fn refused_for_good(outcome: Result<(), MailerError>) -> String {
    match outcome {
        Err(MailerError::Final(reason)) => reason,
        other => panic!("should be final: {other:?}"),
    }
}

/// What quoted-printable hides (RFC 2045 section 6.7).
fn unquoted(data: &str) -> String {
    data.replace("=\r\n", "").replace("=3D", "=").replace("=C3=B6", "ö").replace("=C3=9F", "ß")
}

#[tokio::test]
async fn a_message_arrives_with_everything_a_mail_program_needs() {
    let receiver = SmtpReceiver::start().await;
    mailer(&receiver, "").send(&mail("0b0c7a52")).await.unwrap();
    let [received] = receiver.received().try_into().unwrap();
    assert_eq!(received.from, "accounts@book.example");
    assert_eq!((received.to, received.credentials), (vec!["ada@example.org".to_owned()], None));
    let (headers, body) = received.data.split_once("\r\n\r\n").unwrap();
    for header in [
        "Message-ID: <0b0c7a52@book.example>",
        "Date: Fri, 20 Nov 2026 23:05:05 +0000",
        "To: ada@example.org",
        "Subject: Choose a new password for Tee",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} in\n{headers}");
    }
    assert!(headers.contains("<accounts@book.example>") && headers.contains("=?utf-8?"), "{headers}");
    assert!(headers.contains("multipart/alternative") && headers.is_ascii(), "{headers}");
    let body = unquoted(body);
    let (text, html) = (body.find("text/plain").unwrap(), body.find("text/html").unwrap());
    assert!(text < html, "the last part is the one preferred (RFC 2046 section 5.1.4)");
    let link = mail("").link.unwrap().url;
    assert!(body.contains(&format!("\r\n.\r\n..\r\n{link}\r\n")), "{body}");
    assert!(body.contains(&format!("<p>Größe <a href=\"{link}\">")), "{body}");
    assert!(received.data.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
}

#[tokio::test]
async fn the_same_message_is_composed_to_the_byte_each_time() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "");
    mailer.send(&mail("one")).await.unwrap();
    mailer.send(&mail("one")).await.unwrap();
    let [first, second] = receiver.received().try_into().unwrap();
    assert_eq!(first.data, second.data);
}

#[tokio::test]
async fn user_and_password_are_handed_over_as_they_were_before_they_were_encoded() {
    let receiver = SmtpReceiver::start().await;
    mailer(&receiver, "ada%40example.org:hun%3Ater%2F2@").send(&mail("one")).await.unwrap();
    let expected = ("ada@example.org".to_owned(), "hun:ter/2".to_owned());
    assert_eq!(receiver.received()[0].credentials, Some(expected));
}

#[tokio::test]
async fn messages_share_a_connection_and_outlive_one_that_was_closed() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "");
    for id in ["one", "two", "three"] {
        mailer.send(&mail(id)).await.unwrap();
    }
    assert_eq!(receiver.connections(), 1);
    receiver.plan("NOOP", Reply::Close);
    mailer.send(&mail("four")).await.unwrap();
    assert_eq!((receiver.connections(), receiver.received().len()), (2, 4));
}

#[tokio::test]
async fn a_refusal_for_now_is_passing_and_one_for_good_is_final() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "");
    for verb in ["MAIL", "RCPT", "DATA", "."] {
        receiver.plan(verb, Reply::Say("451 4.3.0 greylisted"));
        assert!(passing(mailer.send(&mail("one")).await).contains("greylisted"), "{verb}");
        receiver.plan(verb, Reply::Say("550 5.1.1 no such mailbox"));
        assert!(refused_for_good(mailer.send(&mail("one")).await).contains("no such mailbox"), "{verb}");
    }
    for verb in ["CONNECT", "MAIL", "."] {
        receiver.plan(verb, Reply::Close);
        passing(mailer.send(&mail("one")).await);
    }
    assert!(receiver.received().is_empty());
    mailer.send(&mail("one")).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_our_signing_in_is_not_held_against_the_message() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "ada:open-sesame@");
    receiver.plan("CONNECT", Reply::Say("554 5.3.2 not accepting"));
    passing(mailer.send(&mail("one")).await);
    // Servers that repeat what they were told: the credentials in the clear, and as they went over the wire.
    receiver.plan("AUTH", Reply::Say("535 5.7.8 ada/open-sesame is wrong"));
    receiver.plan("AUTH", Reply::Say("535 5.7.8 AGFkYQBvcGVuLXNlc2FtZQ== is wrong"));
    receiver.plan("AUTH", Reply::Say("535 5.7.8 b3Blbi1zZXNhbWU= is wrong"));
    for _ in 0..3 {
        let reason = passing(mailer.send(&mail("one")).await);
        assert!(reason.contains("[password]") && reason.contains("is wrong"), "{reason}");
        for secret in ["open-sesame", "AGFkYQBvcGVuLXNlc2FtZQ", "b3Blbi1zZXNhbWU"] {
            assert!(!reason.contains(secret), "{reason}");
        }
    }
    receiver.plan("MAIL", Reply::Say("530 5.7.0 authentication required"));
    passing(mailer.send(&mail("one")).await);
    assert!(!format!("{mailer:?}").contains("sesame"));
}

#[tokio::test]
async fn a_message_given_up_half_way_leaves_no_answer_behind_for_the_next() {
    let receiver = SmtpReceiver::start().await;
    let mailer = SmtpMailer { send_timeout: Duration::from_secs(1), ..mailer(&receiver, "") };
    for (connections, verb) in [(1, "."), (2, "CONNECT")] {
        receiver.plan(verb, Reply::Hang);
        assert!(passing(mailer.send(&mail("one")).await).contains("does not answer"), "{verb}");
        assert_eq!((receiver.connections(), receiver.received().len()), (connections, 0), "{verb}");
    }
    mailer.send(&mail("two")).await.unwrap();
    let [received] = receiver.received().try_into().unwrap();
    assert!(received.data.contains("<two@book.example>"), "{}", received.data);
    assert_eq!(received.connection, 3);
}

/// A connection that the server has closed since its last use is replaced, and what the new one is greeted with is not about
/// the message.
#[tokio::test]
async fn a_greeting_that_refuses_is_not_held_against_the_message_that_was_to_go_over_a_closed_connection() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "ada:open-sesame@");
    for (verb, reply) in [
        ("CONNECT", "554 5.3.2 too many connections"),
        ("EHLO", "550 5.7.1 go away"),
        ("AUTH", "554 5.7.0 too many logins"),
    ] {
        mailer.send(&mail("one")).await.unwrap();
        receiver.plan("NOOP", Reply::Close);
        receiver.plan(verb, Reply::Say(reply));
        let reason = passing(mailer.send(&mail("two")).await);
        assert!(reason.contains(reply.split_once(' ').unwrap().1), "{verb}: {reason}");
    }
    assert_eq!(receiver.received().len(), 3);
}

/// lettre takes the one for the other: what it does not know how to do is an error of its own, not of the server.
#[tokio::test]
async fn a_server_without_the_wanted_way_of_signing_in_is_not_held_against_the_message() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "ada:open-sesame@");
    receiver.plan("EHLO", Reply::Say("250 tests"));
    passing(mailer.send(&mail("one")).await);
    mailer.send(&mail("one")).await.unwrap();
}

#[test]
fn tls_is_left_out_on_this_machine_and_where_it_is_switched_off() {
    let of = |url: &str, tls: &MailTls| Tls::of(&SmtpUrl::parse(url).unwrap(), tls).unwrap();
    let required = MailTls::default();
    assert!(matches!(of("smtp://mail.example.org", &required), Tls::Required(_)));
    assert!(matches!(of("smtps://mail.example.org", &required), Tls::Implicit(_)));
    assert!(matches!(of("smtps://localhost", &required), Tls::Implicit(_)));
    assert!(matches!(of("smtp://127.0.0.1:25", &required), Tls::Opportunistic(_)));
    assert!(matches!(of("smtp://relay:25", &NO_TLS), Tls::Off));
}

#[tokio::test]
async fn nothing_is_said_to_a_server_of_the_network_that_offers_no_tls() {
    let receiver = SmtpReceiver::start().await;
    let url = url(&receiver, "ada:open-sesame@");
    let mut mailer = SmtpMailer::new(&url, from(), &MailTls::default()).unwrap();
    let elsewhere = SmtpUrl::parse("smtp://mail.example.org").unwrap();
    mailer.server.set_tls(Tls::of(&elsewhere, &MailTls::default()).unwrap());
    let reason = passing(mailer.send(&mail("one")).await);
    assert!(reason.contains("STARTTLS"), "{reason}");
    let advice = mailer.check().await.unwrap_err();
    assert!(advice.contains("BOOKPLATE_MAIL_TLS=off") && advice.contains("private network"), "{advice}");
    assert!(receiver.received().is_empty());
    // A relay in a private network, which this machine is too.
    let relay = SmtpMailer::new(&url, from(), &NO_TLS).unwrap();
    relay.send(&mail("one")).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn without_tls_nothing_is_sent_to_a_public_address() {
    let url = SmtpUrl::parse("smtp://192.0.2.1:25").unwrap();
    let mailer = SmtpMailer::new(&url, from(), &NO_TLS).unwrap();
    let advice = mailer.check().await.unwrap_err();
    assert!(advice.contains("private network") && advice.contains("192.0.2.1"), "{advice}");
    passing(mailer.send(&mail("one")).await);
}

#[tokio::test]
async fn a_check_tells_a_blocked_port_from_a_wrong_password_and_both_from_the_rest() {
    let advice = async |mailer: &SmtpMailer| mailer.check().await.unwrap_err();
    let receiver = SmtpReceiver::start().await;
    let right = mailer(&receiver, "ada:open-sesame@");
    receiver.plan("AUTH", Reply::Say("535 5.7.8 ada/open-sesame is wrong"));
    let said = advice(&right).await;
    assert!(said.contains("refuses the user or the password") && said.contains("[password]"), "{said}");
    assert!(!said.contains("open-sesame"), "{said}");
    assert_eq!(right.check().await, Ok(receiver.address().to_string()));

    let unknown = SmtpUrl::parse("smtp://mail.invalid:587").unwrap();
    let said = advice(&SmtpMailer::new(&unknown, from(), &MailTls::default()).unwrap()).await;
    assert!(said.contains("is not known"), "{said}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = SmtpUrl::parse(&format!("smtp://{free}")).unwrap();
    let said = advice(&SmtpMailer::new(&closed, from(), &MailTls::default()).unwrap()).await;
    assert!(said.contains("no mail server listens"), "{said}");
}

/// A firewall that drops packets, which a full queue of connections does as well.
#[tokio::test]
async fn a_check_ends_within_ten_seconds_where_nothing_answers() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    loop {
        let connecting = tokio::net::TcpStream::connect(address);
        match timeout(Duration::from_millis(300), connecting).await {
            Ok(connected) => waiting.push(connected.unwrap()),
            Err(_) => break,
        }
    }
    let url = SmtpUrl::parse(&format!("smtp://{address}")).unwrap();
    let begun = tokio::time::Instant::now();
    let said = SmtpMailer::new(&url, from(), &MailTls::default()).unwrap().check().await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(said.contains("probably blocked") && said.contains("HTTPS"), "{said}");
}

/// Such as a port of TLS from the first byte that is addressed as one of STARTTLS.
#[tokio::test]
async fn a_check_tells_a_server_that_does_not_greet() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = SmtpUrl::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap();
    let said = SmtpMailer::new(&url, from(), &MailTls::default()).unwrap().check().await.unwrap_err();
    assert!(said.contains("does not answer as a mail server") && said.contains("smtps://"), "{said}");
}

#[tokio::test]
async fn an_address_that_no_command_can_hold_is_final_and_says_nothing_to_the_server() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "");
    for to in
        ["", "ada", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org>\r\nDATA", "a b@example.org"]
    {
        refused_for_good(mailer.send(&MailMessage { to: to.to_owned(), ..mail("one") }).await);
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn security_06_a_subject_with_line_breaks_adds_no_header() {
    let receiver = SmtpReceiver::start().await;
    let subject = "Hello\r\nBcc: eve@example.org\r\n\r\nbody".to_owned();
    mailer(&receiver, "").send(&MailMessage { subject, ..mail("one") }).await.unwrap();
    let [received] = receiver.received().try_into().unwrap();
    let (headers, _) = received.data.split_once("\r\n\r\n").unwrap();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert!(headers.contains("Auto-Submitted"), "{headers}");
    assert_eq!(received.to, ["ada@example.org"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_passing() {
    let receiver = SmtpReceiver::start().await;
    let mailer = mailer(&receiver, "");
    drop(receiver);
    passing(mailer.send(&mail("one")).await);
}
