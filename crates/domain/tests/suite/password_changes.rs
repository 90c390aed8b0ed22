//! Change of a password with the current one.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    AccountRules, ChangePassword, ChangePasswordError, CheckPasswordError, ClientInfo, PasswordChanged,
    Settings, SignInError, SignedIn,
    contract::{Code, Problem, Problems},
};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, PASSWORD, attempt, new_password, settings, sign_in};

const NEW: &str = "another good password";

fn change(revoke_others: Option<bool>) -> ChangePassword {
    ChangePassword { current: attempt(PASSWORD), new: new_password(NEW), revoke_others }
}

async fn changes(book: &Book, signed_in: &SignedIn, revoke_others: Option<bool>) -> PasswordChanged {
    let visit = book.visit_with(signed_in);
    book.services.accounts.change_password(change(revoke_others), signed_in, &visit).await.unwrap()
}

async fn opens(book: &Book, password: &str) -> bool {
    match book.services.accounts.sign_in(sign_in("ada", password), &ClientInfo::default()).await {
        Ok(_) => true,
        Err(SignInError::WrongCredentials) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_changing_the_password_ends_every_other_session_and_rotates_this_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (own, other) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let stranger = book.reader("grace").await;
    book.ports.clock.advance_seconds(60);
    for revoke_others in [None, Some(true)] {
        let own = if revoke_others.is_none() {
            own.clone()
        } else {
            book.enters("ada", &ClientInfo::default()).await
        };
        let changed = changes(&book, &own, revoke_others).await;
        let session = changed.session.unwrap();
        assert_ne!(session.id, own.session.id, "{revoke_others:?}");
        assert!(session.remembered, "{revoke_others:?}");
        assert!(!book.lives(&own).await && !book.lives(&other).await, "{revoke_others:?}");
        assert!(book.lives(&SignedIn { session, user: changed.user }).await, "{revoke_others:?}");
        assert_eq!(book.services.sessions.list(&own.user.id).await.unwrap().len(), 1, "{revoke_others:?}");
        // Back to the first one, for the second round.
        book.database.arrange("delete from bookplate_limits").await;
        let back = book.services.accounts.sign_in(sign_in("ada", NEW), &ClientInfo::default()).await.unwrap();
        let again = ChangePassword { current: attempt(NEW), new: new_password(PASSWORD), revoke_others };
        book.services.accounts.change_password(again, &back, &ClientInfo::default()).await.unwrap();
    }
    assert!(book.lives(&stranger).await);
    let token = book.services.tokens.issue(&other, None).unwrap();
    assert!(book.services.tokens.verify(&token).await.is_err(), "nor does a token of an ended session live");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn other_sessions_are_kept_only_on_request(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (own, other) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let changed = changes(&book, &own, Some(false)).await;
    assert!(changed.session.is_none());
    assert!(book.lives(&own).await && book.lives(&other).await);
    assert!(opens(&book, NEW).await && !opens(&book, PASSWORD).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn compatibility_mode_keeps_other_sessions_by_default(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let accounts = AccountRules { reference_habits: true, ..settings().accounts };
    let book = Book::with(database, Settings { accounts, ..settings() }).await;
    let (own, other) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    assert!(changes(&book, &own, None).await.session.is_none());
    assert!(book.lives(&own).await && book.lives(&other).await);
    let again =
        ChangePassword { current: attempt(NEW), new: new_password(PASSWORD), revoke_others: Some(true) };
    let changed = book.services.accounts.change_password(again, &own, &ClientInfo::default()).await.unwrap();
    assert!(changed.session.is_some());
    assert!(!book.lives(&own).await && !book.lives(&other).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_08_changing_the_password_needs_the_current_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let without = ["bookplate_limits", "bookplate_events"];
    let before = book.rows_without(&without).await;
    for wrong in ["", "Quiet paper and ink", NEW] {
        let command = ChangePassword { current: attempt(wrong), ..change(None) };
        let refused =
            book.services.accounts.change_password(command, &signed_in, &ClientInfo::default()).await;
        let refused = refused.unwrap_err();
        let ChangePasswordError::Current(CheckPasswordError::WrongPassword) = refused else {
            panic!("{wrong:?}: {refused:?}")
        };
        assert_eq!(
            Problems::from(refused),
            Problem::on(Code::InvalidPassword, "currentPassword").into(),
            "{wrong:?}"
        );
    }
    assert_eq!(book.rows_without(&without).await, before);
    let refusals = book.happened(&signed_in.user.id).await;
    let refusals =
        refusals.iter().filter(|event| **event == ("password-change".into(), "wrong-password".into()));
    assert_eq!(refusals.count(), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_08_a_common_or_related_password_is_refused_and_nothing_changes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    for (wanted, code) in [
        ("Password1", Code::PasswordCompromised),
        ("ada@example.com", Code::PasswordTooWeak),
        ("The Book 1", Code::PasswordTooWeak),
    ] {
        let command = ChangePassword { new: new_password(wanted), ..change(None) };
        let refused =
            book.services.accounts.change_password(command, &signed_in, &ClientInfo::default()).await;
        assert_eq!(Problems::from(refused.unwrap_err()), Problem::on(code, "newPassword").into(), "{wanted}");
    }
    assert!(book.lives(&signed_in).await);
    assert!(opens(&book, PASSWORD).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_password_change_is_mailed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    let refused = ChangePassword { current: attempt(NEW), ..change(None) };
    assert!(
        book.services.accounts.change_password(refused, &signed_in, &ClientInfo::default()).await.is_err()
    );
    assert!(book.posted().await.is_empty());
    changes(&book, &signed_in, None).await;
    assert_eq!(book.posted().await, [("password-changed".into(), "ada@example.com".into())]);
    assert_eq!(
        book.happened(&signed_in.user.id).await.iter().filter(|(kind, _)| kind == "password-change").count(),
        2
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_password_change_invalidates_mailed_links(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let verify = book.token_in("verify-email").await;
    let email = crate::fixtures::book::email("ada");
    book.services.accounts.request_password_reset(&email, "/", &ClientInfo::default()).await.unwrap();
    let reset = book.token_in("reset-password").await;
    assert!(book.services.accounts.is_reset_link_valid(&reset).await.unwrap());
    // One that was asked for before the change and is written after it.
    book.services.accounts.request_password_reset(&email, "/", &ClientInfo::default()).await.unwrap();
    book.ports.clock.advance_seconds(1);
    changes(&book, &signed_in, Some(false)).await;
    assert!(!book.services.accounts.is_reset_link_valid(&reset).await.unwrap());
    assert!(book.services.accounts.verify_email(&verify, "/", None, &ClientInfo::default()).await.is_err());
    assert_eq!(book.posted().await, [("password-changed".into(), "ada@example.com".into())]);
    assert_eq!(book.count("bookplate_links").await, 0);
    // Asked for after it.
    book.services.accounts.request_password_reset(&email, "/", &ClientInfo::default()).await.unwrap();
    book.token_in("reset-password").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_concurrent_password_changes_succeeds(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    let signed_in = book.reader("ada").await;
    let mut tasks = JoinSet::new();
    for number in 0..10 {
        let (book, signed_in) = (book.clone(), signed_in.clone());
        tasks.spawn(async move {
            let new = format!("{NEW} {number}");
            let command = ChangePassword { new: new_password(&new), ..change(None) };
            match book.services.accounts.change_password(command, &signed_in, &ClientInfo::default()).await {
                Ok(_) => Some(new),
                Err(ChangePasswordError::Current(
                    CheckPasswordError::WrongPassword | CheckPasswordError::TooMany { .. },
                )) => None,
                Err(other) => panic!("{other:?}"),
            }
        });
    }
    let done: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1, "{done:?}");
    assert!(opens(&book, &done[0]).await);
    assert_eq!(book.services.sessions.list(&signed_in.user.id).await.unwrap().len(), 2, "rotated, and this");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn account_without_a_password_cannot_change_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.database.arrange("update bookplate_accounts set password_hash = null").await;
    let refused =
        book.services.accounts.change_password(change(None), &signed_in, &ClientInfo::default()).await;
    assert_eq!(Problems::from(refused.unwrap_err()), Problem::new(Code::CredentialAccountNotFound).into());
}
