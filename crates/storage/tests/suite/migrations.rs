use rstest::rstest;
use storage::{Database, MigrateError};
use testkit::databases::{Kind, TestDatabase};
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, signed_up};

async fn schema(database: &TestDatabase) -> (Vec<String>, Vec<String>) {
    (database.tables().await, database.rows().await)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.empty().await;
    let ran = database.migrate(NOW.millis()).await.unwrap();
    assert!(ran >= 1);
    signed_up(&database, 1).await;
    let before = schema(&database).await;
    assert_eq!(database.migrate(NOW.millis() + 1).await.unwrap(), 0);
    assert_eq!(schema(&database).await, before);
    let recorded = database.rows_of("bookplate_migrations").await;
    assert_eq!(recorded.len(), ran);
    assert!(recorded[0].contains(&NOW.millis().to_string()), "{recorded:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn programs_that_start_at_once_on_a_fresh_database_run_each_migration_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    let mut programs = JoinSet::new();
    for _ in 0..8 {
        let url = database.url().to_owned();
        programs.spawn(async move {
            let program = Database::connect(&url, 2).await.unwrap();
            let ran = program.migrate(NOW.millis()).await.unwrap();
            program.close().await;
            ran
        });
    }
    let ran = programs.join_all().await;
    assert_eq!(ran.iter().filter(|ran| **ran > 0).count(), 1, "{ran:?}");
    let recorded = count(&database, "bookplate_migrations").await;
    assert_eq!(i64::try_from(ran.iter().sum::<usize>()).unwrap(), recorded);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_newer_than_the_program_is_refused_untouched(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    let known = i64::try_from(database.migrate(NOW.millis()).await.unwrap()).unwrap();
    signed_up(&database, 1).await;
    database
        .arrange("insert into bookplate_migrations values (4711, 'from the future', 'checksum', 1)")
        .await;
    let before = schema(&database).await;
    let refused = database.migrate(NOW.millis()).await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::Newer { found: 4711, known: last } if last >= known),
        "{refused:?}"
    );
    let sentence = refused.to_string();
    assert!(sentence.contains("newer Bookplate") && sentence.contains("4711"), "{sentence}");
    assert_eq!(schema(&database).await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_an_altered_migration_is_refused_untouched(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    database.migrate(NOW.millis()).await.unwrap();
    database.arrange("update bookplate_migrations set checksum = 'another' where version = 1").await;
    let before = schema(&database).await;
    let refused = database.migrate(NOW.millis()).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Altered { version: 1 }), "{refused:?}");
    assert!(refused.to_string().starts_with("migration 1 of this database"), "{refused}");
    assert_eq!(schema(&database).await, before);
}

/// A table of this name is in the way of the first migration, after it has made others.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_the_schema_as_it_was(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    database.arrange("create table bookplate_signing_keys (id text)").await;
    let failed = database.migrate(NOW.millis()).await.unwrap_err();
    assert!(matches!(failed, MigrateError::Database(_)), "{failed:?}");
    assert_eq!(database.tables().await, ["bookplate_signing_keys"]);
    database.arrange("drop table bookplate_signing_keys").await;
    assert!(database.migrate(NOW.millis()).await.unwrap() >= 1);
}
