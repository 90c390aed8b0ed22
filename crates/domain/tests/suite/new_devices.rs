//! Mail about sign-ins on new devices.

use domain::{ClientInfo, ClientMetadata};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, sign_in, sign_up, with_new_secret};

const NEW: &str = "new-device";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn sign_in_on_a_new_device_is_mailed_and_on_a_known_device_is_not(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.reader("grace").await;
    book.mail().await;
    let device = ClientMetadata {
        ip_address: "192.0.2.7".into(),
        user_agent: "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
    };
    let visit = ClientInfo { device, ..book.browser() };
    book.enters("ada", &visit).await;
    let mails = book.mail().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].kind.as_str(), mails[0].to.as_str()), (NEW, "ada@example.com"));
    assert!(mails[0].text.contains("Firefox on Windows") && mails[0].text.contains("192.0.2.7"));
    assert_eq!(mails[0].link, None);

    for seconds in [60, 40_000_000] {
        book.ports.clock.advance_seconds(seconds);
        book.enters("ada", &visit).await;
        assert_eq!(book.posted().await, [], "known for good");
    }
    book.enters("grace", &visit).await;
    assert_eq!(book.posted().await, [(NEW.into(), "grace@example.com".into())], "new to another reader");
    book.enters("ada", &book.browser()).await;
    assert_eq!(book.posted().await, [(NEW.into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn sign_up_sends_no_new_device_mail(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    assert_eq!(book.posted().await, [("verify-email".into(), "ada@example.com".into())]);
    book.enters("ada", &visit).await;
    assert_eq!(book.posted().await, [], "it knows the browser");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn client_without_a_device_cookie_is_always_a_new_device(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    for _ in 0..2 {
        book.enters("ada", &ClientInfo::default()).await;
        assert_eq!(book.posted().await, [(NEW.into(), "ada@example.com".into())]);
    }
    assert_eq!(book.count("bookplate_devices").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_in_adds_no_known_device(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    let visit = book.browser();
    assert!(book.services.accounts.sign_in(sign_in("ada", "another password"), &visit).await.is_err());
    assert!(book.services.accounts.sign_up(sign_up("ada"), &visit).await.is_err());
    assert_eq!(book.posted().await, []);
    assert_eq!(book.count("bookplate_devices").await, 0);
    book.services.accounts.sign_in(sign_in("ada", PASSWORD), &visit).await.unwrap();
    assert_eq!(book.posted().await.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_13_an_altered_device_cookie_is_ignored(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let sessions = &book.services.sessions;
    let new = sessions.new_device();
    assert!(!new.was_sent() && new.needs_cookie(), "it has to be given to the browser");
    let value = sessions.device_value(&new);
    let brought = sessions.read_device(&value).unwrap();
    assert!(brought.was_sent() && !brought.needs_cookie());
    assert_eq!(sessions.device_value(&brought), value);
    assert_ne!(sessions.device_value(&sessions.new_device()), value);
    for length in 0..value.len() {
        assert!(sessions.read_device(&value[..length]).is_none(), "cut to {length}");
    }
    for at in 0..value.len() {
        let mut bytes = value.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let tampered = String::from_utf8(bytes).unwrap();
        assert!(sessions.read_device(&tampered).is_none(), "changed at {at}: {tampered}");
    }
    // One cookie cannot stand for another.
    let signed_in = book.reader("ada").await;
    let session = sessions.cookie_value(&signed_in.session.id);
    assert!(sessions.read_device(&session).is_none());
    assert!(sessions.read_cookie(&value).is_none());
    let (handle, _) = value.split_once('.').unwrap();
    assert!(sessions.read_device(&sessions.signed_value(handle)).is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn device_cookie_survives_a_secret_rotation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let visit = book.browser();
    book.enters("ada", &visit).await;
    book.mail().await;
    let value = book.services.sessions.device_value(visit.browser.as_ref().unwrap());
    let later = book.restarted(with_new_secret(true)).await;
    let browser = later.sessions.read_device(&value);
    assert!(browser.as_ref().is_some_and(domain::DeviceId::needs_cookie), "given anew");
    later
        .accounts
        .sign_in(sign_in("ada", PASSWORD), &ClientInfo { browser, ..ClientInfo::default() })
        .await
        .unwrap();
    assert_eq!(book.posted().await, [], "still known");
    let without = book.restarted(with_new_secret(false)).await;
    assert!(without.sessions.read_device(&value).is_none());
}
