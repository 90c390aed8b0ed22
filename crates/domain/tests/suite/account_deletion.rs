//! Account deletion.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    CheckPasswordError, ClientInfo, DeleteAccount, DeleteAccountError, DeleteAccountOutcome, SignInError,
    SignedIn,
    contract::{Code, Problem, Problems},
    link_ttl,
};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, DAY, PASSWORD, attempt, entered, sign_in, sign_up, strict};

fn by_password(password: &str) -> DeleteAccount {
    DeleteAccount { password: Some(attempt(password)), ..DeleteAccount::default() }
}

fn by_token(token: &str) -> DeleteAccount {
    DeleteAccount { token: Some(token.into()), ..DeleteAccount::default() }
}

async fn deletes(
    book: &Book,
    command: DeleteAccount,
    signed_in: &SignedIn,
) -> Result<DeleteAccountOutcome, DeleteAccountError> {
    book.services.accounts.delete(command, signed_in, &ClientInfo::default()).await
}

async fn exists(book: &Book, signed_in: &SignedIn) -> bool {
    book.database.find_user(&signed_in.user.id).await.unwrap().is_some()
}

/// A reader whose address is proved, where that is asked for.
async fn proved(book: &Book, name: &str) -> SignedIn {
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up(name), &visit).await.unwrap();
    let token = book.token_in("verify-email").await;
    book.services.accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    let signed_in = book.enters(name, &visit).await;
    book.mail().await;
    signed_in
}

async fn deletion_link(book: &Book, signed_in: &SignedIn) -> String {
    let command = DeleteAccount { callback: "/gone".into(), ..DeleteAccount::default() };
    assert_eq!(deletes(book, command, signed_in).await.unwrap(), DeleteAccountOutcome::ByMail);
    book.token_in("delete-account").await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_account_deletion_removes_everything_at_once_and_is_mailed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let visit = book.browser();
    let ada = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    let other = book.enters("ada", &visit).await;
    let grace = book.reader("grace").await;
    let token = book.services.tokens.issue(&ada, None).unwrap();
    let email = crate::fixtures::book::email("ada");
    book.services.accounts.request_password_reset(&email, "/", &visit).await.unwrap();
    book.mail().await;
    book.services
        .accounts
        .send_verification(&email, "/", Some(&ada.user), &ClientInfo::default())
        .await
        .unwrap();

    assert_eq!(deletes(&book, by_password(PASSWORD), &ada).await.unwrap(), DeleteAccountOutcome::Now);
    assert!(!book.lives(&ada).await && !book.lives(&other).await);
    assert!(book.services.tokens.verify(&token).await.is_err());
    for record in [ada.user.id.as_str(), "ada@example.com", &ada.session.id, &other.session.record_id] {
        assert_eq!(book.database.rows_holding(record).await, Vec::<String>::new(), "{record}");
    }
    assert!(book.lives(&grace).await);
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
    assert_eq!(book.count("bookplate_mails").await, 0, "what was still to be written is not");
    let gone = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(matches!(gone, Err(SignInError::WrongCredentials)), "{gone:?}");
    book.reader("ada").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_27_the_wrong_password_deletes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    for _ in 0..10 {
        let refused = deletes(&book, by_password("not the password"), &signed_in).await.unwrap_err();
        assert_eq!(Problems::from(refused), Problem::on(Code::InvalidPassword, "password").into());
    }
    let refused = deletes(&book, by_password(PASSWORD), &signed_in).await;
    let Err(DeleteAccountError::Password(CheckPasswordError::TooMany { .. })) = refused else {
        panic!("guesses are counted: {refused:?}")
    };
    assert!(exists(&book, &signed_in).await && book.lives(&signed_in).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deletion_without_a_password_needs_a_fresh_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(DAY);
    let stale = deletes(&book, DeleteAccount::default(), &signed_in).await.unwrap_err();
    assert!(matches!(stale, DeleteAccountError::NotFresh), "{stale:?}");
    assert_eq!(Problems::from(stale), Problem::new(Code::SessionExpired).into());
    // Being renewed does not make it fresh.
    let renewed = book.resolve(&signed_in, domain::Renewal::Now).await.unwrap().signed_in;
    assert!(matches!(
        deletes(&book, DeleteAccount::default(), &renewed).await,
        Err(DeleteAccountError::NotFresh)
    ));
    assert!(exists(&book, &signed_in).await);
    book.ports.clock.advance_seconds(-1);
    assert_eq!(
        deletes(&book, DeleteAccount::default(), &signed_in).await.unwrap(),
        DeleteAccountOutcome::Now
    );
    assert!(!exists(&book, &signed_in).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn required_verification_deletes_by_a_mailed_link(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let signed_in = proved(&book, "ada").await;
    assert_eq!(
        deletes(&book, by_password(PASSWORD), &signed_in).await.unwrap(),
        DeleteAccountOutcome::ByMail
    );
    let older = book.token_in("delete-account").await;
    let token = deletion_link(&book, &signed_in).await;
    assert!(exists(&book, &signed_in).await);
    assert!(matches!(
        deletes(&book, by_token(&older), &signed_in).await,
        Err(DeleteAccountError::InvalidToken)
    ));
    book.ports.clock.advance_seconds(link_ttl::DELETE);
    assert!(matches!(
        deletes(&book, by_token(&token), &signed_in).await,
        Err(DeleteAccountError::InvalidToken)
    ));
    book.ports.clock.advance_seconds(-1);
    assert_eq!(deletes(&book, by_token(&token), &signed_in).await.unwrap(), DeleteAccountOutcome::Now);
    assert!(!exists(&book, &signed_in).await);
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_the_link_of_another_user_is_not_consumed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let (ada, grace) = (proved(&book, "ada").await, proved(&book, "grace").await);
    let token = deletion_link(&book, &ada).await;
    let before = book.database.rows().await;
    for wrong in [token.as_str(), "", "unknown"] {
        let refused = deletes(&book, by_token(wrong), &grace).await.unwrap_err();
        assert_eq!(Problems::from(refused), Problem::new(Code::InvalidDeletionToken).into(), "{wrong:?}");
    }
    assert_eq!(book.database.rows().await, before);
    book.services.accounts.delete_by_link(&token, &ada).await.unwrap();
    assert!(!exists(&book, &ada).await && exists(&book, &grace).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_one_of_ten_concurrent_deletions_with_a_link_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::with(database, strict()).await);
    let signed_in = proved(&book, "ada").await;
    let token = deletion_link(&book, &signed_in).await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (book, signed_in, token) = (book.clone(), signed_in.clone(), token.clone());
        tasks.spawn(async move {
            match book.services.accounts.delete_by_link(&token, &signed_in).await {
                Ok(_) => true,
                Err(DeleteAccountError::InvalidToken) => false,
                Err(other) => panic!("{other:?}"),
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|done| *done).count(), 1);
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deletion_event_names_nobody(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let device = domain::ClientMetadata { ip_address: "192.0.2.7".into(), user_agent: "Browser/1.0".into() };
    let visit = ClientInfo { device, ..ClientInfo::default() };
    let signed_in = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    let before = book.count("bookplate_events").await;
    assert_eq!(book.happened(&signed_in.user.id).await, [("sign-up".into(), "done".into())]);
    book.services.accounts.delete(by_password(PASSWORD), &signed_in, &visit).await.unwrap();
    assert_eq!(book.count("bookplate_events").await, before + 1);
    let nameless = "select count(*) from bookplate_events
        where user_id is null and ip_address is null and user_agent is null and kind in ('sign-up', 'deletion')";
    assert_eq!(book.database.number(nameless).await, 2);
    assert!(book.database.rows_holding("192.0.2.7").await.is_empty());
}
