//! Guessing of passwords.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    Ban, CheckPasswordError, ClientInfo, LimitSettings, Quota, Settings, SignInError, SignedIn,
    contract::{Code, Problem, Problems, Timestamp},
};
use testkit::databases::{Kind, TestDatabase};
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, PASSWORD, attempt, settings, sign_in};

const GUESSES: u32 = 4;
const WINDOW: u32 = 900;

async fn open(database: TestDatabase) -> Book {
    let password_attempts = Some(Quota { count: GUESSES, seconds: WINDOW });
    let limits = LimitSettings { password_attempts, ..LimitSettings::default() };
    Book::with(database, Settings { limits, ..settings() }).await
}

async fn guess(book: &Book, name: &str, visit: &ClientInfo) -> SignInError {
    book.services.accounts.sign_in(sign_in(name, "not the password"), visit).await.unwrap_err()
}

async fn guess_until_refused(book: &Book, name: &str, visit: &ClientInfo) -> u32 {
    for guesses in 0..100 {
        match guess(book, name, visit).await {
            SignInError::WrongCredentials => {}
            SignInError::TooMany { retry_after } => {
                assert_eq!(retry_after, WINDOW, "{guesses:?}");
                return guesses;
            }
            other => panic!("{other:?}"),
        }
    }
    100
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_guesses_at_one_account_are_refused_wherever_they_come_from(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    book.reader("ada").await;
    book.reader("grace").await;
    for _ in 0..GUESSES {
        assert!(matches!(guess(&book, "ada", &book.browser()).await, SignInError::WrongCredentials));
    }
    let refused = guess(&book, "ada", &book.browser()).await;
    assert!(matches!(refused, SignInError::TooMany { retry_after: WINDOW }), "{refused:?}");
    assert_eq!(Problems::from(refused), Problem::retry_in(Code::TooManyRequests, WINDOW).into());
    let work = book.ports.hasher.work();
    let right = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &book.browser()).await;
    assert!(matches!(right, Err(SignInError::TooMany { .. })), "not even the right one: {right:?}");
    assert_eq!(book.ports.hasher.work(), work, "and nothing is hashed for it");
    book.enters("grace", &ClientInfo::default()).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_24_an_attempt_over_the_limit_is_in_the_audit_log(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    let ada = book.reader("ada").await;
    for name in ["ada", "nobody"] {
        assert_eq!(guess_until_refused(&book, name, &book.browser()).await, GUESSES, "{name:?}");
    }
    let events = book.happened(&ada.user.id).await;
    let too_many = ("sign-in".to_owned(), "too-many-tries".to_owned());
    assert_eq!(events.iter().filter(|event| **event == too_many).count(), 1, "{events:?}");
    let of_nobody =
        "select count(*) from bookplate_events where outcome = 'too-many-tries' and user_id is null";
    assert_eq!(book.database.number(of_nobody).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_guesses_at_an_unknown_address_are_refused_alike(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    book.reader("ada").await;
    let known = guess_until_refused(&book, "ada", &book.browser()).await;
    let unknown = guess_until_refused(&book, "nobody", &book.browser()).await;
    assert_eq!((known, unknown), (GUESSES, GUESSES));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_concurrent_guesses_are_all_counted(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Arc::new(open(database).await);
    book.reader("ada").await;
    let before = book.ports.hasher.work().verified;
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let book = book.clone();
        tasks.spawn(async move {
            matches!(guess(&book, "ada", &book.browser()).await, SignInError::WrongCredentials)
        });
    }
    let compared = tasks.join_all().await.into_iter().filter(|compared| *compared).count();
    assert_eq!(compared, GUESSES as usize);
    assert_eq!(book.ports.hasher.work().verified - before, GUESSES as usize);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_guesses_from_other_browsers_do_not_lock_a_known_device_out(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    book.reader("ada").await;
    let own = book.browser();
    book.enters("ada", &own).await;
    guess_until_refused(&book, "ada", &book.browser()).await;
    guess_until_refused(&book, "ada", &ClientInfo::default()).await;
    book.enters("ada", &own).await;
    // Its own guesses are counted too, for themselves.
    assert_eq!(guess_until_refused(&book, "ada", &own).await, GUESSES);
    book.reader("grace").await;
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &book.browser()).await;
    assert!(matches!(refused, Err(SignInError::TooMany { .. })), "{refused:?}");
    // A browser that another reader is known by is a stranger here.
    let strange = book.browser();
    book.enters("grace", &strange).await;
    assert_eq!(guess_until_refused(&book, "ada", &strange).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_no_user_is_locked_out_for_good(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = open(database).await;
    book.reader("ada").await;
    guess_until_refused(&book, "ada", &ClientInfo::default()).await;
    // Strangers go on guessing all the while.
    for left in (1..9).rev() {
        book.ports.clock.advance_seconds(100);
        let refused = guess(&book, "ada", &ClientInfo::default()).await;
        let SignInError::TooMany { retry_after } = refused else { panic!("{refused:?}") };
        assert_eq!(retry_after, left * 100, "{left:?}");
    }
    book.ports.clock.advance_seconds(100);
    book.enters("ada", &ClientInfo::default()).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn successful_sign_in_does_not_count(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = open(database).await;
    book.reader("ada").await;
    for _ in 0..3 * GUESSES {
        book.enters("ada", &ClientInfo::default()).await;
    }
    assert_eq!(guess_until_refused(&book, "ada", &ClientInfo::default()).await, GUESSES);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_27_guesses_at_the_current_password_are_refused_in_that_session_alone(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    let (taken_over, own) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let check = async |signed_in: &SignedIn, password: &str| {
        let attempt = attempt(password);
        book.services.accounts.check_password(&attempt, signed_in, &ClientInfo::default()).await
    };
    for _ in 0..2 * GUESSES {
        check(&taken_over, PASSWORD).await.unwrap();
    }
    for _ in 0..GUESSES {
        let refused = check(&taken_over, "not the password").await;
        assert!(matches!(refused, Err(CheckPasswordError::WrongPassword)), "{refused:?}");
    }
    let refused = check(&taken_over, PASSWORD).await;
    assert!(matches!(refused, Err(CheckPasswordError::TooMany { retry_after: WINDOW })), "{refused:?}");
    check(&own, PASSWORD).await.unwrap();
    book.enters("ada", &ClientInfo::default()).await;
    let failed = book.happened(&own.user.id).await;
    let failed =
        failed.iter().filter(|(kind, outcome)| kind == "password-check" && outcome == "wrong-password");
    assert_eq!(failed.count(), GUESSES as usize);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn banned_user_cannot_sign_in_until_the_ban_expires(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = open(database).await;
    let signed_in = book.reader("ada").await;
    let until = Timestamp::from_millis(signed_in.user.created_at.millis() + 60_000);
    book.services.admin.ban(&signed_in.user, Some("spam".into()), Some(until)).await.unwrap();
    assert!(!book.lives(&signed_in).await);
    for _ in 0..2 * GUESSES {
        let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &book.browser()).await;
        assert!(matches!(refused, Err(SignInError::Banned)), "{refused:?}");
    }
    assert_eq!((book.count("bookplate_sessions").await, book.count("bookplate_devices").await), (0, 0));
    book.ports.clock.advance_seconds(60);
    let back = book.enters("ada", &ClientInfo::default()).await;
    assert!(book.lives(&back).await);
    assert_eq!(back.user.ban.ban_reason.as_deref(), Some("spam"));

    book.services.admin.ban(&back.user, None, None).await.unwrap();
    book.ports.clock.advance_seconds(1 << 30);
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(matches!(refused, Err(SignInError::Banned)), "for good: {refused:?}");
    book.services.admin.unban(&back.user).await.unwrap();
    assert_eq!(book.enters("ada", &ClientInfo::default()).await.user.ban, Ban::default());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ban_is_revealed_only_with_the_right_password(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = open(database).await;
    let user = book.reader("ada").await.user;
    book.services.admin.ban(&user, None, None).await.unwrap();
    assert!(matches!(guess(&book, "ada", &ClientInfo::default()).await, SignInError::WrongCredentials));
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert_eq!(Problems::from(refused.unwrap_err()), Problem::new(Code::BannedUser).into());
    let outcomes = book.happened(&user.id).await;
    assert!(outcomes.contains(&("sign-in".into(), "banned".into())), "{outcomes:?}");
}
