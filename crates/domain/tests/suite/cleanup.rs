//! Periodic cleanup.

use domain::{CleanupCounts, ClientInfo, NewUser, Retention, Settings, contract::PersonName};
use rstest::rstest;
use testkit::databases::Kind;

use crate::{
    data_export::{copy, lived_in, marks},
    fixtures::book::{Book, DAY, PASSWORD, email, settings, sign_in},
};

fn kept_for(events_days: u32, unverified_days: Option<u32>) -> Settings {
    Settings { retention: Retention { events_days, unverified_days, ..Retention::default() }, ..settings() }
}

fn new(name: &str, email_verified: bool) -> NewUser {
    NewUser { email: email(name), name: PersonName::parse(name).unwrap(), password: None, email_verified }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_rows_are_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, kept_for(30, Some(7))).await;
    book.reader("ada").await;
    book.services.admin.create(new("never", false)).await.unwrap();
    book.services.admin.create(new("grace", true)).await.unwrap();
    book.mail().await;
    book.ports.clock.advance_seconds(7 * DAY);
    let swept = book.services.run_maintenance().await.unwrap();
    assert_eq!((swept.sessions, swept.links, swept.accounts), (1, 1, 0), "not before the day is over");
    book.ports.clock.advance_seconds(1);
    let swept = book.services.run_maintenance().await.unwrap();
    assert_eq!(swept.accounts, 2, "ada and never, to whom nobody is signed in");
    assert!(book.services.admin.find("grace@example.com").await.is_ok());
    let events = book.count("bookplate_events").await;
    book.ports.clock.advance_seconds(23 * DAY);
    assert_eq!(book.services.run_maintenance().await.unwrap().events, u64::try_from(events).unwrap());
    assert_eq!(book.count("bookplate_events").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_sessions_links_and_counts_are_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, kept_for(365, None)).await;
    let (signed_in, _) = lived_in(&book).await;
    let limits = book.count("bookplate_limits").await;
    assert!(limits > 0);
    assert_eq!(
        book.services.cleanup.run().await.unwrap(),
        CleanupCounts::default(),
        "nothing has served its time"
    );

    book.ports.clock.advance_seconds(7 * DAY - 60);
    let swept = book.services.cleanup.run().await.unwrap();
    let limits = u64::try_from(limits).unwrap();
    assert_eq!(
        swept,
        CleanupCounts {
            sessions: 1,
            links: 2,
            limits,
            conversations: 1,
            requests: 1,
            ..CleanupCounts::default()
        }
    );
    assert!(!book.lives(&signed_in).await);
    assert_eq!(book.count("bookplate_sessions").await, 1, "the phone's, a minute younger");
    assert_eq!(book.count("bookplate_session_records").await, 1);
    book.ports.clock.advance_seconds(60);
    let swept = book.services.cleanup.run().await.unwrap();
    assert_eq!(swept, CleanupCounts { sessions: 1, ..CleanupCounts::default() });
    assert_eq!(book.count("bookplate_users").await, 1, "accounts stay unless a time is set");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unverified_accounts_are_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, kept_for(365, Some(7))).await;
    let (signed_in, _) = lived_in(&book).await;
    book.reader("grace").await;
    book.reader("edith").await;
    let proved = "update bookplate_users set email_verified = true, unverified_since = null
        where email = 'grace@example.com'";
    book.database.arrange(proved).await;
    book.ports.clock.advance_seconds(6 * DAY);
    let edith =
        book.services.accounts.sign_in(sign_in("edith", PASSWORD), &ClientInfo::default()).await.unwrap();
    assert_eq!(book.services.cleanup.run().await.unwrap().accounts, 0, "not yet");

    book.ports.clock.advance_seconds(DAY + 60);
    let events = book.count("bookplate_events").await;
    assert_eq!(book.services.cleanup.run().await.unwrap().accounts, 1);
    for mark in marks(&signed_in) {
        assert_eq!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
    assert_eq!(book.count("bookplate_events").await, events);
    let left =
        "select count(*) from bookplate_users where email in ('grace@example.com', 'edith@example.com')";
    assert_eq!((book.count("bookplate_users").await, book.database.number(left).await), (2, 2));
    assert!(book.lives(&edith).await, "who is signed in is not thrown out");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn old_audit_events_are_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, kept_for(30, None)).await;
    let reader = book.reader("grace").await;
    book.ports.clock.advance_seconds(DAY);
    copy(&book, &reader).await;
    book.ports.clock.advance_seconds(29 * DAY);
    assert_eq!(book.services.cleanup.run().await.unwrap().events, 0, "thirty days old to the second");
    book.ports.clock.advance_seconds(1);
    assert_eq!(book.services.cleanup.run().await.unwrap().events, 1);
    let left = book.database.events_of(&reader.user.id, 10).await.unwrap();
    assert_eq!(left.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["export"]);
}
