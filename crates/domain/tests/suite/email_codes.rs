//! Verification of an address by the code beside the link.

use std::sync::Arc;

use domain::{
    AccountRules, ClientInfo, EmailLinkOutcome, LimitSettings, Settings, SignedIn, VerifyCodeError,
    contract::{Code, Problem, Problems, VerificationCode},
    link_ttl,
};
use rstest::rstest;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, DAY, email, entered, sign_up, strict, with_new_secret};

fn code(digits: &str) -> VerificationCode {
    VerificationCode::parse(digits).unwrap()
}

/// Six digits that are not these.
fn other(digits: &str) -> String {
    if digits == "314159" { "271828".into() } else { "314159".into() }
}

/// The code of the only mail that confirms an address, if it has one.
async fn code_in(book: &Book) -> Option<String> {
    let mails = book.mail().await;
    let of_kind: Vec<_> = mails.iter().filter(|mail| mail.kind == "verify-email").collect();
    let [mail] = of_kind[..] else { panic!("{mails:?}") };
    mail.link.as_ref().unwrap().code.clone()
}

async fn enter(
    book: &Book,
    digits: &str,
    signed_in: Option<&SignedIn>,
    visit: &ClientInfo,
) -> Result<EmailLinkOutcome, VerifyCodeError> {
    book.services.accounts.verify_email_code(&code(digits), signed_in, visit).await
}

#[track_caller]
fn is_wrong(outcome: Result<EmailLinkOutcome, VerifyCodeError>) {
    let refused = outcome.unwrap_err();
    assert!(matches!(refused, VerifyCodeError::WrongCode), "{refused:?}");
    let expected = Problem::on(Code::InvalidVerificationCode, "code");
    assert_eq!(Problems::from(refused), expected.into());
}

async fn is_verified(book: &Book, name: &str) -> bool {
    book.database.find_user_by_email(email(name).as_str()).await.unwrap().unwrap().email_verified
}

fn without_recipient_limit() -> Settings {
    Settings { limits: LimitSettings { recipient: None, ..LimitSettings::default() }, ..strict() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_the_browser_that_waits_and_works_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, strict()).await;
    let visit = book.browser();
    let user = book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap().user;
    let digits = code_in(&book).await.unwrap();
    assert_eq!((digits.len(), digits.bytes().all(|byte| byte.is_ascii_digit())), (6, true));

    let verified = enter(&book, &digits, None, &visit).await.unwrap();
    assert!(matches!(verified, EmailLinkOutcome::Address { session: Some(_) }), "{verified:?}");
    assert!(is_verified(&book, "ada").await);
    is_wrong(enter(&book, &digits, None, &visit).await);
    let last = book.happened(&user.id).await;
    assert!(last.contains(&("email-verification".into(), "done".into())), "{last:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_verifies_the_address_of_a_reader_who_is_signed_in(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::open(kind.migrated().await).await;
    let visit = book.browser();
    let ada = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    let digits = code_in(&book).await.unwrap();
    let grace = book.reader("grace").await;
    book.mail().await;
    is_wrong(enter(&book, &digits, Some(&grace), &visit).await);
    let verified = enter(&book, &digits, Some(&ada), &visit).await.unwrap();
    assert!(matches!(verified, EmailLinkOutcome::Address { session: None }), "{verified:?}");
    assert!(is_verified(&book, "ada").await && !is_verified(&book, "grace").await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_code_counts_only_in_the_browser_that_waits_for_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, strict()).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let digits = code_in(&book).await.unwrap();
    for elsewhere in [book.browser(), ClientInfo::default()] {
        is_wrong(enter(&book, &digits, None, &elsewhere).await);
    }
    enter(&book, &digits, None, &visit).await.unwrap();

    // A browser that the account does not know is mailed a link alone.
    book.services.accounts.sign_up(sign_up("grace"), &visit).await.unwrap();
    assert!(code_in(&book).await.is_some());
    let stranger = book.browser();
    book.services.accounts.send_verification(&email("grace"), "/", None, &stranger).await.unwrap();
    assert_eq!(code_in(&book).await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_code_is_dead_after_five_wrong_guesses_and_its_link_is_not(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, strict()).await;
    let visit = book.browser();
    let user = book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap().user;
    let mail = book.mail().await.remove(0).link.unwrap();
    let digits = mail.code.unwrap();
    for _ in 0..5 {
        is_wrong(enter(&book, &other(&digits), None, &visit).await);
    }
    is_wrong(enter(&book, &digits, None, &visit).await);
    assert!(!is_verified(&book, "ada").await);
    let events = book.happened(&user.id).await;
    assert_eq!(events.iter().filter(|(_, outcome)| outcome == "wrong-code").count(), 5);
    let opened = book.services.accounts.verify_email(&mail.token, "/", None, &visit).await.unwrap();
    assert!(matches!(opened, EmailLinkOutcome::Address { session: Some(_) }), "{opened:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_guesses_sent_at_once_do_not_slip_past_the_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Arc::new(Book::with(kind.migrated().await, strict()).await);
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let digits = code_in(&book).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..12 {
        let (book, visit, wrong) = (Arc::clone(&book), visit.clone(), other(&digits));
        tasks.spawn(async move { enter(&book, &wrong, None, &visit).await.is_err() });
    }
    assert!(tasks.join_all().await.into_iter().all(|refused| refused));
    assert_eq!(book.database.number("select guesses from bookplate_codes").await, 5);
    is_wrong(enter(&book, &digits, None, &visit).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_of_two_requests_with_one_code_one_opens_a_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Arc::new(Book::with(kind.migrated().await, strict()).await);
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let digits = code_in(&book).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (book, visit, digits) = (Arc::clone(&book), visit.clone(), digits.clone());
        tasks.spawn(async move {
            matches!(
                enter(&book, &digits, None, &visit).await,
                Ok(EmailLinkOutcome::Address { session: Some(_) })
            )
        });
    }
    let opened = tasks.join_all().await.into_iter().filter(|opened| *opened).count();
    assert_eq!((opened, book.count("bookplate_sessions").await), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_code_lasts_an_hour_and_dies_with_a_newer_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, strict()).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let first = code_in(&book).await.unwrap();
    book.ports.clock.advance_seconds(link_ttl::CODE);
    is_wrong(enter(&book, &first, None, &visit).await);
    book.services.accounts.send_verification(&email("ada"), "/", None, &visit).await.unwrap();
    let second = code_in(&book).await.unwrap();
    book.services.accounts.send_verification(&email("ada"), "/", None, &visit).await.unwrap();
    let third = code_in(&book).await.unwrap();
    assert_ne!(second, third);
    is_wrong(enter(&book, &second, None, &visit).await);
    book.ports.clock.advance_seconds(link_ttl::CODE - 1);
    enter(&book, &third, None, &visit).await.unwrap();
    assert_eq!(book.count("bookplate_codes").await, 1, "codes of replaced links are gone");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_many_mails_do_not_give_many_guesses(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let book = Book::with(kind.migrated().await, without_recipient_limit()).await;
    let visit = book.browser();
    let user = book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap().user;
    for _ in 0..4 {
        let digits = code_in(&book).await.unwrap();
        for _ in 0..5 {
            is_wrong(enter(&book, &other(&digits), None, &visit).await);
        }
        book.services.accounts.send_verification(&email("ada"), "/", None, &visit).await.unwrap();
    }
    let digits = code_in(&book).await.unwrap();
    let refused = enter(&book, &digits, None, &visit).await.unwrap_err();
    let VerifyCodeError::TooMany { retry_after } = refused else { panic!("{refused:?}") };
    assert_eq!(i64::from(retry_after), DAY);
    let events = book.happened(&user.id).await;
    assert!(events.contains(&("email-verification".into(), "too-many-tries".into())), "{events:?}");
    book.ports.clock.advance_seconds(DAY);
    book.services.accounts.send_verification(&email("ada"), "/", None, &visit).await.unwrap();
    let digits = code_in(&book).await.unwrap();
    enter(&book, &digits, None, &visit).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_guess_does_the_same_work_whether_or_not_an_account_waits(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, strict()).await;
    book.services.accounts.sign_up(sign_up("ada"), &book.browser()).await.unwrap();
    book.mail().await;
    let mut work = Vec::new();
    // A taken address, then a free one.
    for name in ["ada", "grace"] {
        let visit = book.browser();
        book.services.accounts.sign_up(sign_up(name), &visit).await.unwrap();
        book.mail().await;
        let counts = async || (book.count("bookplate_events").await, book.count("bookplate_limits").await);
        let before = counts().await;
        let refused = enter(&book, "000000", None, &visit).await;
        let after = counts().await;
        work.push((after.0 - before.0, after.1 - before.1));
        is_wrong(refused);
    }
    assert_eq!(work, [(1, 1), (1, 1)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_code_of_a_browser_counts(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let book = Book::with(kind.migrated().await, strict()).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("typo"), &visit).await.unwrap();
    let first = code_in(&book).await.unwrap();
    book.ports.clock.advance_seconds(60);
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let second = code_in(&book).await.unwrap();
    is_wrong(enter(&book, &first, None, &visit).await);
    enter(&book, &second, None, &visit).await.unwrap();
    assert!(is_verified(&book, "ada").await && !is_verified(&book, "typo").await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_completes_a_change_of_address_and_the_first_step_has_none(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::open(kind.migrated().await).await;
    let visit = book.browser();
    let ada = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    let digits = code_in(&book).await.unwrap();
    enter(&book, &digits, Some(&ada), &visit).await.unwrap();
    let ada = book.resolve(&ada, domain::Renewal::Never).await.unwrap().signed_in;

    book.services.accounts.change_email(&email("new"), "/done", &ada, &visit).await.unwrap();
    let first = book.mail().await.remove(0);
    let link = first.link.unwrap();
    assert_eq!((first.kind.as_str(), link.code), ("change-email", None));
    let opened = book.services.accounts.verify_email(&link.token, "/", Some(&ada), &visit).await.unwrap();
    assert!(matches!(opened, EmailLinkOutcome::ChangeConfirmed), "{opened:?}");
    let digits = code_in(&book).await.unwrap();
    let changed = enter(&book, &digits, Some(&ada), &visit).await.unwrap();
    assert!(
        matches!(&changed, EmailLinkOutcome::Changed(user) if user.email == "new@example.com"),
        "{changed:?}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mails_that_reset_a_password_or_delete_an_account_have_no_code(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::open(kind.migrated().await).await;
    let visit = book.browser();
    let ada = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    book.mail().await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &visit).await.unwrap();
    let rules = AccountRules { require_verified_email: true, ..strict().accounts };
    let services = book.restarted(Settings { accounts: rules, ..strict() }).await;
    services.accounts.delete(domain::DeleteAccount::default(), &ada, &visit).await.unwrap();
    let mails = book.mail().await;
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert_eq!(mail.link.unwrap().code, None, "{}", mail.kind);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_stored_as_a_keyed_hash_and_outlives_a_new_secret(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::open(kind.migrated().await).await;
    let visit = book.browser();
    let ada = entered(book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap());
    let digits = code_in(&book).await.unwrap();
    let stored = book.database.rows_of("bookplate_codes").await.join(" ");
    assert!(!stored.contains(&digits), "{stored}");
    let lost = book.restarted(with_new_secret(false)).await;
    assert!(lost.accounts.verify_email_code(&code(&digits), Some(&ada), &visit).await.is_err());
    let kept = book.restarted(with_new_secret(true)).await;
    kept.accounts.verify_email_code(&code(&digits), Some(&ada), &visit).await.unwrap();
}
