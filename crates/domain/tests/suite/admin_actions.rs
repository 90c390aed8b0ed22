//! Reset links, bans and deletions by the operator.

use domain::{AdminError, ClientInfo, NewUser, SignInError, contract::PersonName};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, email, new_password, sign_in};

fn new(name: &str) -> NewUser {
    NewUser {
        email: email(name),
        name: PersonName::parse(name).unwrap(),
        password: Some(new_password(PASSWORD)),
        email_verified: true,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn account_without_a_password_gets_one_with_a_reset_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let without = NewUser { password: None, email_verified: false, ..new("ada") };
    let user = book.services.admin.create(without).await.unwrap();
    let shut = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(matches!(shut, Err(SignInError::WrongCredentials)), "{shut:?}");
    let token = book.services.admin.reset_token(&user).await.unwrap();
    assert!(book.services.accounts.is_reset_link_valid(&token).await.unwrap());
    book.services
        .accounts
        .reset_password(&token, new_password(PASSWORD), &ClientInfo::default())
        .await
        .unwrap();
    let entered = book.enters("ada", &ClientInfo::default()).await;
    assert!(!entered.user.email_verified, "whoever the operator gave it to need not have the mailbox");
    let events = book.happened(&user.id).await;
    assert_eq!(events.iter().filter(|(kind, _)| kind == "operator-link").count(), 1, "{events:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_ban_ends_every_session_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (first, second) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let grace = book.reader("grace").await;
    book.services.admin.ban(&first.user, Some("spam".into()), None).await.unwrap();
    assert!(!book.lives(&first).await && !book.lives(&second).await && book.lives(&grace).await);
    assert!(book.services.admin.access(&first.user).await.unwrap().sessions.is_empty());
    book.services.admin.unban(&first.user).await.unwrap();
    assert!(!book.lives(&first).await, "ended is ended");
    book.enters("ada", &ClientInfo::default()).await;
    let events = book.happened(&first.user.id).await;
    assert!(
        events.contains(&("ban".into(), "done".into())) && events.contains(&("unban".into(), "done".into()))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_user_is_notified_by_mail(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    book.services.admin.delete(&signed_in.user).await.unwrap();
    assert!(!book.lives(&signed_in).await);
    assert!(book.database.rows_holding(&signed_in.user.id).await.is_empty());
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
    let before = book.database.rows().await;
    for again in [
        book.services.admin.delete(&signed_in.user).await,
        book.services.admin.ban(&signed_in.user, None, None).await,
        book.services.admin.unban(&signed_in.user).await,
    ] {
        assert!(matches!(again, Err(AdminError::Unknown)), "{again:?}");
    }
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_operators_reset_link_invalidates_older_ones(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    book.mail().await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    let mailed = book.token_in("reset-password").await;
    let older = book.services.admin.reset_token(&user).await.unwrap();
    let newer = book.services.admin.reset_token(&user).await.unwrap();
    for (token, good) in [(&mailed, false), (&older, false), (&newer, true)] {
        assert_eq!(
            book.services.accounts.is_reset_link_valid(token).await.unwrap(),
            good,
            "{token:?} {good:?}"
        );
        assert!(book.database.rows_holding(token).await.is_empty(), "only its hash is stored");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_search_is_case_insensitive(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.services.admin.create(NewUser { name: PersonName::parse("Ada L").unwrap(), ..new("x") });
    let user = user.await.unwrap();
    for search in ["ada", "ADA", "X@EXAMPLE", "x@example"] {
        let found = book.services.admin.list("", search, 9).await.unwrap();
        assert_eq!(
            found.into_iter().map(|user| user.id).collect::<Vec<_>>(),
            std::slice::from_ref(&user.id),
            "{search}"
        );
    }
}
