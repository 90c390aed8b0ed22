use domain::Flash;
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, settings};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_is_shown_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let session = book.reader("ada").await.session;
    let page = || book.services.sessions.browser_state(&session);
    assert_eq!(page().take().await, None);
    page().set(Flash::ProfileSaved).await;
    page().set(Flash::ProfileSaved).await;
    assert_eq!(page().take().await, Some(Flash::ProfileSaved));
    assert_eq!(page().take().await, None);
    let same = page();
    same.set(Flash::ProfileSaved).await;
    assert_eq!(same.take().await, Some(Flash::ProfileSaved));
    assert_eq!((same.take().await, page().take().await), (None, None));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_belongs_to_one_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.session, book.reader("grace").await.session);
    book.services.sessions.browser_state(&ada).set(Flash::ProfileSaved).await;
    assert_eq!(book.services.sessions.browser_state(&grace).take().await, None);
    assert_eq!(book.services.sessions.browser_state(&ada).take().await, Some(Flash::ProfileSaved));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_survives_a_restart(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let session = book.reader("ada").await.session;
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    let later = book.restarted(settings()).await.sessions;
    assert_eq!(later.browser_state(&session).take().await, Some(Flash::ProfileSaved));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_is_deleted_with_its_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let session = signed_in.session.clone();
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    book.signs_out(&signed_in).await;
    assert_eq!(book.services.sessions.browser_state(&session).take().await, None);
    assert_eq!(book.count("bookplate_session_records").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_does_not_revive_an_ended_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let session = signed_in.session.clone();
    let open_page = book.services.sessions.browser_state(&session);
    assert_eq!(open_page.take().await, None, "its record is read");
    book.signs_out(&signed_in).await;
    open_page.set(Flash::ProfileSaved).await;
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    assert_eq!(book.count("bookplate_session_records").await, 0);
    assert!(!book.lives(&signed_in).await);
}
