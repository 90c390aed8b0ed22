//! The destination and sender of mail.

use super::{Folder, assert_refused, load, public};
use crate::config::{Mail, SmtpUrl};

fn smtp(url: &str) -> SmtpUrl {
    load(&[("BOOKPLATE_SMTP_URL", url)]).unwrap().mail.smtp_url.unwrap()
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
        ("BOOKPLATE_SMTP_URL", "smtp://", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://user@mail.example.org", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://:password@mail.example.org", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://mail.example.org?tls=required", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://mail.example.org/path", problem),
        ("BOOKPLATE_SMTP_URL", "smtps://u:%FF@mail.example.org", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://mail.example.org:0", problem),
        ("BOOKPLATE_SMTP_URL", "smtp://mail%0aexample.org", problem),
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

    let config = load(&public(&[("BOOKPLATE_SMTP_URL", "smtps://u:p@mail.example.org")])).unwrap();
    assert!(config.mail.is_sent() && config.mail.outbox.is_none());
    assert!(!config.warnings.iter().any(|it| it.contains("ail")), "{:?}", config.warnings);
}

#[test]
fn a_mail_server_wins_over_an_outbox() {
    let both = [("BOOKPLATE_SMTP_URL", "smtp://localhost:1025"), ("BOOKPLATE_OUTBOX", "mail.jsonl")];
    let mail = mail_of(&both);
    assert!(mail.smtp_url.is_some() && mail.outbox.is_none());
    let warnings = load(&both).unwrap().warnings;
    assert!(warnings.iter().any(|it| it.starts_with("BOOKPLATE_OUTBOX is not used")), "{warnings:?}");
}
