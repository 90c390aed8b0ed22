//! The public origin and those trusted beside it.

use super::*;

#[test]
fn the_public_origin_is_written_as_browsers_write_it() {
    for (value, text, host, port, https) in [
        ("http://localhost:3001", "http://localhost:3001", "localhost", 3001, false),
        ("http://LOCALHOST/", "http://localhost", "localhost", 80, false),
        ("http://book.localhost:8080", "http://book.localhost:8080", "book.localhost", 8080, false),
        ("http://127.0.0.1:3001", "http://127.0.0.1:3001", "127.0.0.1", 3001, false),
        ("http://[::1]:3001", "http://[::1]:3001", "[::1]", 3001, false),
        ("https://localhost", "https://localhost", "localhost", 443, true),
    ] {
        let origin = load(&[("BOOKPLATE_URL", value)]).unwrap().origin;
        let got = (origin.as_str(), origin.host(), origin.port(), origin.is_https(), origin.is_loopback());
        assert_eq!(got, (text, host, port, https, true), "{value}");
    }
    let origin = load(&public(&[])).unwrap().origin;
    assert_eq!((origin.as_str(), origin.is_loopback()), ("https://accounts.example.org", false));
    let config =
        load(&[("BOOKPLATE_URL", "https://Bücher.example:443/"), ("BOOKPLATE_SECRET", SECRET)]).unwrap();
    assert_eq!(config.origin.as_str(), "https://xn--bcher-kva.example");
    assert_eq!(config.tokens.issuer, config.origin.as_str());
}

#[test]
fn an_unusable_public_origin_is_refused() {
    assert_refused(&[
        ("BOOKPLATE_URL", "accounts.example.org", "with its scheme"),
        ("BOOKPLATE_URL", "localhost:3001", "with its scheme"),
        ("BOOKPLATE_URL", "https:accounts.example.org", "with its scheme"),
        ("BOOKPLATE_URL", "ftp://accounts.example.org", "no web address"),
        ("BOOKPLATE_URL", "https://", "no web address"),
        ("BOOKPLATE_URL", "https://accounts.example.org/auth", "Write https://accounts.example.org;"),
        ("BOOKPLATE_URL", "http://localhost:3001/api/auth", "Write http://localhost:3001;"),
        ("BOOKPLATE_URL", "https://accounts.example.org/?a=b", "more than an origin"),
        ("BOOKPLATE_URL", "https://accounts.example.org/#top", "more than an origin"),
        ("BOOKPLATE_URL", "https://me:hunter2@accounts.example.org", "Leave them out"),
        ("BOOKPLATE_URL", "http://accounts.example.org", "Write https://"),
        ("BOOKPLATE_URL", "http://0.0.0.0:3001", "Write https://"),
        ("BOOKPLATE_URL", "http://localhost.example.org", "Write https://"),
        ("BOOKPLATE_URL", "http://notlocalhost", "Write https://"),
    ]);
}

#[test]
fn trusted_origins_are_reduced_to_origins_without_duplicates() {
    let list = "https://Book.example.org/docs/intro?x=1, https://book.example.org:443,,https://chat.example.org:8443/";
    let config = load(&public(&[("BOOKPLATE_TRUSTED_ORIGINS", list)])).unwrap();
    let expected =
        ["https://accounts.example.org", "https://book.example.org", "https://chat.example.org:8443"];
    assert_eq!(config.trusted_origins, expected);
    let json = r#"["https://book.example.org", "https://chat.example.org:8443"]"#;
    assert_eq!(load(&public(&[("CORS_ORIGINS", json)])).unwrap().trusted_origins, expected);
}

#[test]
fn a_book_in_development_is_trusted_while_bookplate_is_on_this_machine() {
    let trusted = |variables: &[(&str, &str)]| load(variables).unwrap().trusted_origins;
    let local = ["http://localhost:3001", "http://localhost:3000", "http://app.example.test"];
    assert_eq!(trusted(&[("BOOKPLATE_TRUSTED_ORIGINS", "http://app.example.test")]), local);
    assert_eq!(trusted(&public(&[])), ["https://accounts.example.org"]);
    let explicit = trusted(&public(&[("BOOKPLATE_TRUSTED_ORIGINS", "http://localhost:3000")]));
    assert_eq!(explicit, ["https://accounts.example.org", "http://localhost:3000"]);
}

#[test]
fn an_untrustworthy_origin_is_refused_with_the_reason() {
    let name = "BOOKPLATE_TRUSTED_ORIGINS";
    for (value, words) in [
        ("*", "anyone can get a host under a shared suffix"),
        ("https://*.vercel.app", "List each origin by its full name"),
        ("https://book-?.example.org", "is a pattern"),
        ("*.example.org", "is a pattern"),
        ("null", "is no web address"),
        ("myapp://", "is no web address"),
        ("book.example.org", "with its scheme"),
        ("https:\\\\book.example.org", "is no web address"),
        ("https://me@book.example.org", "Leave them out"),
        ("http://app.example.test", "plain http is for this machine alone"),
    ] {
        let error = refused(&public(&[(name, value)]));
        assert!(error.starts_with(name) && error.contains(words), "{value}: {error}");
    }
    let error = refused(&public(&[(name, "https://book.example.org,*,http://a.org")]));
    assert_eq!(error.lines().count(), 2, "each entry is checked: {error}");
}
