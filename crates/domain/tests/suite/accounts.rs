use domain::{
    ClientInfo, InternalError, SignInError, SignUp, SignUpError, StorageError,
    contract::{Code, Email, Image, PasswordAttempt, Problem, Problems},
};
use rstest::rstest;
use testkit::{Work, databases::Kind};
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, PASSWORD, entered, sign_in, sign_up};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_who_signed_up_can_sign_in(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let image = Some(Image::parse("https://example.com/ada.png").unwrap());
    let command = SignUp { image, ..sign_up("ada") };
    let signed_up = entered(book.services.accounts.sign_up(command, &ClientInfo::default()).await.unwrap());
    assert!(book.lives(&signed_up).await);
    book.ports.clock.advance_seconds(60);
    let signed_in =
        book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.unwrap();

    assert_ne!(signed_in.session.id, signed_up.session.id);
    for user in [&signed_in.user, &signed_up.user] {
        let body = serde_json::to_value(book.services.user_body(user)).unwrap();
        let expected = serde_json::json!({
            "id": signed_up.user.id, "name": "ada", "email": "ada@example.com", "emailVerified": false,
            "image": "https://example.com/ada.png",
            "createdAt": "2026-11-21T00:00:00.000Z", "updatedAt": "2026-11-21T00:00:00.000Z",
            "experienceLevel": "beginner", "professionalRole": "student", "roleOther": null, "organization": null,
        });
        assert_eq!(body, expected);
    }
    let version = uuid::Uuid::parse_str(&signed_up.user.id).unwrap().get_version_num();
    assert_eq!(version, 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_the_same_in_any_letter_case(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let shouted = Email::parse("ADA@Example.COM").unwrap();
    let command = SignUp { email: shouted.clone(), ..sign_up("other") };
    let refused = book.services.accounts.sign_up(command, &ClientInfo::default()).await;
    assert!(matches!(refused, Err(SignUpError::EmailTaken)), "{refused:?}");
    let command = domain::SignIn { email: shouted, ..sign_in("ada", PASSWORD) };
    book.services.accounts.sign_in(command, &ClientInfo::default()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_an_unknown_address_costs_the_work_of_a_wrong_password_and_answers_alike(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let mut outcomes = Vec::new();
    for (name, password) in
        [("ada", "another password"), ("nobody", PASSWORD), ("ada", "short"), ("nobody", "")]
    {
        let before = book.ports.hasher.work();
        let error = book
            .services
            .accounts
            .sign_in(sign_in(name, password), &ClientInfo::default())
            .await
            .unwrap_err();
        assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
        let Work { hashed, verified } = book.ports.hasher.work();
        outcomes.push((hashed - before.hashed, verified - before.verified, Problems::from(error)));
    }
    assert_eq!(outcomes[0].2, Problem::new(Code::InvalidEmailOrPassword).into());
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    assert_eq!((outcomes[0].0, outcomes[0].1), (0, 1));
    assert_eq!(book.count("bookplate_sessions").await, 1, "only that of the sign-up");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_twenty_sign_ups_of_one_address_at_once_exactly_one_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = std::sync::Arc::new(Book::open(database).await);
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let book = book.clone();
        tasks.spawn(async move {
            match book.services.accounts.sign_up(sign_up("ada"), &ClientInfo::default()).await {
                Ok(_) => true,
                Err(SignUpError::EmailTaken) => false,
                Err(refused) => panic!("{refused:?}"),
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|opened| *opened).count(), 1);
    for table in ["bookplate_users", "bookplate_accounts", "bookplate_sessions", "bookplate_session_records"]
    {
        assert_eq!(book.count(table).await, 1, "{table}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_07_a_password_is_compared_exactly(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    for wrong in ["Quiet paper and ink", "quiet paper and ink ", " quiet paper and ink", "quiet paper and in"]
    {
        let refused = book.services.accounts.sign_in(sign_in("ada", wrong), &ClientInfo::default()).await;
        assert!(matches!(refused, Err(SignInError::WrongCredentials)), "{wrong:?}");
    }
    assert!(PasswordAttempt::parse(&"p".repeat(129)).is_err(), "refused before hashing");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_10_every_sign_in_opens_a_new_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let first = book.reader("ada").await;
    let mut seen = vec![first.session.id];
    for _ in 0..3 {
        let signed_in =
            book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.unwrap();
        assert!(!seen.contains(&signed_in.session.id));
        seen.push(signed_in.session.id);
    }
    assert_eq!(book.count("bookplate_sessions").await, 4, "other browsers stay signed in");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_10_signing_in_ends_the_current_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let first = book.reader("ada").await;
    let elsewhere =
        book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.unwrap();
    let second =
        book.services.accounts.sign_in(sign_in("ada", PASSWORD), &book.visit_with(&first)).await.unwrap();
    assert!(!book.lives(&first).await);
    assert!(book.lives(&second).await && book.lives(&elsewhere).await);

    let third = book.services.accounts.sign_up(sign_up("grace"), &book.visit_with(&second)).await;
    let third = entered(third.unwrap());
    assert!(!book.lives(&second).await, "another reader at the same browser");
    assert!(book.lives(&third).await && book.lives(&elsewhere).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_in_or_sign_up_keeps_the_current_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let visit = book.visit_with(&signed_in);
    assert!(book.services.accounts.sign_in(sign_in("ada", "another password"), &visit).await.is_err());
    assert!(book.services.accounts.sign_up(sign_up("ada"), &visit).await.is_err());
    assert!(book.lives(&signed_in).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn taken_address_is_refused_after_the_same_work(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let rows = async || book.rows_without(&["bookplate_events"]).await;
    let (before, work) = (rows().await, book.ports.hasher.work());
    let events = book.count("bookplate_events").await;
    let refused = book.services.accounts.sign_up(sign_up("ada"), &ClientInfo::default()).await.unwrap_err();
    assert!(matches!(refused, SignUpError::EmailTaken), "{refused:?}");
    assert_eq!(Problems::from(refused), Problem::on(Code::UserAlreadyExists, "email").into());
    assert_eq!(book.ports.hasher.work(), Work { hashed: work.hashed + 1, ..work });
    assert_eq!(rows().await, before);
    let noted = "select count(*) from bookplate_events where outcome = 'email-taken' and user_id is null";
    assert_eq!((book.count("bookplate_events").await, book.database.number(noted).await), (events + 1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_28_a_busy_hasher_fails_at_once_and_nothing_is_stored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    // A try is counted before it is known that nothing comes of it.
    let rows = async || book.rows_without(&["bookplate_limits"]).await;
    let before = rows().await;
    book.ports.hasher.set_busy(true);
    let refused = book.services.accounts.sign_up(sign_up("grace"), &ClientInfo::default()).await.unwrap_err();
    assert!(matches!(refused, SignUpError::Failure(InternalError::Busy)), "{refused:?}");
    assert_eq!(Problems::from(refused), Problem::retry_in(Code::Busy, 2).into());
    for name in ["ada", "nobody"] {
        let refused = book
            .services
            .accounts
            .sign_in(sign_in(name, PASSWORD), &ClientInfo::default())
            .await
            .unwrap_err();
        assert!(matches!(refused, SignInError::Failure(InternalError::Busy)), "{name}: {refused:?}");
    }
    for _ in 0..20 {
        let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
        assert!(
            matches!(refused, Err(SignInError::Failure(InternalError::Busy))),
            "never a guess: {refused:?}"
        );
    }
    assert_eq!(rows().await, before);
    book.ports.hasher.set_busy(false);
    book.reader("grace").await;
    book.enters("ada", &ClientInfo::default()).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unreachable_database_is_reported_as_unavailable(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    book.database.close().await;
    let refused =
        book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.unwrap_err();
    let SignInError::Failure(failure @ InternalError::Storage(StorageError::Unavailable(_))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(Problem::from(failure), Problem::retry_in(Code::Unavailable, 5));
    assert!(book.services.accounts.sign_up(sign_up("grace"), &ClientInfo::default()).await.is_err());
}
