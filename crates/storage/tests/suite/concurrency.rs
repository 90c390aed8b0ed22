use rstest::rstest;
use std::sync::Arc;

use storage::{Database, SessionRecordStore};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::{account, count, key, open, opening, patiently, record, session, signed_up};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_twenty_sign_ups_of_one_address_at_once_exactly_one_is_stored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let mut account = account(number);
            account.user.email = "same@example.com".into();
            let session = session(&account.user.id, number);
            let (opening, record) = (opening(&session), record());
            patiently(|| database.create_account(&account, Some(&opening), &record)).await
        });
    }
    let stored = tasks.join_all().await;
    assert_eq!(stored.into_iter().filter(|stored| *stored).count(), 1);
    for table in ["bookplate_users", "bookplate_accounts", "bookplate_sessions"] {
        assert_eq!(count(&database, table).await, 1, "{table}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_sign_ups_at_once_none_is_lost(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let account = account(number);
            let session = session(&account.user.id, number);
            let (opening, record) = (opening(&session), record());
            patiently(|| database.create_account(&account, Some(&opening), &record)).await
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|stored| stored));
    for table in ["bookplate_users", "bookplate_accounts", "bookplate_sessions"] {
        assert_eq!(count(&database, table).await, 200, "{table}");
    }
}

/// Each reads the name, adds a letter and writes it, again when another was faster.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_changes_of_one_profile_at_once_none_is_lost(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let mut empty = user.clone();
    empty.name = String::new();
    empty.updated_at = user.updated_at.plus_seconds(1);
    assert!(database.update_profile(&empty, user.updated_at).await.unwrap());
    // Few connections: with many, most of the work is reading again what another has just changed.
    let program = Database::connect(database.url(), 5).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let database = program.clone();
        tasks.spawn(async move {
            loop {
                let read = database.find_user("reader-1").await.unwrap().unwrap();
                let mut changed = read.clone();
                changed.name.push('x');
                changed.updated_at = read.updated_at.plus_seconds(1);
                if database.update_profile(&changed, read.updated_at).await.unwrap() {
                    break;
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(database.find_user("reader-1").await.unwrap().unwrap().name.len(), 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_replaced_by_many_at_once_ends_once_and_all_others_open(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut tasks = JoinSet::new();
    for number in 2..42 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let session = session("reader-1", number);
            assert!(patiently(|| open(&database, &session, Some("handle-1"))).await, "{number:?}");
        });
    }
    tasks.join_all().await;
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert_eq!(count(&database, "bookplate_sessions").await, 40);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_what_is_saved_while_the_session_ends_never_outlives_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let store = SessionRecordStore::new(&database).await.unwrap();
    store.open(key(1)).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (store, database) = (Arc::clone(&store), Database::clone(&database));
        tasks.spawn(async move {
            if number == 10 {
                database.end_session("handle-1").await.unwrap();
                return;
            }
            let browser = store.browser(key(1));
            // Either is right, depending on who comes first; a fault that stays behind is not.
            let _ = browser.insert("note", number).await;
            let _ = browser.save().await;
        });
    }
    tasks.join_all().await;
    assert_eq!(count(&database, "bookplate_session_records").await, 0);
}
