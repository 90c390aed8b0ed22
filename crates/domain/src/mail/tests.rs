//! Every mail as it is sent, and what foreign text may do to it.

use contract::Timestamp;
use proptest::prelude::*;

use super::{
    draft::sanitize,
    message::{BookLink, Link, MailBranding, MailMessage, MailTemplate},
};

/// 20 November 2026, 23:05:05 UTC.
const AT: Timestamp = Timestamp::from_millis(1_795_215_905_131);
const TOKEN: &str = "mT9wXq2VnB7kL4zR8cY1hQ";

fn branding() -> MailBranding {
    MailBranding {
        book: "Tea & <Proofs>".to_owned(),
        origin: "https://accounts.example.org".to_owned(),
        accent: "#c8781e".to_owned(),
        links: Vec::new(),
    }
}

fn link() -> Link {
    Link {
        url: format!(
            "https://accounts.example.org/api/auth/verify-email?token={TOKEN}&callbackURL=%2Faccount"
        ),
        token: TOKEN.to_owned(),
        code: None,
    }
}

fn link_with_code() -> Link {
    Link { code: Some("014159".to_owned()), ..link() }
}

fn templates() -> Vec<(&'static str, MailTemplate)> {
    let new_email = || "new@readers.example.com".to_owned();
    vec![
        ("verify_email", MailTemplate::VerifyEmail(link_with_code())),
        ("verify_email_without_a_code", MailTemplate::VerifyEmail(link())),
        ("reset_password", MailTemplate::ResetPassword(link())),
        ("confirm_email_change", MailTemplate::ConfirmEmailChange { link: link(), new_email: new_email() }),
        ("verify_new_email", MailTemplate::VerifyNewEmail(link_with_code())),
        ("delete_account", MailTemplate::DeleteAccount(link())),
        ("sign_up_attempt", MailTemplate::SignUpAttempt),
        ("password_changed", MailTemplate::PasswordChanged),
        ("email_changed", MailTemplate::EmailChanged { new_email: new_email() }),
        ("new_device", new_device("Firefox on Windows", "2001:db8::7")),
        ("account_deleted", MailTemplate::AccountDeleted),
        ("idle_account", MailTemplate::IdleAccount { deleted_at: AT.plus_seconds(30 * 86_400) }),
        ("idle_account_deleted", MailTemplate::IdleAccountDeleted),
        ("invitation", MailTemplate::Invitation { link: link(), expires_at: AT.plus_seconds(7 * 86_400) }),
    ]
}

fn new_device(device: &str, ip_address: &str) -> MailTemplate {
    MailTemplate::NewDevice { device: device.to_owned(), ip_address: ip_address.to_owned() }
}

fn render(template: &MailTemplate) -> MailMessage {
    branding()
        .render("0b0c7a52-6b7e-4c1d-9d57-3f6f5a1c2e11".to_owned(), "ada@example.org", template, AT)
        .unwrap()
}

#[test]
fn the_authors_pages_stand_under_every_mail() {
    let page = |label, url: &str| BookLink { label, url: url.to_owned() };
    let links =
        vec![page("Terms", "https://book.example.org/terms?a&b"), page("Support", "mailto:help@example.org")];
    let branding = MailBranding { links, ..branding() };
    for (name, template) in templates() {
        let mail = branding.render("id".to_owned(), "ada@example.org", &template, AT).unwrap();
        let text = "https://accounts.example.org\nTerms: https://book.example.org/terms?a&b\nSupport: \
                    help@example.org\n\n-- \n";
        assert!(mail.text.contains(text), "{name}: {}", mail.text);
        for part in [
            "href=\"https://book.example.org/terms?a&#38;b\"",
            "href=\"mailto:help@example.org\"",
            ">Support</a>",
        ] {
            assert!(mail.html.contains(part), "{name}: {part} {}", mail.html);
        }
    }
}

#[test]
fn every_mail_says_what_it_said_before() {
    for (name, template) in templates() {
        let mail = render(&template);
        insta::assert_snapshot!(
            format!("{name}_text"),
            format!("Subject: {}\n\n{}", mail.subject, mail.text)
        );
        insta::assert_snapshot!(format!("{name}_html"), mail.html);
    }
}

#[test]
fn a_mail_with_a_link_shows_it_whole_in_both_parts_and_says_how_long_it_works() {
    for (name, template) in templates() {
        let mail = render(&template);
        let Some(link) = mail.link else { continue };
        assert_eq!(mail.text.lines().filter(|line| *line == link.url).count(), 1, "{name}");
        assert_eq!(
            mail.html.matches(&link.url.replace('&', "&#38;")).count(),
            3,
            "{name}: button, link and its words"
        );
        assert!(mail.text.contains("The link works") && mail.html.contains("The link works"), "{name}");
    }
}

#[test]
fn a_mail_that_confirms_an_address_shows_the_code_and_where_it_goes_and_no_other_mail_does() {
    for (name, template) in templates() {
        let mail = render(&template);
        let code = mail.link.and_then(|link| link.code);
        let expected = ["verify_email", "verify_new_email"].contains(&name).then_some("014159");
        assert_eq!(code.as_deref(), expected, "{name}");
        for part in [&mail.text, &mail.html] {
            assert_eq!(part.contains("014159"), code.is_some(), "{name}");
            let page = "https://accounts.example.org/verify-email?code";
            assert_eq!(part.contains(page) && part.contains("1 hour"), code.is_some(), "{name}");
        }
        assert!(!mail.subject.contains("014159"), "{name}: a lock screen shows the subject");
    }
}

#[test]
fn security_24_a_notice_holds_no_token_and_says_what_to_do_if_it_was_somebody_else() {
    // Of an account that nobody uses, nobody has done anything.
    let notices = templates()
        .into_iter()
        .filter(|(name, template)| render(template).link.is_none() && !name.starts_with("idle_account"));
    let names: Vec<&str> = notices
        .map(|(name, template)| {
            let mail = render(&template);
            assert!(!mail.text.contains("token") && !mail.html.contains("token="), "{name}");
            for part in [&mail.text, &mail.html] {
                assert!(part.contains("was not you"), "{name}");
                assert!(part.contains("https://accounts.example.org/"), "{name}");
            }
            name
        })
        .collect();
    let expected = ["sign_up_attempt", "password_changed", "email_changed", "new_device", "account_deleted"];
    assert_eq!(names, expected);
}

#[test]
fn nothing_in_a_mail_is_fetched_when_it_is_opened() {
    for (name, template) in templates() {
        let html = render(&template).html.to_ascii_lowercase();
        for fetched in ["<img", "src=", "url(", "<link", "@import", "<script", "background=\"http"] {
            assert!(!html.contains(fetched), "{name}: {fetched}");
        }
    }
}

#[test]
fn a_mail_says_no_network_address_where_none_is_known() {
    let mail = render(&new_device("Unknown device", ""));
    assert!(!mail.text.contains("Network address") && !mail.html.contains("Network address"));
}

/// The tags of a document, without what stands in quotes.
fn tags(html: &str) -> Vec<String> {
    let pieces = html.split('<').skip(1);
    pieces
        .map(|piece| piece.chars().take_while(|c| c.is_ascii_alphanumeric() || "/!".contains(*c)).collect())
        .collect()
}

/// Text as an attacker would choose it.
fn foreign() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(vec![
        "<script>",
        "</p>",
        "\"",
        "'",
        "&lt;",
        "-->",
        "</style>",
        "\r\nBcc: x@y.z",
        "\n\n",
        "\u{202e}",
        "\0",
        "]]>",
        "\u{2028}",
    ]);
    let piece = prop_oneof![nasty.prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn security_06_foreign_words_add_no_tag_no_header_and_no_line_to_a_mail(words in foreign(), ip in foreign()) {
        let cases = [
            (MailTemplate::EmailChanged { new_email: words.clone() }, MailTemplate::EmailChanged { new_email: "x".into() }),
            (
                MailTemplate::ConfirmEmailChange { link: link(), new_email: words.clone() },
                MailTemplate::ConfirmEmailChange { link: link(), new_email: "x".into() },
            ),
            (new_device(&words, &format!("{ip}.")), new_device("x", "x")),
        ];
        for (attacked, plain) in cases {
            let (attacked, plain) = (render(&attacked), render(&plain));
            prop_assert_eq!(&attacked.subject, &plain.subject);
            prop_assert_eq!(tags(&attacked.html), tags(&plain.html));
            prop_assert_eq!(attacked.html.matches('"').count(), plain.html.matches('"').count());
            prop_assert_eq!(attacked.html.lines().count(), plain.html.lines().count());
            let unseen = attacked.text.contains(['\r', '\0', '\u{202e}', '\u{2028}']);
            prop_assert!(!unseen, "{:?}", attacked.text);
            for line in attacked.text.lines() {
                let whole = line.contains("https://") || !line.trim().contains(' ');
                prop_assert!(line.chars().count() <= 78 || whole, "{:?}", line);
            }
        }
    }

    #[test]
    fn security_06_the_name_of_the_book_stays_on_one_line_of_the_subject(words in foreign()) {
        let branding = MailBranding { book: words.clone(), ..branding() };
        for (name, template) in templates() {
            let mail = branding.render("id".to_owned(), "ada@example.org", &template, AT).unwrap();
            prop_assert!(!mail.subject.contains(char::is_control), "{}", name);
            prop_assert!(mail.subject.contains(&sanitize(&words)), "{}", name);
        }
    }
}
