use domain::Flash;
use testkit::{databases::TestDatabase, on_each_database};

use crate::book::{Book, settings};

on_each_database!(
    a_notice_is_told_once,
    a_notice_waits_for_its_own_browser,
    a_notice_outlives_a_restart,
    a_notice_goes_when_the_session_ends,
    a_notice_to_a_browser_whose_session_has_ended_revives_nothing,
);

async fn a_notice_is_told_once(database: TestDatabase) {
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

async fn a_notice_waits_for_its_own_browser(database: TestDatabase) {
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.session, book.reader("grace").await.session);
    book.services.sessions.browser_state(&ada).set(Flash::ProfileSaved).await;
    assert_eq!(book.services.sessions.browser_state(&grace).take().await, None);
    assert_eq!(book.services.sessions.browser_state(&ada).take().await, Some(Flash::ProfileSaved));
}

async fn a_notice_outlives_a_restart(database: TestDatabase) {
    let book = Book::open(database).await;
    let session = book.reader("ada").await.session;
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    let later = book.restarted(settings()).await.sessions;
    assert_eq!(later.browser_state(&session).take().await, Some(Flash::ProfileSaved));
}

async fn a_notice_goes_when_the_session_ends(database: TestDatabase) {
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let session = signed_in.session.clone();
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    book.signs_out(&signed_in).await;
    assert_eq!(book.services.sessions.browser_state(&session).take().await, None);
    assert_eq!(book.count("bookplate_session_records").await, 0);
}

async fn a_notice_to_a_browser_whose_session_has_ended_revives_nothing(database: TestDatabase) {
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
