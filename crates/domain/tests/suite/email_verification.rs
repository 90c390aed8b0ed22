//! Verification and change of email addresses.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    ChangeEmailError, ClientInfo, EmailLinkOutcome, SendVerificationError, SignedIn, VerifyEmailError,
    contract::{Code, Email, Problem, Problems},
    link_ttl,
};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, PASSWORD, email, sign_in};

async fn opens(
    book: &Book,
    token: &str,
    signed_in: Option<&SignedIn>,
) -> Result<EmailLinkOutcome, VerifyEmailError> {
    book.services.accounts.verify_email(token, "/done", signed_in, &ClientInfo::default()).await
}

async fn asks_for(book: &Book, signed_in: &SignedIn, name: &str) {
    let wanted = email(name);
    book.services.accounts.change_email(&wanted, "/done", signed_in, &ClientInfo::default()).await.unwrap();
}

/// A reader whose address is proved.
async fn proved(book: &Book, name: &str) -> SignedIn {
    let signed_in = book.reader(name).await;
    let token = book.token_in("verify-email").await;
    opens(book, &token, None).await.unwrap();
    book.resolve(&signed_in, domain::Renewal::Never).await.unwrap().signed_in
}

async fn address(book: &Book, signed_in: &SignedIn) -> (String, bool) {
    let user = book.database.find_user(&signed_in.user.id).await.unwrap().unwrap();
    (user.email, user.email_verified)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn link_verifies_the_address_and_can_be_opened_twice(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let mails = book.mail().await;
    let link = mails[0].link.clone().unwrap();
    assert_eq!(
        link.url,
        format!("https://book.example/api/auth/verify-email?token={}&callbackURL=%2Fwelcome", link.token)
    );
    book.ports.clock.advance_seconds(60);
    let first = opens(&book, &link.token, None).await.unwrap();
    assert!(matches!(first, EmailLinkOutcome::Address { session: None }), "a link lets nobody in: {first:?}");
    assert_eq!(address(&book, &signed_in).await, ("ada@example.com".into(), true));
    let before = book.database.rows().await;
    for signed_in in [None, Some(&signed_in)] {
        let again = opens(&book, &link.token, signed_in).await.unwrap();
        assert!(matches!(again, EmailLinkOutcome::Address { session: None }), "{again:?}");
    }
    assert_eq!(book.database.rows().await, before);
    let events = book.happened(&signed_in.user.id).await;
    assert_eq!(events.last(), Some(&("email-verification".into(), "done".into())));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_verification_link_works_for_a_day(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let token = book.token_in("verify-email").await;
    book.ports.clock.advance_seconds(link_ttl::VERIFY);
    let refused = opens(&book, &token, None).await.unwrap_err();
    assert!(matches!(refused, VerifyEmailError::Expired), "{refused:?}");
    assert_eq!(Problem::from(refused), Problem::new(Code::TokenExpired));
    assert!(!address(&book, &signed_in).await.1);
    book.ports.clock.advance_seconds(-1);
    opens(&book, &token, None).await.unwrap();
    assert!(address(&book, &signed_in).await.1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_newer_verification_link_invalidates_the_older(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let older = book.token_in("verify-email").await;
    book.services.accounts.send_verification(&email("ada"), "/", None, &ClientInfo::default()).await.unwrap();
    let newer = book.token_in("verify-email").await;
    let refused = opens(&book, &older, None).await.unwrap_err();
    assert_eq!(Problem::from(refused), Problem::new(Code::InvalidVerificationToken));
    assert!(!address(&book, &signed_in).await.1);
    opens(&book, &newer, None).await.unwrap();
    assert!(address(&book, &signed_in).await.1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_requesting_a_link_without_a_session_reveals_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    proved(&book, "grace").await;
    book.reader("ada").await;
    book.mail().await;
    for name in ["ada", "grace", "nobody"] {
        let mails = book.count("bookplate_mails").await;
        let before = book.rows_without(&["bookplate_mails"]).await;
        book.services
            .accounts
            .send_verification(&email(name), "/", None, &ClientInfo::default())
            .await
            .unwrap();
        assert_eq!(book.count("bookplate_mails").await, mails + 1, "{name}");
        assert_eq!(book.rows_without(&["bookplate_mails"]).await, before, "{name}");
    }
    let theirs = "select count(*) from bookplate_mails where user_id is not null";
    assert_eq!(book.database.number(theirs).await, 0);
    assert_eq!(book.posted().await, [("verify-email".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signed_in_user_can_verify_only_their_own_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let grace = proved(&book, "grace").await.user;
    let ada = book.reader("ada").await.user;
    book.mail().await;
    let asks = async |name, user| {
        book.services.accounts.send_verification(&email(name), "/", Some(user), &ClientInfo::default()).await
    };
    let mismatch = asks("grace", &ada).await.unwrap_err();
    assert!(matches!(mismatch, SendVerificationError::Mismatch), "{mismatch:?}");
    assert_eq!(Problems::from(mismatch), Problem::on(Code::EmailMismatch, "email").into());
    let proved = asks("grace", &grace).await.unwrap_err();
    assert_eq!(Problems::from(proved), Problem::new(Code::EmailAlreadyVerified).into());
    assert!(book.posted().await.is_empty());
    asks("ada", &ada).await.unwrap();
    assert_eq!(book.posted().await.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn verified_address_confirms_the_change_before_the_new_one_is_mailed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = proved(&book, "ada").await;
    asks_for(&book, &signed_in, "lovelace").await;
    let mails = book.mail().await;
    assert_eq!((mails[0].kind.as_str(), mails[0].to.as_str()), ("change-email", "ada@example.com"));
    assert!(mails[0].text.contains("lovelace@example.com"), "says which address is wanted");
    let first = mails[0].link.clone().unwrap().token;
    assert!(matches!(
        opens(&book, &first, Some(&signed_in)).await.unwrap(),
        EmailLinkOutcome::ChangeConfirmed
    ));
    assert!(matches!(opens(&book, &first, None).await, Err(VerifyEmailError::InvalidToken)), "once");

    let mails = book.mail().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].kind.as_str(), mails[0].to.as_str()), ("verify-email", "lovelace@example.com"));
    assert_eq!(address(&book, &signed_in).await.0, "ada@example.com", "not yet");
    let second = mails[0].link.clone().unwrap();
    assert!(second.url.ends_with("&callbackURL=%2Fdone"), "{}", second.url);
    let changed = opens(&book, &second.token, None).await.unwrap();
    let EmailLinkOutcome::Changed(user) = changed else { panic!("{changed:?}") };
    assert_eq!((user.email.as_str(), user.email_verified), ("lovelace@example.com", true));
    assert!(book.lives(&signed_in).await);
    assert_eq!(book.posted().await, [("email-changed".into(), "ada@example.com".into())], "to the old one");
    book.enters("lovelace", &ClientInfo::default()).await;
    let old = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(old.is_err());
    let events = book.happened(&signed_in.user.id).await;
    for kind in ["email-change-request", "email-change"] {
        assert!(events.contains(&(kind.into(), "done".into())), "{events:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unverified_address_is_changed_by_a_link_to_the_new_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    asks_for(&book, &signed_in, "lovelace").await;
    let mails = book.mail().await;
    assert_eq!((mails[0].kind.as_str(), mails[0].to.as_str()), ("verify-email", "lovelace@example.com"));
    let token = mails[0].link.clone().unwrap().token;
    assert!(matches!(opens(&book, &token, Some(&signed_in)).await.unwrap(), EmailLinkOutcome::Changed(_)));
    let now = ("lovelace@example.com".to_owned(), false);
    assert_eq!(address(&book, &signed_in).await, now, "as the wire has it: still to be proved");
    let same =
        book.services.accounts.change_email(&email("ada"), "/", &signed_in, &ClientInfo::default()).await;
    let same = same.unwrap_err();
    assert!(matches!(same, ChangeEmailError::Same), "{same:?}");
    assert_eq!(Problems::from(same), Problem::on(Code::EmailIsTheSame, "newEmail").into());
}

/// The first step, which the asker may see in the own mailbox, and the second, which is in the new one's.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_taken_address_is_answered_like_a_free_one_and_gets_no_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = proved(&book, "ada").await;
    book.reader("grace").await;
    book.mail().await;
    let counts = async || (book.count("bookplate_events").await, book.count("bookplate_mails").await);
    let links = "select count(*) from bookplate_links where purpose = 'verify-new-email'";
    let mut seen = Vec::new();
    for (wanted, reached) in [("grace@example.com", 0), ("GRACE@example.com", 0), ("free@example.com", 1)] {
        let before = counts().await;
        let wanted = Email::parse(wanted).unwrap();
        book.services.accounts.change_email(&wanted, "/", &signed_in, &ClientInfo::default()).await.unwrap();
        assert_eq!(counts().await, (before.0 + 1, before.1 + 1), "{wanted:?}");
        let token = book.token_in("change-email").await;
        let opened = opens(&book, &token, Some(&signed_in)).await.unwrap();
        assert!(matches!(opened, EmailLinkOutcome::ChangeConfirmed), "{opened:?}");
        assert_eq!(book.posted().await.len(), reached, "{wanted:?}");
        let after = counts().await;
        seen.push((after.0 - before.0, after.1, book.database.number(links).await));
    }
    assert_eq!(seen[0].2, 1, "a link nobody has");
    assert!(seen.iter().all(|rows| *rows == seen[2]), "{seen:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn address_taken_before_the_link_is_opened_stays_its_owners(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    asks_for(&book, &signed_in, "grace").await;
    let token = book.token_in("verify-email").await;
    let grace = book.reader("grace").await;
    book.mail().await;
    let refused = opens(&book, &token, Some(&signed_in)).await.unwrap_err();
    assert_eq!(Problem::from(refused), Problem::new(Code::InvalidVerificationToken));
    assert_eq!(address(&book, &signed_in).await.0, "ada@example.com");
    assert_eq!(address(&book, &grace).await.0, "grace@example.com");
    assert!(book.posted().await.is_empty());
    assert!(matches!(opens(&book, &token, None).await, Err(VerifyEmailError::InvalidToken)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_of_another_user_changes_nothing_and_is_not_consumed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = proved(&book, "ada").await;
    let grace = book.reader("grace").await;
    book.mail().await;
    asks_for(&book, &signed_in, "lovelace").await;
    for kind in ["change-email", "verify-email"] {
        let token = book.token_in(kind).await;
        let before = book.database.rows().await;
        let refused = opens(&book, &token, Some(&grace)).await.unwrap_err();
        assert_eq!(Problem::from(refused), Problem::new(Code::InvalidUser), "{kind}");
        assert_eq!(book.database.rows().await, before, "{kind:?}");
        opens(&book, &token, Some(&signed_in)).await.unwrap();
    }
    assert_eq!(address(&book, &signed_in).await.0, "lovelace@example.com");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_email_change_link_works_once_for_a_day_and_invalidates_older_ones(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = proved(&book, "ada").await;
    asks_for(&book, &signed_in, "first").await;
    let older = book.token_in("change-email").await;
    asks_for(&book, &signed_in, "second").await;
    let newer = book.token_in("change-email").await;
    assert!(matches!(opens(&book, &older, None).await, Err(VerifyEmailError::InvalidToken)));
    book.ports.clock.advance_seconds(link_ttl::VERIFY);
    assert!(matches!(opens(&book, &newer, None).await, Err(VerifyEmailError::Expired)));
    book.ports.clock.advance_seconds(-1);
    opens(&book, &newer, None).await.unwrap();
    let last = book.token_in("verify-email").await;
    // A new wish takes the place of the second step, too.
    asks_for(&book, &signed_in, "third").await;
    book.mail().await;
    assert!(matches!(opens(&book, &last, None).await, Err(VerifyEmailError::InvalidToken)));
    assert_eq!(address(&book, &signed_in).await.0, "ada@example.com");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_link_of_a_change_is_used_once_by_concurrent_requests(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    let signed_in = proved(&book, "ada").await;
    asks_for(&book, &signed_in, "lovelace").await;
    for kind in ["change-email", "verify-email"] {
        let token = book.token_in(kind).await;
        let mut tasks = JoinSet::new();
        for _ in 0..10 {
            let (book, token) = (book.clone(), token.clone());
            tasks.spawn(async move {
                match opens(&book, &token, None).await {
                    Ok(_) => true,
                    Err(VerifyEmailError::InvalidToken) => false,
                    Err(other) => panic!("{other:?}"),
                }
            });
        }
        let done = tasks.join_all().await.into_iter().filter(|done| *done).count();
        assert_eq!(done, 1, "{kind}");
    }
    assert_eq!(address(&book, &signed_in).await.0, "lovelace@example.com");
    assert_eq!(book.posted().await, [("email-changed".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_email_change_invalidates_links_to_the_old_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let verify = book.token_in("verify-email").await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    let reset = book.token_in("reset-password").await;
    asks_for(&book, &signed_in, "lovelace").await;
    let change = book.token_in("verify-email").await;
    opens(&book, &change, None).await.unwrap();
    assert!(!book.services.accounts.is_reset_link_valid(&reset).await.unwrap());
    assert!(matches!(opens(&book, &verify, None).await, Err(VerifyEmailError::InvalidToken)));
    assert!(!address(&book, &signed_in).await.1);
}
