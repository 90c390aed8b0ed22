//! Password reset by mail.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    ClientInfo, ResetPasswordError, SignInError, SignedIn,
    contract::{Code, Problem, Problems},
    link_ttl,
};
use testkit::{Work, databases::Kind};
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, PASSWORD, email, new_password, sign_in, strict};

const NEW: &str = "another good password";

async fn asks(book: &Book, name: &str) {
    book.services
        .accounts
        .request_password_reset(&email(name), "/done", &ClientInfo::default())
        .await
        .unwrap();
}

async fn token(book: &Book) -> String {
    asks(book, "ada").await;
    book.token_in("reset-password").await
}

async fn sets(book: &Book, token: &str, password: &str) -> Result<(), ResetPasswordError> {
    let client = ClientInfo::default();
    book.services.accounts.reset_password(token, new_password(password), &client).await.map(drop)
}

async fn is_good(book: &Book, token: &str) -> bool {
    book.services.accounts.is_reset_link_valid(token).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_reset_ends_every_session_and_verifies_the_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (one, other) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let stranger = book.reader("grace").await;
    let token = token(&book).await;
    book.mail().await;
    book.ports.clock.advance_seconds(60);
    sets(&book, &token, NEW).await.unwrap();
    assert!(!book.lives(&one).await && !book.lives(&other).await);
    assert!(book.lives(&stranger).await);
    assert_eq!(book.posted().await, [("password-changed".into(), "ada@example.com".into())]);
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(matches!(refused, Err(SignInError::WrongCredentials)), "{refused:?}");
    let back: SignedIn =
        book.services.accounts.sign_in(sign_in("ada", NEW), &ClientInfo::default()).await.unwrap();
    assert!(back.user.email_verified);
    let events = book.happened(&one.user.id).await;
    assert!(events.contains(&("password-reset".into(), "done".into())), "{events:?}");
}

/// Before any mail is written: the same rows, the same hashing, the same answer.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_requesting_a_reset_does_the_same_work_for_every_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await;
    book.mail().await;
    book.ports.clock.advance_seconds(1);
    let mut added = Vec::new();
    for name in ["ada", "nobody"] {
        let (events, mails) = (book.count("bookplate_events").await, book.count("bookplate_mails").await);
        let without = ["bookplate_events", "bookplate_mails"];
        let (before, work): (_, Work) = (book.rows_without(&without).await, book.ports.hasher.work());
        asks(&book, name).await;
        assert_eq!((book.rows_without(&without).await, book.ports.hasher.work()), (before, work), "{name}");
        let of_nobody = "select count(*) from bookplate_mails where user_id is not null";
        added.push((
            book.count("bookplate_events").await - events,
            book.count("bookplate_mails").await - mails,
            book.database.number(of_nobody).await,
        ));
    }
    assert_eq!(added, [(0, 1, 0), (0, 1, 0)]);
    assert_eq!(book.posted().await, [("reset-password".into(), "ada@example.com".into())]);
    assert_eq!(book.count("bookplate_mails").await, 0);
    // Recorded only now, when it is known whose address it was.
    let events = book.happened(&ada.user.id).await;
    assert_eq!(events.last(), Some(&("password-reset-request".into(), "done".into())));
    let of_nobody = "select count(*) from bookplate_events
        where kind = 'password-reset-request' and outcome = 'nobody' and user_id is null";
    assert_eq!(book.database.number(of_nobody).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_works_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    let token = token(&book).await;
    sets(&book, &token, NEW).await.unwrap();
    assert!(!is_good(&book, &token).await);
    let refused = sets(&book, &token, "yet another password").await.unwrap_err();
    assert_eq!(Problems::from(refused), Problem::new(Code::InvalidResetToken).into());
    book.services.accounts.sign_in(sign_in("ada", NEW), &ClientInfo::default()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_one_of_ten_concurrent_uses_of_a_link_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    book.reader("ada").await;
    book.mail().await;
    let token = token(&book).await;
    let mut tasks = JoinSet::new();
    for number in 0..10 {
        let (book, token) = (book.clone(), token.clone());
        tasks.spawn(async move {
            let wanted = format!("{NEW} {number}");
            match sets(&book, &token, &wanted).await {
                Ok(()) => Some(wanted),
                Err(ResetPasswordError::InvalidToken) => None,
                Err(other) => panic!("{other:?}"),
            }
        });
    }
    let done: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1, "{done:?}");
    book.services.accounts.sign_in(sign_in("ada", &done[0]), &ClientInfo::default()).await.unwrap();
    assert_eq!(book.posted().await.iter().filter(|(kind, _)| kind == "password-changed").count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_newer_link_invalidates_the_older(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.reader("grace").await;
    book.mail().await;
    asks(&book, "grace").await;
    let theirs = book.token_in("reset-password").await;
    let older = token(&book).await;
    let newer = token(&book).await;
    assert!(!is_good(&book, &older).await);
    assert!(is_good(&book, &newer).await && is_good(&book, &theirs).await);
    assert!(matches!(sets(&book, &older, NEW).await, Err(ResetPasswordError::InvalidToken)));
    sets(&book, &newer, NEW).await.unwrap();
    assert!(is_good(&book, &theirs).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_works_for_an_hour(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    let token = token(&book).await;
    book.ports.clock.advance_seconds(link_ttl::RESET - 1);
    assert!(is_good(&book, &token).await);
    book.ports.clock.advance_seconds(1);
    assert!(!is_good(&book, &token).await);
    assert!(matches!(sets(&book, &token, NEW).await, Err(ResetPasswordError::InvalidToken)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_neither_inspection_nor_a_refused_password_consumes_a_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    let token = token(&book).await;
    for _ in 0..3 {
        assert!(is_good(&book, &token).await);
    }
    for (wanted, code) in
        [("password", Code::PasswordCompromised), ("ada@example.com", Code::PasswordTooWeak)]
    {
        let refused = sets(&book, &token, wanted).await.unwrap_err();
        assert_eq!(Problems::from(refused), Problem::on(code, "newPassword").into());
    }
    book.ports.hasher.set_busy(true);
    assert!(matches!(sets(&book, &token, NEW).await, Err(ResetPasswordError::Failure(_))));
    book.ports.hasher.set_busy(false);
    sets(&book, &token, NEW).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_the_token_of_another_link_sets_no_password(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let verify = book.token_in("verify-email").await;
    let token = token(&book).await;
    let stored = book.database.rows_of("bookplate_links").await.join(" ");
    let hash = stored.split(|c: char| !c.is_ascii_hexdigit()).find(|part| part.len() == 64).unwrap();
    let mut flipped = token.clone();
    flipped.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    for wrong in [verify.as_str(), &flipped, hash, &format!("{token} "), &token[1..], "", "%"] {
        assert!(!is_good(&book, wrong).await, "{wrong:?}");
        let refused = sets(&book, wrong, NEW).await;
        assert!(matches!(refused, Err(ResetPasswordError::InvalidToken)), "{wrong:?}: {refused:?}");
    }
    assert!(is_good(&book, &token).await);
    book.services.accounts.verify_email(&verify, "/", None, &ClientInfo::default()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_a_reset_makes_its_device_known_so_that_guesses_do_not_lock_the_user_out(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.mail().await;
    for _ in 0..20 {
        let guess = book.services.accounts.sign_in(sign_in("ada", "not the password"), &book.browser()).await;
        assert!(guess.is_err());
    }
    let own = book.browser();
    let shut = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &own).await;
    assert!(matches!(shut, Err(SignInError::TooMany { .. })), "{shut:?}");
    let token = token(&book).await;
    book.services.accounts.reset_password(&token, new_password(NEW), &own).await.unwrap();
    book.services.accounts.sign_in(sign_in("ada", NEW), &own).await.unwrap();
    assert!(!book.posted().await.iter().any(|(kind, _)| kind == "new-device"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn password_reset_verifies_the_address(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    book.services
        .accounts
        .sign_up(crate::fixtures::book::sign_up("ada"), &ClientInfo::default())
        .await
        .unwrap();
    book.mail().await;
    let token = token(&book).await;
    sets(&book, &token, NEW).await.unwrap();
    assert_eq!(book.count("bookplate_sessions").await, 0, "a reset opens none");
    book.services.accounts.sign_in(sign_in("ada", NEW), &ClientInfo::default()).await.unwrap();
}
