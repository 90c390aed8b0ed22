//! Requests from before a password change that complete after it, and what ends with the old password.

use domain::{ChangePassword, ClientInfo, DeleteAccount, DeleteAccountOutcome, SignIn, SignedIn};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, attempt, email, new_password, sign_in, strict};

const NEW: &str = "another good password";

async fn changes(book: &Book, signed_in: &SignedIn, visit: &ClientInfo, revoke_others: Option<bool>) {
    let command = ChangePassword { current: attempt(PASSWORD), new: new_password(NEW), revoke_others };
    book.services.accounts.change_password(command, signed_in, visit).await.unwrap();
}

async fn knows(book: &Book, user_id: &str, visit: &ClientInfo) -> bool {
    let command = SignIn { remember: false, ..sign_in("ada", NEW) };
    book.mail().await;
    let entered = book.services.accounts.sign_in(command, visit).await.unwrap();
    assert_eq!(entered.user.id, user_id);
    book.posted().await.is_empty()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_password_change_cancels_pending_email_changes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    let ask = async || {
        let wanted = email("lovelace");
        book.services.accounts.change_email(&wanted, "/", &signed_in, &ClientInfo::default()).await.unwrap();
    };
    ask().await;
    book.ports.clock.advance_seconds(1);
    changes(&book, &signed_in, &ClientInfo::default(), Some(false)).await;
    assert_eq!(book.posted().await, [("password-changed".into(), "ada@example.com".into())]);
    assert_eq!((book.count("bookplate_links").await, book.count("bookplate_mails").await), (0, 0));
    ask().await;
    assert_eq!(book.posted().await, [("verify-email".into(), "lovelace@example.com".into())], "after it");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_password_change_cancels_pending_deletions(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let visit = book.browser();
    book.services.accounts.sign_up(crate::fixtures::book::sign_up("ada"), &visit).await.unwrap();
    let token = book.token_in("verify-email").await;
    book.services.accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    let signed_in = book.enters("ada", &visit).await;
    let ask = async || {
        let asked = book.services.accounts.delete(DeleteAccount::default(), &signed_in, &visit).await;
        assert_eq!(asked.unwrap(), DeleteAccountOutcome::ByMail);
    };
    ask().await;
    book.ports.clock.advance_seconds(1);
    changes(&book, &signed_in, &visit, Some(false)).await;
    assert_eq!(book.posted().await, [("password-changed".into(), "ada@example.com".into())]);
    assert_eq!((book.count("bookplate_links").await, book.count("bookplate_mails").await), (0, 0));
    ask().await;
    assert_eq!(book.posted().await, [("delete-account".into(), "ada@example.com".into())], "after it");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_password_change_forgets_other_devices(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let (own, other) = (book.browser(), book.browser());
    book.enters("ada", &other).await;
    let signed_in = book.enters("ada", &own).await;
    changes(&book, &signed_in, &own, Some(true)).await;
    assert_eq!(book.count("bookplate_devices").await, 1);
    assert!(knows(&book, &signed_in.user.id, &own).await);
    assert!(!knows(&book, &signed_in.user.id, &other).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_reset_forgets_other_devices(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let (own, other) = (book.browser(), book.browser());
    for visit in [&own, &other] {
        book.enters("ada", visit).await;
    }
    book.services.accounts.request_password_reset(&email("ada"), "/", &own).await.unwrap();
    let token = book.token_in("reset-password").await;
    book.services.accounts.reset_password(&token, new_password(NEW), &own).await.unwrap();
    assert_eq!(book.count("bookplate_devices").await, 1);
    assert!(knows(&book, &signed_in.user.id, &own).await);
    assert!(!knows(&book, &signed_in.user.id, &other).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn keeping_other_sessions_keeps_their_devices(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let (own, other) = (book.browser(), book.browser());
    book.enters("ada", &other).await;
    let signed_in = book.enters("ada", &own).await;
    changes(&book, &signed_in, &own, Some(false)).await;
    for visit in [&own, &other] {
        assert!(knows(&book, &signed_in.user.id, visit).await, "{visit:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn twenty_most_recent_devices_are_known(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let browsers: Vec<ClientInfo> = (0..21).map(|_| book.browser()).collect();
    for visit in &browsers {
        book.ports.clock.advance_seconds(1000);
        book.enters("ada", visit).await;
    }
    assert_eq!(book.count("bookplate_devices").await, 20);
    book.mail().await;
    book.ports.clock.advance_seconds(3600);
    book.enters("ada", &browsers[1]).await;
    assert_eq!(book.posted().await, [], "the twentieth from last");
    book.enters("ada", &browsers[0]).await;
    assert_eq!(book.posted().await, [("new-device".into(), "ada@example.com".into())]);
}
