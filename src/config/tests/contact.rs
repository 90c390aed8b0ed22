//! The contact of security.txt.

use super::*;

#[test]
fn the_contact_of_security_txt_is_a_mailto_or_https_uri() {
    for (value, expected) in [
        ("Security@Example.org", "mailto:security@example.org"),
        ("security+holes@example.org", "mailto:security%2Bholes@example.org"),
        ("mailto:security@example.org", "mailto:security@example.org"),
        ("mailto:security%2Bholes@example.org", "mailto:security%2Bholes@example.org"),
        ("https://example.org/security?lang=en", "https://example.org/security?lang=en"),
        ("https://example.org", "https://example.org/"),
    ] {
        assert_eq!(load(&[("BOOKPLATE_SECURITY_CONTACT", value)]).unwrap().security_contact, expected);
    }
}

#[test]
fn an_unusable_contact_is_refused() {
    for value in [
        "http://example.org/security",
        "example.org",
        "mailto:",
        "mailto:security",
        "mailto:a@example.org,b@example.org",
        "https://user:hunter2@example.org",
        "https:example.org",
        "https://",
        "https://example.org/a b",
        "security@example.org\nPolicy: https://evil.example",
        "https://example.org/\nPolicy:x",
        "Ada <ada@example.org>",
        "javascript:alert(1)",
    ] {
        assert_refused(&[(
            "BOOKPLATE_SECURITY_CONTACT",
            value,
            "nobody can be reached by this. Give an address",
        )]);
        assert!(!refused(&[("BOOKPLATE_SECURITY_CONTACT", value)]).contains("hunter2"));
    }
}

#[test]
fn the_default_contact_is_the_sender_of_mails_or_the_public_origin() {
    let contact = |more: &[(&str, &str)]| load(&public(more)).unwrap().security_contact;
    let smtp = ("BOOKPLATE_MAIL_URL", "smtps://mail.example.org");
    assert_eq!(contact(&[]), "https://accounts.example.org");
    assert_eq!(contact(&[("BOOKPLATE_OUTBOX", "mail.jsonl")]), "https://accounts.example.org");
    assert_eq!(contact(&[smtp]), "mailto:accounts@accounts.example.org");
    let from = ("BOOKPLATE_MAIL_FROM", "My Book <my+book@example.org>");
    assert_eq!(contact(&[smtp, from]), "mailto:my%2Bbook@example.org");
    let numbered = [("BOOKPLATE_URL", "https://192.0.2.1"), ("BOOKPLATE_SECRET", SECRET), smtp];
    assert_eq!(load(&numbered).unwrap().security_contact, "mailto:accounts@%5B192.0.2.1%5D");
}
