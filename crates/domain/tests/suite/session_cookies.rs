//! Session cookies and, when switched on, bearer tokens.

use domain::{Renewal, Secret, Settings};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, settings, with_bearer};

const SIGNATURE: usize = 44;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn cookie_opens_the_session_it_was_made_for(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    for name in ["ada", "grace"] {
        let signed_in = book.reader(name).await;
        let cookie = book.services.sessions.cookie_value(&signed_in.session.id);
        let (token, signature) = cookie.split_once('.').unwrap();
        assert_eq!(token, signed_in.session.id.replace('-', ""), "{name:?}");
        assert_eq!(signature.len(), SIGNATURE, "standard base64 of 32 bytes, padded");
        let presented = book.services.sessions.read_cookie(&cookie).unwrap();
        assert_eq!(presented.id(), signed_in.session.id, "{name:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn altered_cookie_opens_no_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let id = &signed_in.session.id;
    for settings in [settings(), with_bearer()] {
        let sessions = &book.restarted(settings).await.sessions;
        let cookie = sessions.cookie_value(id);
        let (token, signature) = cookie.split_once('.').unwrap();
        for length in 0..cookie.len() {
            assert!(sessions.read_cookie(&cookie[..length]).is_none(), "cut to {length}");
        }
        for at in 0..cookie.len() {
            let mut bytes = cookie.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert!(sessions.read_cookie(&tampered).is_none(), "changed at {at}: {tampered}");
        }
        let other = Secret::new("another secret of thirty-two characters".into());
        let upper = token.to_uppercase();
        for wrong in [
            String::new(),
            ".".into(),
            "..".into(),
            format!(".{signature}"),
            format!("{token}."),
            format!("{token}{signature}"),
            format!("{token}.{}", other.sign(token)),
            format!("{token}.{}", signature.trim_end_matches('=')),
            format!("{id}.{signature}"),
            format!("{cookie} "),
            format!(" {cookie}"),
            format!("{cookie}.{signature}"),
            cookie.to_uppercase(),
            cookie.replace('=', "%3D"),
            // Signed, but not the form of a handle.
            sessions.signed_value(&upper),
            sessions.signed_value(id),
            sessions.signed_value(&token[..31]),
            sessions.signed_value(&format!("{}ü", &token[..31])),
            sessions.signed_value(&format!("{{{}", &token[..31])),
            sessions.signed_value("true"),
            sessions.signed_value(""),
        ] {
            assert!(sessions.read_cookie(&wrong).is_none(), "{wrong}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_10_a_signed_but_unknown_handle_opens_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let sessions = &book.services.sessions;
    let unknown = sessions.signed_value("00000000000000000000000000000000");
    let presented = sessions.read_cookie(&unknown).unwrap();
    assert!(sessions.resolve(&presented, Renewal::Now).await.unwrap().is_none());
    assert_eq!(book.count("bookplate_sessions").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_opens_a_session_only_when_bearer_sessions_are_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_bearer()).await;
    let signed_in = book.reader("ada").await;
    let id = &signed_in.session.id;
    let on = &book.services.sessions;
    let off = book.restarted(settings()).await.sessions;
    assert!(on.bearer_enabled() && !off.bearer_enabled());
    for bearer in [on.token(id), on.cookie_value(id), off.cookie_value(id)] {
        let presented = on.read_bearer(&bearer).unwrap();
        assert!(on.resolve(&presented, Renewal::Never).await.unwrap().is_some(), "{bearer}");
        assert!(off.read_bearer(&bearer).is_none(), "{bearer}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_14_a_handle_alone_is_no_bearer_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_bearer()).await;
    let sessions = &book.services.sessions;
    let (one, other) = (book.reader("ada").await, book.reader("grace").await);
    let (token, foreign) = (sessions.token(&one.session.id), sessions.token(&other.session.id));
    assert_eq!(token.len(), 64);
    let (handle, key) = token.split_at(32);
    assert_eq!(handle, one.session.id.replace('-', ""));
    for length in 0..token.len() {
        assert!(sessions.read_bearer(&token[..length]).is_none(), "cut to {length}");
    }
    for wrong in [
        one.session.id.clone(),
        format!("{handle}{}", &foreign[32..]),
        format!("{handle}{handle}"),
        format!("{handle}{}", key.to_uppercase()),
        format!("{}{key}", handle.to_uppercase()),
        format!("{}{key}", one.session.id),
        format!("{token}0"),
        format!("{token}."),
        format!("{handle}{}", one.session.record_id),
        format!("{}ü{key}", &handle[..31]),
        key.to_owned(),
    ] {
        assert!(sessions.read_bearer(&wrong).is_none(), "{wrong}");
    }
    // The key follows from the secret.
    let secret = std::sync::Arc::new(Secret::new("another secret of thirty-two characters".into()));
    let stranger = book.restarted(Settings { secret, ..with_bearer() }).await.sessions;
    assert!(stranger.read_bearer(&token).is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn switching_bearer_sessions_on_or_off_keeps_cookies_valid(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let id = &signed_in.session.id;
    let off = &book.services.sessions;
    let on = book.restarted(with_bearer()).await.sessions;
    assert_ne!(on.cookie_value(id), off.cookie_value(id));
    for cookie in [on.cookie_value(id), off.cookie_value(id)] {
        for sessions in [&on, off] {
            let presented = sessions.read_cookie(&cookie).unwrap();
            assert_eq!(presented.id(), *id);
            assert!(sessions.resolve(&presented, Renewal::Never).await.unwrap().is_some());
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn session_survives_a_restart(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let cookie = book.services.sessions.cookie_value(&signed_in.session.id);
    let later = book.restarted(settings()).await.sessions;
    let presented = later.read_cookie(&cookie).unwrap();
    let resolved = later.resolve(&presented, Renewal::WhenDue).await.unwrap().unwrap();
    assert_eq!(resolved.signed_in.user.email, "ada@example.com");
}
