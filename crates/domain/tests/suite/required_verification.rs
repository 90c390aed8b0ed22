//! Required verification of addresses: nothing reveals whether one is taken.

use domain::{
    ClientInfo, EmailLinkOutcome, MailMessage, SignInError, SignUp, SignUpError, SignedUp,
    contract::{Code, Email, Problem, Problems},
};
use rstest::rstest;
use testkit::{Work, databases::Kind};

use crate::fixtures::book::{Book, PASSWORD, new_password, sign_in, sign_up, strict};

async fn signs_up(book: &Book, name: &str) -> SignedUp {
    book.services.accounts.sign_up(sign_up(name), &book.browser()).await.unwrap()
}

/// What the wire shows of a sign-up, without what is new each time.
fn shown(book: &Book, signed_up: &SignedUp) -> serde_json::Value {
    let mut body = serde_json::to_value(book.services.user_body(&signed_up.user)).unwrap();
    let id = body["id"].take();
    assert_eq!(uuid::Uuid::parse_str(id.as_str().unwrap()).unwrap().get_version_num(), 4);
    assert!(signed_up.session.is_none());
    body
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_taken_address_answers_like_a_free_one_after_the_same_work(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let Work { hashed, verified } = book.ports.hasher.work();
        let (events, mails) = (book.count("bookplate_events").await, book.count("bookplate_mails").await);
        let signed_up = signs_up(&book, "ada").await;
        let work = book.ports.hasher.work();
        outcomes.push((
            shown(&book, &signed_up),
            (work.hashed - hashed, work.verified - verified),
            book.count("bookplate_events").await - events,
            book.count("bookplate_mails").await - mails,
        ));
    }
    assert_eq!((outcomes[0].1, outcomes[0].2, outcomes[0].3), ((1, 0), 1, 1));
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    let first = &outcomes[0].0;
    assert_eq!((&first["email"], &first["emailVerified"]), (&"ada@example.com".into(), &false.into()));
    assert_eq!((&first["name"], &first["experienceLevel"]), (&"ada".into(), &"beginner".into()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_taken_address_changes_nothing_and_its_owner_is_mailed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let owner = signs_up(&book, "ada").await;
    assert_eq!(book.posted().await, [("verify-email".into(), "ada@example.com".into())]);
    let rows = async || book.rows_without(&["bookplate_mails", "bookplate_events"]).await;
    let before = rows().await;
    let shouted = SignUp {
        email: Email::parse("ADA@example.com").unwrap(),
        password: new_password("another good password"),
        ..sign_up("mallory")
    };
    let made_up = book.services.accounts.sign_up(shouted, &book.browser()).await.unwrap();
    assert_ne!(made_up.user.id, owner.user.id);
    assert_eq!(rows().await, before);
    assert!(book.database.rows_holding(&made_up.user.id).await.is_empty());
    let to_owner = "select count(*) from bookplate_events where outcome = 'email-taken' and user_id is null";
    assert_eq!(book.database.number(to_owner).await, 1);
    assert_eq!(book.posted().await, [("sign-up-attempt".into(), "ada@example.com".into())]);
    let refused =
        book.services.accounts.sign_in(sign_in("ada", "another good password"), &ClientInfo::default()).await;
    assert!(matches!(refused, Err(SignInError::WrongCredentials)), "{refused:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_can_sign_in_once_verified(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let reader = signs_up(&book, "ada").await.user;
    book.mail().await;
    book.ports.clock.advance_seconds(60);
    let visit = book.browser();
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &visit).await.unwrap_err();
    assert!(matches!(refused, SignInError::EmailNotVerified), "{refused:?}");
    assert_eq!(Problems::from(refused), Problem::new(Code::EmailNotVerified).into());
    assert_eq!(book.count("bookplate_sessions").await, 0);
    assert_eq!(book.count("bookplate_devices").await, 2, "the password was given in both browsers");
    let since = "select unverified_since from bookplate_users";
    assert_eq!(book.database.number(since).await, reader.created_at.millis() + 60_000, "kept a while longer");

    let token = book.token_in("verify-email").await;
    let verified = book.services.accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    assert!(matches!(verified, EmailLinkOutcome::Address { session: Some(_) }), "{verified:?}");
    let entered = book.enters("ada", &visit).await;
    assert!(entered.user.email_verified && book.lives(&entered).await);
    let outcomes: Vec<String> =
        book.happened(&reader.id).await.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "email-not-verified").count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn verification_link_signs_its_browser_in_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let token = book.token_in("verify-email").await;
    let open = async || book.services.accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    let EmailLinkOutcome::Address { session: Some(session) } = open().await else {
        panic!("the first use lets in")
    };
    assert!(session.remembered);
    for _ in 0..3 {
        let again = open().await;
        assert!(matches!(again, EmailLinkOutcome::Address { session: None }), "{again:?}");
    }
    assert_eq!(book.count("bookplate_sessions").await, 1);
    book.enters("ada", &visit).await;
    assert_eq!(book.posted().await, [], "the browser that opened the link is known");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_reveals_nothing_about_verification(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    signs_up(&book, "ada").await;
    book.mail().await;
    for name in ["ada", "nobody"] {
        let refused =
            book.services.accounts.sign_in(sign_in(name, "another password"), &ClientInfo::default()).await;
        assert!(matches!(refused, Err(SignInError::WrongCredentials)), "{name}: {refused:?}");
    }
    assert_eq!(book.mail().await, Vec::<MailMessage>::new());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_common_password_is_refused_before_the_address_is_looked_at(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    signs_up(&book, "ada").await;
    let before = book.database.rows().await;
    for name in ["ada", "grace"] {
        let command = SignUp { password: new_password("password"), ..sign_up(name) };
        let refused = book.services.accounts.sign_up(command, &ClientInfo::default()).await;
        let Err(SignUpError::Refused(problem)) = refused else { panic!("{name}: {refused:?}") };
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::PasswordCompromised, Some("password")),
            "{name:?}"
        );
    }
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_twenty_sign_ups_of_one_address_at_once_none_fails_and_one_is_stored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = std::sync::Arc::new(Book::with(database, strict()).await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let book = book.clone();
        tasks.spawn(async move { signs_up(&book, "ada").await.session.is_none() });
    }
    assert!(tasks.join_all().await.into_iter().all(|silent| silent));
    assert_eq!((book.count("bookplate_users").await, book.count("bookplate_accounts").await), (1, 1));
    let kinds: Vec<String> = book.posted().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "verify-email").count(), 1, "{kinds:?}");
    let attempts = kinds.iter().filter(|kind| *kind == "sign-up-attempt").count();
    assert_eq!((attempts, kinds.len()), (5, 6), "one recipient gets so many of a kind: {kinds:?}");
}
