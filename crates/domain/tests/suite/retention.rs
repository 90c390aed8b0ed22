//! Retention of conversations and of accounts that nobody uses.

use domain::{CleanupCounts, ClientInfo, Renewal, Retention, Settings};
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use crate::{
    data_export::{copy, lived_in, marks},
    fixtures::{
        book::{Book, DAY, settings},
        conversations::{append, create, text},
    },
};

fn keeping_accounts(days: u32) -> Settings {
    let retention = Retention { idle_account_days: Some(days), ..Retention::default() };
    Settings { retention, ..settings() }
}

fn keeping_conversations(days: u32) -> Settings {
    let retention = Retention { conversation_days: Some(days), ..Retention::default() };
    Settings { retention, ..settings() }
}

/// The accounts that a run deletes.
async fn retired(book: &Book) -> u64 {
    book.services.run_maintenance().await.unwrap().accounts
}

fn told(name: &str) -> (String, String) {
    ("idle-account".to_owned(), format!("{name}@example.com"))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_account_is_deleted_thirty_days_after_a_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_accounts(90)).await;
    let (ada, _) = lived_in(&book).await;
    book.mail().await;
    // The session is used a last time on the first day.
    book.ports.clock.advance_seconds(60 * DAY - 60);
    assert_eq!((retired(&book).await, book.posted().await), (0, vec![]), "not before sixty days are over");
    book.ports.clock.advance_seconds(DAY);
    assert_eq!(retired(&book).await, 0);
    let mails = book.mail().await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((mail.kind.as_str(), mail.to.as_str()), ("idle-account", ada.user.email.as_str()));
    let day = book.services.cleanup.now().plus_seconds(30 * DAY).day();
    let text = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&format!("On {day} it is deleted")), "{text}");
    assert!(mail.text.contains("https://book.example/sign-in"), "{}", mail.text);
    assert!(book.happened(&ada.user.id).await.contains(&("idle-notice".into(), "done".into())));
    assert_eq!((retired(&book).await, book.posted().await), (0, vec![]), "told once");

    book.ports.clock.advance_seconds(30 * DAY - 1);
    assert_eq!(retired(&book).await, 0, "thirty days are not over");
    book.ports.clock.advance_seconds(1);
    assert_eq!(retired(&book).await, 1);
    assert_eq!(book.posted().await, [("idle-account-deleted".into(), ada.user.email.clone())]);
    for mark in marks(&ada) {
        assert_eq!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
    let anonymous = "select count(*) from bookplate_events where kind = 'deletion' and user_id is null";
    assert_eq!(book.database.number(anonymous).await, 1, "recorded like a reader's own deletion");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_when_the_account_was_last_used_and_when_its_deletion_was_announced(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, keeping_accounts(60)).await;
    let ada = book.reader("ada").await;
    let used = async || {
        let profile = copy(&book, &ada).await.profile;
        (profile.last_active_at, profile.idle_notice_at)
    };
    let start = ada.user.created_at;
    assert_eq!(used().await, (start, None));
    book.ports.clock.advance_seconds(31 * DAY);
    retired(&book).await;
    book.mail().await;
    let told_at = start.plus_seconds(31 * DAY);
    assert_eq!(used().await, (start, Some(told_at)));
    book.ports.clock.advance_seconds(DAY);
    book.enters("ada", &ClientInfo::default()).await;
    assert_eq!(used().await, (start.plus_seconds(32 * DAY), None));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_in_keeps_an_account(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_accounts(60)).await;
    book.reader("ada").await;
    book.reader("grace").await;
    book.ports.clock.advance_seconds(31 * DAY);
    retired(&book).await;
    let mut posted = book.posted().await;
    posted.retain(|(kind, _)| kind == "idle-account");
    posted.sort();
    assert_eq!(posted, [told("ada"), told("grace")]);
    book.ports.clock.advance_seconds(29 * DAY);
    book.enters("ada", &ClientInfo::default()).await;
    book.ports.clock.advance_seconds(2 * DAY);
    assert_eq!(retired(&book).await, 1, "grace's");
    assert!(book.services.admin.find("ada@example.com").await.is_ok());
    book.mail().await;
    // Who was there is told anew before the next deletion, and only then.
    book.ports.clock.advance_seconds(28 * DAY);
    retired(&book).await;
    assert_eq!(book.posted().await, []);
    book.ports.clock.advance_seconds(DAY + 60);
    assert_eq!(retired(&book).await, 0);
    assert_eq!(book.posted().await, [told("ada")]);
    book.ports.clock.advance_seconds(30 * DAY);
    assert_eq!(retired(&book).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn using_a_session_keeps_an_account(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_accounts(60)).await;
    let ada = book.reader("ada").await;
    book.mail().await;
    for _ in 0..14 {
        book.ports.clock.advance_seconds(6 * DAY);
        assert!(book.resolve(&ada, Renewal::WhenDue).await.is_some());
        assert_eq!(retired(&book).await, 0);
    }
    assert_eq!(book.posted().await, [], "84 days of use, with one sign-in");
    // The session ends, and its last use counts.
    book.ports.clock.advance_seconds(29 * DAY);
    assert_eq!((retired(&book).await, book.posted().await), (0, vec![]));
    assert_eq!(book.count("bookplate_sessions").await, 0);
    book.ports.clock.advance_seconds(2 * DAY);
    retired(&book).await;
    assert_eq!(book.posted().await, [told("ada")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_deleted_without_a_mail_that_fits(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_accounts(60)).await;
    book.reader("ada").await;
    book.reader("banned").await;
    let banned = book.services.admin.find("banned@example.com").await.unwrap();
    book.services.admin.ban(&banned, None, None).await.unwrap();
    book.mail().await;
    // Long after both days, as when the setting is new: the mail comes first.
    book.ports.clock.advance_seconds(200 * DAY);
    assert_eq!(retired(&book).await, 0);
    assert_eq!(book.posted().await, [told("ada")], "a ban outlives the patience of who got it");
    // Kept for longer from now on, so that the mail named another day.
    let longer = book.restarted(keeping_accounts(400)).await;
    book.ports.clock.advance_seconds(100 * DAY);
    assert_eq!(longer.run_maintenance().await.unwrap().accounts, 0);
    book.ports.clock.advance_seconds(80 * DAY);
    assert_eq!(longer.run_maintenance().await.unwrap().accounts, 0);
    longer.mail.deliver().await.unwrap();
    assert_eq!(book.posted().await, [told("ada")], "thirty days before the new day");
    book.ports.clock.advance_seconds(19 * DAY);
    assert_eq!(longer.run_maintenance().await.unwrap().accounts, 0);
    book.ports.clock.advance_seconds(12 * DAY);
    assert_eq!(longer.run_maintenance().await.unwrap().accounts, 1);
    assert_eq!(book.count("bookplate_users").await, 1, "the banned one");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn idle_accounts_go_in_batches_and_of_two_servers_one_tells_and_deletes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_accounts(60)).await;
    for number in 0..60 {
        book.reader(&format!("reader{number}")).await;
    }
    book.mail().await;
    let other = book.restarted(keeping_accounts(60)).await;
    let both = async || {
        let (one, two) = tokio::join!(book.services.run_maintenance(), other.run_maintenance());
        one.unwrap().accounts + two.unwrap().accounts
    };
    book.ports.clock.advance_seconds(31 * DAY);
    both().await;
    let mails = book.mail().await.len();
    assert!((50..=60).contains(&mails), "{mails}");
    both().await;
    assert_eq!(mails + book.mail().await.len(), 60, "each is told once");
    book.ports.clock.advance_seconds(31 * DAY);
    let mut deleted = both().await;
    assert!((50..=60).contains(&deleted), "{deleted}");
    deleted += both().await;
    assert_eq!((deleted, book.count("bookplate_users").await), (60, 0));
    assert_eq!(book.mail().await.len(), 60);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_conversations_are_kept_unless_a_time_is_set(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await;
    create(&book, &ada.user.id, json!({ "id": "old" })).await;
    book.mail().await;
    book.ports.clock.advance_seconds(3000 * DAY);
    let removed = book.services.run_maintenance().await.unwrap();
    assert_eq!((removed.accounts, removed.conversations), (0, 0));
    assert_eq!(book.posted().await, []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_removed_some_days_after_its_last_message(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_conversations(30)).await;
    let ada = book.reader("ada").await.user.id;
    for id in ["old", "used"] {
        create(&book, &ada, json!({ "id": id })).await;
        append(&book, &ada, id, &[text("q1", "user", "Rhabarberbarbara")], None).await;
    }
    book.ports.clock.advance_seconds(20 * DAY);
    append(&book, &ada, "used", &[text("q2", "user", "Once more")], None).await;
    let removed = async || book.services.cleanup.run().await.unwrap().conversations;
    book.ports.clock.advance_seconds(10 * DAY);
    assert_eq!(removed().await, 0, "thirty days old to the second");
    book.ports.clock.advance_seconds(3600);
    assert_eq!(removed().await, 1);
    assert_eq!(book.count("bookplate_messages").await, 2, "the other's");
    // What is old is looked for once an hour.
    book.database.arrange("update bookplate_conversations set active_at = 1").await;
    assert_eq!(removed().await, 0);
    book.ports.clock.advance_seconds(3600);
    assert_eq!(removed().await, 1);
    let counts = book.services.cleanup.run().await.unwrap();
    assert_eq!(counts, CleanupCounts::default());
    assert_eq!(
        book.database.rows_holding("Rhabarberbarbara").await,
        Vec::<String>::new(),
        "not in the index either"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_old_conversations_are_removed_in_several_runs(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, keeping_conversations(30)).await;
    let ada = book.reader("ada").await.user.id;
    for number in 0..1030 {
        create(&book, &ada, json!({ "id": format!("c{number}") })).await;
    }
    book.ports.clock.advance_seconds(31 * DAY);
    let removed = async || book.services.cleanup.run().await.unwrap().conversations;
    assert_eq!((removed().await, removed().await, removed().await), (1000, 30, 0));
}
