//! The mail queue.

use rstest::rstest;
use std::sync::Arc;

use domain::{ClientInfo, Database, DeliveryOutcome, LimitSettings, Quota, Services, Settings};
use testkit::{FixedClock, MailerBehavior, TestPorts, databases::Kind};
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, DAY, email, entered, settings, sign_up, with_new_secret};

/// A reader whose mail is sent, and a link asked for and written that the server has not taken yet.
async fn waiting(book: &Book) {
    book.reader("ada").await;
    book.mail().await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
}

async fn deliver(book: &Book) -> DeliveryOutcome {
    book.services.mail.deliver().await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn rejected_mail_is_retried_with_backoff(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck);
    for (tries, pause) in (1..).zip([15, 60, 300, 1200, 3600, 3600]) {
        assert_eq!(book.ports.mailer.tries(), tries, "{tries:?} {pause:?}");
        book.ports.clock.advance_seconds(pause - 1);
        let due = domain::Clock::now(&*book.ports.clock).plus_seconds(1);
        assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(Some(due)), "after {pause} s");
        assert_eq!(book.ports.mailer.tries(), tries, "{tries:?} {pause:?}");
        book.ports.clock.advance_seconds(1);
        assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck, "{tries:?} {pause:?}");
    }
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    book.ports.clock.advance_seconds(3600);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(None));
    assert_eq!(book.ports.mailer.sent().len(), 1);
    assert_eq!(book.count("bookplate_mails").await, 0);
}

/// Not sooner than by its own pauses, and not later than in a day.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_mail_server_asks_for_is_kept(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    for (asked, pause) in [(120, 120), (1, 60), (400_000, 86_400)] {
        book.ports.mailer.set_behavior(MailerBehavior::AsksForSeconds(asked));
        assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck, "{asked}");
        let due = domain::Clock::now(&*book.ports.clock).plus_seconds(pause);
        assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(Some(due)), "{asked}");
        book.ports.clock.advance_seconds(pause);
    }
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(None));
    assert_eq!(book.ports.mailer.sent().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mail_is_dropped_after_three_days(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    deliver(&book).await;
    book.ports.clock.advance_seconds(3 * DAY - 1);
    assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck);
    assert_eq!(book.count("bookplate_mails").await, 1);
    book.ports.clock.advance_seconds(60);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(None));
    assert_eq!(book.count("bookplate_mails").await, 0);
    assert!(book.ports.mailer.sent().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn permanently_rejected_mail_is_dropped(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForGood);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(None));
    assert_eq!((book.ports.mailer.tries(), book.count("bookplate_mails").await), (1, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn retried_mail_keeps_its_message_id(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    deliver(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    book.ports.clock.advance_seconds(15);
    deliver(&book).await;
    let ids = book.ports.mailer.tried_ids();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "so that a letter sent twice is seen as one");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_no_mail(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    deliver(&book).await;
    book.services.accounts.send_verification(&email("ada"), "/", None, &ClientInfo::default()).await.unwrap();
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    book.ports.clock.advance_seconds(15);
    let later = book.restarted(settings()).await;
    assert_eq!(later.mail.deliver().await.unwrap(), DeliveryOutcome::UpTo(None));
    let mut kinds: Vec<String> = book.ports.mailer.sent().into_iter().map(|mail| mail.kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["reset-password", "verify-email"], "the letter and the one still to be written");
}

/// The mail server says nothing, and a carrier waits for it. Were a request to wait too, this would never end.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_request_waits_for_the_mail_server(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    book.ports.mailer.set_behavior(MailerBehavior::Hangs);
    let signed_in = book.reader("ada").await;
    let carrier = tokio::spawn({
        let book = book.clone();
        async move { deliver(&book).await }
    });
    while book.ports.mailer.tries() == 0 {
        tokio::task::yield_now().await;
    }
    book.enters("ada", &ClientInfo::default()).await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    book.services
        .accounts
        .send_verification(&email("ada"), "/", Some(&signed_in.user), &ClientInfo::default())
        .await
        .unwrap();
    assert!(!carrier.is_finished());
    assert!(book.ports.mailer.sent().is_empty());
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    assert_eq!(carrier.await.unwrap(), DeliveryOutcome::UpTo(None));
    assert_eq!(book.ports.mailer.sent().len(), 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_workers_send_each_mail_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    for number in 0..12 {
        book.reader(&format!("reader{number}")).await;
    }
    let mut carriers = JoinSet::new();
    for _ in 0..6 {
        let book = book.clone();
        carriers.spawn(async move { deliver(&book).await });
    }
    carriers.join_all().await;
    deliver(&book).await;
    let mut sent: Vec<String> = book.ports.mailer.sent().into_iter().map(|mail| mail.to).collect();
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), book.ports.mailer.tries()), (12, 12));
    assert_eq!(book.count("bookplate_links").await, 12);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_crashed_worker_is_sent_by_another(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Arc::new(Book::open(database).await);
    book.reader("ada").await;
    book.ports.mailer.set_behavior(MailerBehavior::Hangs);
    let carrier = tokio::spawn({
        let book = book.clone();
        async move { deliver(&book).await }
    });
    while book.ports.mailer.tries() == 0 {
        tokio::task::yield_now().await;
    }
    carrier.abort();
    assert!(carrier.await.unwrap_err().is_cancelled());
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    book.ports.clock.advance_seconds(119);
    let due = FixedClock::START.plus_seconds(120);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(Some(due)), "it might live");
    book.ports.clock.advance_seconds(1);
    assert_eq!(deliver(&book).await, DeliveryOutcome::UpTo(None));
    assert_eq!(book.ports.mailer.sent().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn queued_mail_is_encrypted_and_deleted_when_sent(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    for name in ["ada", "nobody"] {
        book.services
            .accounts
            .request_password_reset(&email(name), "/", &ClientInfo::default())
            .await
            .unwrap();
    }
    let mails = async || book.database.rows_of("bookplate_mails").await.join("\n");
    assert!(!mails().await.contains("example.com") && !mails().await.contains("ResetPassword"));
    assert!(book.database.rows_holding("nobody@example.com").await.is_empty());
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    deliver(&book).await;
    deliver(&book).await;
    assert_eq!(book.count("bookplate_links").await, 2, "the letters are written");
    assert!(!mails().await.contains("example.com") && !mails().await.contains("reset-password"));
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    book.ports.clock.advance_seconds(15);
    for mail in book.mail().await {
        let token = mail.link.unwrap().token;
        assert!(token.len() >= 22, "128 bits at least: {token}");
        assert_eq!(book.database.rows_holding(&token).await, Vec::<String>::new(), "only its hash is stored");
    }
    assert_eq!(book.count("bookplate_mails").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mail_of_the_previous_secret_is_sent_and_of_an_unknown_secret_dropped(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    waiting(&book).await;
    let later = book.restarted(with_new_secret(true)).await;
    assert_eq!(later.mail.deliver().await.unwrap(), DeliveryOutcome::UpTo(None));
    assert_eq!(book.posted().await, [("reset-password".into(), "ada@example.com".into())]);
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    let without = book.restarted(with_new_secret(false)).await;
    assert_eq!(without.mail.deliver().await.unwrap(), DeliveryOutcome::UpTo(None));
    assert!(book.posted().await.is_empty());
    assert_eq!(book.count("bookplate_mails").await, 0);
}

fn few_mails() -> Settings {
    let recipient = Some(Quota { count: 2, seconds: 3600 });
    Settings { limits: LimitSettings { recipient, ..LimitSettings::default() }, ..settings() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_27_mails_to_one_recipient_are_limited(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, few_mails()).await;
    book.reader("grace").await;
    let ada = book.reader("ada").await;
    assert_eq!(book.mail().await.len(), 2, "one each, to prove the address");
    for _ in 0..5 {
        book.services.accounts.request_password_reset(&email("ada"), "/", &book.browser()).await.unwrap();
        book.services
            .accounts
            .send_verification(&email("ada"), "/", None, &ClientInfo::default())
            .await
            .unwrap();
    }
    let kinds: Vec<String> = book.posted().await.into_iter().map(|(kind, _)| kind).collect();
    let of_kind = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    assert_eq!(of_kind("verify-email"), 1, "the second within the hour: {kinds:?}");
    assert_eq!((of_kind("reset-password"), kinds.len()), (2, 3), "each kind for itself: {kinds:?}");
    assert_eq!(book.count("bookplate_mails").await, 0, "the others are dropped, not kept");
    let outcomes = book.happened(&ada.user.id).await;
    let dropped = ("password-reset-request".to_owned(), "enough-mail".to_owned());
    assert_eq!(outcomes.iter().filter(|event| **event == dropped).count(), 3, "{outcomes:?}");
    book.services
        .accounts
        .request_password_reset(&email("grace"), "/", &ClientInfo::default())
        .await
        .unwrap();
    assert_eq!(book.posted().await, [("reset-password".into(), "grace@example.com".into())]);
    book.ports.clock.advance_seconds(3600);
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    assert_eq!(book.posted().await, [("reset-password".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_27_notices_are_not_limited_by_requests_of_strangers(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, few_mails()).await;
    book.reader("ada").await;
    for _ in 0..5 {
        book.services.accounts.request_password_reset(&email("ada"), "/", &book.browser()).await.unwrap();
    }
    book.mail().await;
    book.enters("ada", &book.browser()).await;
    assert_eq!(book.posted().await, [("new-device".into(), "ada@example.com".into())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_27_notices_of_one_kind_are_limited_and_retries_not_counted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, few_mails()).await;
    book.reader("ada").await;
    book.reader("grace").await;
    book.mail().await;
    // Five tries of one notice, which would be more than enough if each were counted.
    book.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
    book.enters("ada", &book.browser()).await;
    for pause in [15, 60, 300, 1200] {
        assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck, "{pause:?}");
        book.ports.clock.advance_seconds(pause);
    }
    assert_eq!(deliver(&book).await, DeliveryOutcome::Stuck);
    book.ports.mailer.set_behavior(MailerBehavior::Takes);
    for _ in 0..5 {
        book.enters("ada", &book.browser()).await;
    }
    assert_eq!(book.posted().await, [("new-device".into(), "ada@example.com".into())], "the second");
    book.ports.clock.advance_seconds(3600);
    assert_eq!(book.posted().await, [("new-device".into(), "ada@example.com".into())], "the first, late");
    assert_eq!(book.count("bookplate_mails").await, 0, "the others are dropped, not kept");
    book.enters("ada", &book.browser()).await;
    book.enters("grace", &book.browser()).await;
    assert_eq!(book.mail().await.len(), 2, "another hour, another reader");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_mail_is_queued_without_a_mailer(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let ports = domain::Ports { mailer: None, ..TestPorts::default().ports() };
    let services = Services::open(Database::clone(&database), ports, settings()).await.unwrap();
    let signed_in = entered(services.accounts.sign_up(sign_up("ada"), &ClientInfo::default()).await.unwrap());
    assert!(!services.mail.is_enabled());
    let asked = services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await;
    assert!(matches!(asked, Err(domain::RequestResetError::NoMail)), "{asked:?}");
    let asked = services.accounts.send_verification(&email("ada"), "/", None, &ClientInfo::default()).await;
    assert!(matches!(asked, Err(domain::SendVerificationError::NoMail)), "{asked:?}");
    let asked = services.accounts.change_email(&email("new"), "/", &signed_in, &ClientInfo::default()).await;
    assert!(matches!(asked, Err(domain::ChangeEmailError::NoMail)), "{asked:?}");
    assert_eq!(database.number("select count(*) from bookplate_mails").await, 0);
    let gone = domain::DeleteAccount::default();
    services.accounts.delete(gone, &signed_in, &ClientInfo::default()).await.unwrap();
    assert_eq!(database.number("select count(*) from bookplate_mails").await, 0);
}
