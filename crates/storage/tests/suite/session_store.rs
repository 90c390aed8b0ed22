use rstest::rstest;
use std::{collections::HashMap, sync::Arc};

use serde_json::json;
use storage::{RecordKey, SessionRecordStore};
use testkit::databases::{Kind, TestDatabase};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
};

use crate::fixtures::{count, key, open, session, signed_up};

const TABLE: &str = "bookplate_session_records";

fn id(key: RecordKey) -> Id {
    let bytes = u128::from_str_radix(&key.hex(), 16).unwrap().to_be_bytes();
    Id(i128::from_le_bytes(bytes))
}

fn record(key: RecordKey, note: &str) -> Record {
    let data = HashMap::from([("note".to_owned(), json!(note))]);
    Record { id: id(key), data, expiry_date: OffsetDateTime::UNIX_EPOCH }
}

async fn store(database: &TestDatabase) -> Arc<SessionRecordStore> {
    signed_up(database, 1).await;
    let store = SessionRecordStore::new(database).await.unwrap();
    store.open(key(1)).await.unwrap();
    store
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_data_of_a_record_is_loaded_again(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    let browser = Arc::clone(&store).browser(key(1));
    browser.insert("note", "to the reader").await.unwrap();
    browser.save().await.unwrap();

    let elsewhere = SessionRecordStore::new(&database.reopen().await).await.unwrap().browser(key(1));
    assert_eq!(elsewhere.get::<String>("note").await.unwrap().as_deref(), Some("to the reader"));
    assert_eq!(elsewhere.remove::<String>("note").await.unwrap().as_deref(), Some("to the reader"));
    elsewhere.save().await.unwrap();
    assert_eq!(Arc::clone(&store).browser(key(1)).get::<String>("note").await.unwrap(), None);
    assert_eq!(count(&database, TABLE).await, 1);
}

/// The stored bytes hold an id too: were it the hashed one, tower-sessions would go on with the wrong name.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_loaded_under_the_id_it_was_saved_under(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    store.save(&record(key(1), "kept")).await.unwrap();
    let loaded = store.load(&id(key(1))).await.unwrap().unwrap();
    assert_eq!(loaded.id, id(key(1)));
    assert_eq!(loaded.data["note"], json!("kept"));
    store.save(&loaded).await.unwrap();
    assert_eq!(count(&database, TABLE).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_do_not_share_a_record(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    assert!(open(&database, &session("reader-1", 2), None).await.unwrap());
    store.open(key(2)).await.unwrap();
    store.save(&record(key(1), "first")).await.unwrap();
    store.save(&record(key(2), "second")).await.unwrap();
    let note = async |number| Arc::clone(&store).browser(key(number)).get::<String>("note").await.unwrap();
    assert_eq!(note(1).await.as_deref(), Some("first"));
    assert_eq!(note(2).await.as_deref(), Some("second"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_table_contains_neither_the_key_nor_the_handle(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    store.save(&record(key(1), "kept")).await.unwrap();
    let plain = id(key(1));
    let (little, big) = (plain.0.to_le_bytes(), plain.0.to_be_bytes());
    for secret in [&little[..], &big, key(1).hex().as_bytes(), plain.to_string().as_bytes()] {
        assert_eq!(database.rows_holding(secret).await, Vec::<String>::new(), "{secret:x?}");
    }
    let rows = database.rows_of(TABLE).await;
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains("handle-1") && rows[0].contains(&key(1).stored_id()), "{rows:?}");
    assert_eq!(
        database.rows_holding("kept").await,
        rows.iter().map(|it| format!("{TABLE}: {it}")).collect::<Vec<_>>()
    );
}

/// tower-sessions gives a record two weeks, and its store compares with the system clock.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_does_not_expire_by_itself(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    assert!(database.rows_of(TABLE).await[0].contains("9999-12-31"));
    store.save(&record(key(1), "long past")).await.unwrap();
    assert!(database.rows_of(TABLE).await[0].contains("9999-12-31"));
    Arc::clone(&store).browser(key(1)).save().await.unwrap();
    assert!(database.rows_of(TABLE).await[0].contains("9999-12-31"));
    assert!(store.load(&id(key(1))).await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_belongs_to_a_session(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    assert!(store.open(key(2)).await.is_err());
    assert!(store.create(&mut record(key(2), "orphan")).await.is_err());
    assert!(store.save(&record(key(2), "orphan")).await.is_err());
    assert_eq!(count(&database, TABLE).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_saving_after_the_session_has_ended_is_refused_and_revives_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    let loaded = store.load(&id(key(1))).await.unwrap().unwrap();
    let browser = Arc::clone(&store).browser(key(1));
    browser.insert("note", "too late").await.unwrap();
    database.end_session("handle-1").await.unwrap();
    assert!(store.save(&loaded).await.is_err());
    assert!(browser.save().await.is_err());
    assert_eq!(count(&database, TABLE).await, 0);
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(store.load(&id(key(1))).await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_has_no_record_and_cannot_save_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    store.save(&record(key(1), "kept")).await.unwrap();
    database.end_session("handle-1").await.unwrap();
    let browser = Arc::clone(&store).browser(key(1));
    assert_eq!(browser.get::<String>("note").await.unwrap(), None);
    browser.insert("note", "too late").await.unwrap();
    assert!(browser.save().await.is_err());
    assert_eq!(count(&database, TABLE).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_created_once_and_a_second_attempt_changes_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    store.save(&record(key(1), "first")).await.unwrap();
    assert!(store.open(key(1)).await.is_err());
    let mut second = record(key(1), "second");
    assert!(store.create(&mut second).await.is_err());
    assert_eq!(second.id, id(key(1)), "no other id is drawn");
    assert_eq!(store.load(&id(key(1))).await.unwrap().unwrap().data["note"], json!("first"));
    assert_eq!(count(&database, TABLE).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_record_is_gone_and_its_session_is_not(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    store.delete(&id(key(1))).await.unwrap();
    assert!(store.load(&id(key(1))).await.unwrap().is_none());
    assert!(database.find_session("handle-1").await.unwrap().is_some());
    store.delete(&id(key(1))).await.unwrap();
}

/// The stored name is no key: whoever reads the table cannot ask for a record by it.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn another_key_finds_no_record(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = store(&database).await;
    let stored: Id = key(1).stored_id().parse().unwrap();
    assert!(store.load(&stored).await.unwrap().is_none());
    assert!(store.load(&id(key(2))).await.unwrap().is_none());
}
