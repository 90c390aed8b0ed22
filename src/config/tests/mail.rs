//! The destination and sender of mail.

use super::{Folder, assert_refused, load, public, refused};
use crate::config::{Mail, MailApi, MailProvider, MailServer, SmtpUrl};

const MAIL_URL: &str = "BOOKPLATE_MAIL_URL";

fn smtp(url: &str) -> SmtpUrl {
    match load(&[(MAIL_URL, url)]).unwrap().mail.server {
        Some(MailServer::Smtp(url)) => url,
        other => panic!("{url}: {other:?}"),
    }
}

fn api(url: &str) -> MailApi {
    match load(&[(MAIL_URL, url)]).unwrap().mail.server {
        Some(MailServer::Api(api)) => api,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn an_api_url_names_a_provider_a_key_and_an_endpoint() {
    use MailProvider::{Brevo, Own, Postmark, Resend};
    for (url, provider, key, endpoint) in [
        ("resend://re_Kf93jd_o2kLmZ", Resend, "re_Kf93jd_o2kLmZ", "https://api.resend.com/emails"),
        ("RESEND://re_Kf93jd_o2kLmZ/", Resend, "re_Kf93jd_o2kLmZ", "https://api.resend.com/emails"),
        (
            "postmark://1f2e3d4c-aaaa-bbbb-cccc-0123456789ab",
            Postmark,
            "1f2e3d4c-aaaa-bbbb-cccc-0123456789ab",
            "https://api.postmarkapp.com/email",
        ),
        ("brevo://xkeysib-0a1b-2C3D", Brevo, "xkeysib-0a1b-2C3D", "https://api.brevo.com/v3/smtp/email"),
        ("resend://re_a%2Fb%40c@eu.example.org", Resend, "re_a/b@c", "https://eu.example.org/emails"),
        ("brevo://xkeysib-1@localhost:8080", Brevo, "xkeysib-1", "http://localhost:8080/v3/smtp/email"),
        (
            "https://s3cr%40t-key@book.example.org/hooks/mail?a=b",
            Own,
            "s3cr@t-key",
            "https://book.example.org/hooks/mail?a=b",
        ),
        ("http://s3cret-key@127.0.0.1:9000/mail", Own, "s3cret-key", "http://127.0.0.1:9000/mail"),
    ] {
        let api = api(url);
        assert_eq!(
            (api.provider, api.key.as_str(), api.endpoint.as_str()),
            (provider, key, endpoint),
            "{url}"
        );
        assert!(!format!("{api:?}").contains(key), "{api:?}");
    }
}

#[test]
fn an_unusable_api_url_is_refused_and_not_shown() {
    let (key, none, plain) = ("it has no key", "no address of a mail server", "anyone on the way can read");
    assert_refused(&[
        (MAIL_URL, "resend://", key),
        (MAIL_URL, "resend://short", key),
        (MAIL_URL, "postmark://two words12", key),
        (MAIL_URL, "brevo://xkeysib-1@", none),
        (MAIL_URL, "brevo://xkeysib-1@host/path", none),
        (MAIL_URL, "https://book.example.org/hooks/mail", key),
        (MAIL_URL, "https://user:password1@book.example.org/hooks/mail", none),
        (MAIL_URL, "https://s3cret-key@book.example.org/mail#x", none),
        (MAIL_URL, "http://s3cret-key@book.example.org/mail", plain),
        (MAIL_URL, "mailgun://s3cret-key", none),
    ]);
    let shown = refused(&[(MAIL_URL, "http://s3cret-key@book.example.org/mail")]);
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_port_of_the_other_kind_of_tls_is_refused_with_the_form_that_is_meant() {
    assert_refused(&[
        (MAIL_URL, "smtps://mail.example.org:587", "Write smtp://mail.example.org:587"),
        (MAIL_URL, "smtps://mail.example.org:25", "Write smtp://mail.example.org:25"),
        (MAIL_URL, "smtps://mail.example.org:2525", "Write smtp://mail.example.org:2525"),
        (MAIL_URL, "smtps://mail.example.org:2587", "Write smtp://mail.example.org:2587"),
        (MAIL_URL, "smtp://mail.example.org:465", "Write smtps://mail.example.org:465"),
        (MAIL_URL, "smtp://mail.example.org:2465", "Write smtps://mail.example.org:2465"),
        ("BOOKPLATE_SMTP_URL", "smtp://mail.example.org:465", "Write smtps://mail.example.org:465"),
        (
            MAIL_URL,
            "smtps://ada:hunter2@mail.example.org:587",
            "Write smtp://user:password@mail.example.org:587",
        ),
    ]);
    let shown = refused(&[(MAIL_URL, "smtps://ada:hunter2@mail.example.org:587")]);
    assert!(!shown.contains("hunter2"), "{shown}");
    for fits in
        ["smtps://h.example:465", "smtp://h.example:587", "smtp://h.example:25", "smtps://h.example:4650"]
    {
        smtp(fits);
    }
}

#[test]
fn the_name_and_its_older_one_together_are_refused() {
    for other in ["smtps://mail.example.org", "smtp://other.example.org"] {
        let error = refused(&[(MAIL_URL, "smtps://mail.example.org"), ("BOOKPLATE_SMTP_URL", other)]);
        assert_eq!(
            error,
            "BOOKPLATE_MAIL_URL: BOOKPLATE_MAIL_URL and its older name BOOKPLATE_SMTP_URL both say where mail goes. Keep \
             BOOKPLATE_MAIL_URL and remove BOOKPLATE_SMTP_URL."
        );
    }
}

#[test]
fn tls_can_be_left_out_on_a_private_network_alone() {
    let off = ("BOOKPLATE_MAIL_TLS", "off");
    for host in
        ["relay", "relay.internal.example", "10.1.2.3", "192.168.0.4", "100.64.0.9", "[fd00::1]", "127.0.0.1"]
    {
        let config = load(&[(MAIL_URL, &format!("smtp://{host}:25")), off]).unwrap();
        assert!(config.mail.tls.off, "{host}");
        assert!(!config.warnings.iter().any(|it| it.contains("in the clear")), "{:?}", config.warnings);
    }
    assert!(!load(&[(MAIL_URL, "smtp://relay:25")]).unwrap().mail.tls.off);
    let warnings = load(&[(MAIL_URL, "smtp://ada:hunter2@relay:25"), off]).unwrap().warnings;
    assert!(warnings.iter().any(|it| it.contains("in the clear") && !it.contains("hunter2")), "{warnings:?}");
    for (url, words) in [
        ("smtps://relay:465", "TLS from the first byte"),
        ("smtp://203.0.113.9:25", "no address of a private network"),
        ("smtp://[2001:db8::1]:25", "no address of a private network"),
        ("resend://re_Kf93jd_o2kLmZ", "mail goes over HTTPS"),
    ] {
        let error = refused(&[(MAIL_URL, url), off]);
        assert!(error.starts_with("BOOKPLATE_MAIL_TLS: ") && error.contains(words), "{url}: {error}");
    }
}

#[test]
fn an_authority_of_ones_own_is_read_from_a_pem_file() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let folder = Folder::with(&[
        ("ca.pem", pem),
        ("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    ]);
    let url = (MAIL_URL, "smtps://mail.example.org");
    let config = folder.load(&[url, ("BOOKPLATE_MAIL_CA", "ca.pem")]).unwrap();
    assert_eq!(config.mail.tls.authorities, Some(pem.as_bytes().to_vec()));
    let error = folder.load(&[url, ("BOOKPLATE_MAIL_CA", "key.pem")]).unwrap_err().to_string();
    assert!(error.contains("holds no certificate"), "{error}");
}

fn mail_of(variables: &[(&str, &str)]) -> Mail {
    load(variables).unwrap().mail
}

#[test]
fn an_smtp_url_names_host_port_and_tls_mode() {
    for (url, host, port, implicit_tls, loopback) in [
        ("smtp://mail.example.org", "mail.example.org", 587, false, false),
        ("smtp://Mail.Example.org:25/", "mail.example.org", 25, false, false),
        ("smtp://192.0.2.1:2525", "192.0.2.1", 2525, false, false),
        ("smtp://localhost.example.org", "localhost.example.org", 587, false, false),
        ("smtp://[2001:db8::1]", "2001:db8::1", 587, false, false),
        ("smtps://mail.example.org", "mail.example.org", 465, true, false),
        ("smtps://localhost:4650", "localhost", 4650, true, true),
        ("smtp://LOCALHOST:1025", "localhost", 1025, false, true),
        ("smtp://mail.localhost:25", "mail.localhost", 25, false, true),
        ("smtp://127.0.0.9:25", "127.0.0.9", 25, false, true),
        ("smtp://[::1]:25", "::1", 25, false, true),
    ] {
        let url = smtp(url);
        assert_eq!((url.host(), url.port()), (host, port), "{url:?}");
        assert_eq!((url.is_implicit_tls(), url.is_loopback()), (implicit_tls, loopback), "{url:?}");
        assert_eq!(url.credentials(), None);
    }
}

#[test]
fn user_and_password_are_decoded_and_not_shown() {
    let url = smtp("smtps://ada%40example.org:hun%3Ater%2F2%C3%A9@mail.example.org");
    assert_eq!(url.credentials(), Some(("ada@example.org", "hun:ter/2é")));
    assert_eq!(format!("{url:?}"), "smtps://mail.example.org:465");
}

#[test]
fn an_unusable_smtp_url_is_refused() {
    let problem = "no address of a mail server";
    assert_refused(&[
        ("BOOKPLATE_MAIL_URL", "smtp://", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://user@mail.example.org", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://:password@mail.example.org", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://mail.example.org?tls=required", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://mail.example.org/path", problem),
        ("BOOKPLATE_MAIL_URL", "smtps://u:%FF@mail.example.org", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://mail.example.org:0", problem),
        ("BOOKPLATE_MAIL_URL", "smtp://mail%0aexample.org", problem),
    ]);
}

#[test]
fn the_default_sender_is_the_book() {
    let folder = Folder::with(&[("bookplate.toml", "[book]\nname = \"Tea, at sea\"\n")]);
    let from = |variables: &[(&str, &str)]| folder.load(variables).unwrap().mail.from;
    let own = from(&public(&[]));
    assert_eq!(
        (own.name.as_deref(), own.email.to_string().as_str()),
        (Some("Tea, at sea"), "accounts@accounts.example.org")
    );
    assert_eq!(from(&[]).email.to_string(), "accounts@localhost");
    for (given, name, address) in [
        ("post@example.org", None, "post@example.org"),
        ("<post@example.org>", None, "post@example.org"),
        ("The Book <post@example.org>", Some("The Book"), "post@example.org"),
        ("\"Kant, Immanuel\" <post@example.org>", Some("Kant, Immanuel"), "post@example.org"),
        ("Kant, Immanuel <post@example.org>", Some("Kant, Immanuel"), "post@example.org"),
    ] {
        let from = from(&public(&[("BOOKPLATE_MAIL_FROM", given)]));
        assert_eq!((from.name.as_deref(), from.email.to_string().as_str()), (name, address), "{given}");
    }
}

#[test]
fn security_06_a_sender_that_could_add_a_header_is_refused() {
    assert_refused(&[
        ("BOOKPLATE_MAIL_FROM", "Book\r\nBcc: all@example.org <post@example.org>", "cannot come from this"),
        ("BOOKPLATE_MAIL_FROM", "post@example.org\r\nBcc: all@example.org", "cannot come from this"),
        ("BOOKPLATE_MAIL_FROM", "Book", "Write an address"),
        ("BOOKPLATE_MAIL_FROM", "Book <post@example.org", "Write an address"),
        ("BOOKPLATE_MAIL_FROM", "post@", "Write an address"),
    ]);
}

#[test]
fn on_this_machine_the_outbox_is_beside_the_database() {
    let folder = Folder::new();
    let outbox = |variables: &[(&str, &str)]| folder.load(variables).unwrap().mail.outbox;
    assert_eq!(outbox(&[]), Some(folder.path("data/outbox.jsonl")));
    assert_eq!(outbox(&[("DATABASE_URL", "sqlite://here/book.db")]), Some(folder.path("here/outbox.jsonl")));
    let postgres = [("DATABASE_URL", "postgres://db/books"), ("BOOKPLATE_SECRET", super::SECRET)];
    assert_eq!(outbox(&postgres), Some(folder.path("data/outbox.jsonl")));
    assert_eq!(outbox(&[("BOOKPLATE_OUTBOX", "mail.jsonl")]), Some(folder.path("mail.jsonl")));
    assert!(!folder.path("data/outbox.jsonl").exists(), "loading the configuration writes no mail");
}

#[test]
fn a_public_bookplate_without_a_mail_server_logs_what_does_not_work() {
    let config = load(&public(&[])).unwrap();
    assert!(!config.mail.is_sent());
    assert!(config.warnings.iter().any(|it| it.starts_with("No mail is sent: ")), "{:?}", config.warnings);

    let config = load(&public(&[("BOOKPLATE_OUTBOX", "mail.jsonl")])).unwrap();
    assert!(config.mail.is_sent());
    assert!(
        config.warnings.iter().any(|it| it.starts_with("Mail reaches nobody: ")),
        "{:?}",
        config.warnings
    );

    let config = load(&public(&[("BOOKPLATE_MAIL_URL", "smtps://u:p@mail.example.org")])).unwrap();
    assert!(config.mail.is_sent() && config.mail.outbox.is_none());
    assert!(!config.warnings.iter().any(|it| it.contains("ail")), "{:?}", config.warnings);
}

#[test]
fn a_mail_server_wins_over_an_outbox() {
    let both = [("BOOKPLATE_MAIL_URL", "smtp://localhost:1025"), ("BOOKPLATE_OUTBOX", "mail.jsonl")];
    let mail = mail_of(&both);
    assert!(mail.server.is_some() && mail.outbox.is_none());
    let warnings = load(&both).unwrap().warnings;
    assert!(warnings.iter().any(|it| it.starts_with("BOOKPLATE_OUTBOX is not used")), "{warnings:?}");
}
