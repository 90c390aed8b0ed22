use std::time::Duration;

use rstest::rstest;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use storage::{Database, StorageError};
use testkit::databases::{Kind, on_empty, on_migrated, with_paused_time};
use tokio::time::advance;

use crate::fixtures::{open, patiently, record, session, signed_up};

const PASSWORD: &str = "correct-horse-battery";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_database_is_unavailable_rather_than_faulty(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    database.close().await;
    let refused = database.find_user("reader-1").await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    let refused = open(&database, &session("reader-1", 1), None).await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_after_a_restart(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.close().await;
    let restarted = database.reopen().await;
    assert!(restarted.find_session("handle-1").await.unwrap().is_some());
}

#[test]
fn a_server_that_ended_all_connections_is_used_again() {
    on_migrated(Kind::Postgres, async |database| {
        signed_up(&database, 1).await;
        let other = database.reopen().await;
        let Database::Postgres(pool) = &other else { panic!("asked for PostgreSQL") };
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()";
        sqlx::query(end).execute(&*pool.acquire_sqlx_pool().await.unwrap()).await.unwrap();
        // The first may meet a connection that was used a moment ago; it takes all the others along.
        let first = database.find_user("reader-1").await;
        assert!(matches!(first, Ok(Some(_)) | Err(StorageError::Unavailable(_))), "{first:?}");
        assert!(database.find_user("reader-1").await.unwrap().is_some());
    });
}

#[test]
fn connections_that_are_not_used_are_closed_without_a_word() {
    with_paused_time(Kind::Postgres, async |database| {
        let (database, proxy) = database.behind_proxy().await;
        signed_up(&database, 1).await;
        proxy.settled().await;
        let (open, messages) = (proxy.open_connections(), proxy.messages());
        assert!(open > 0);
        advance(Duration::from_secs(80)).await;
        proxy.settled().await;
        assert_eq!(proxy.open_connections(), open);
        advance(Duration::from_secs(11)).await;
        proxy.settled().await;
        assert_eq!(proxy.messages(), messages, "no ping");
        // The server leaves, too, and takes its time.
        while proxy.open_connections() >= open {
            tokio::task::yield_now().await;
        }
        assert!(database.find_user("reader-1").await.unwrap().is_some());
    });
}

#[tokio::test]
async fn uses_are_told_of_but_for_those_in_the_background() {
    let database = Kind::Sqlite.migrated().await;
    let mut uses = database.activity().subscribe();
    database.find_user("reader-1").await.unwrap();
    assert!(uses.has_changed().unwrap());
    uses.mark_unchanged();
    storage::in_background(database.find_user("reader-1")).await.unwrap();
    assert!(!uses.has_changed().unwrap());
}

/// A request that is given up leaves its connection in the middle of something; nobody else may meet that.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_dropped_in_the_middle_leaves_no_transaction_open(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for turns in 0..80 {
        let (given_up, carried_out) = (record(), record());
        let ended = database.revoke_sessions("reader-1", None, &given_up);
        let patience = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { biased; ended = ended => ended.unwrap(), () = patience => {} }
        assert!(database.find_user("reader-1").await.unwrap().is_some(), "{turns:?}");
        patiently(|| database.revoke_sessions("reader-1", None, &carried_out)).await;
    }
}

#[test]
fn a_failure_to_connect_names_the_database_and_not_the_password() {
    on_empty(Kind::Postgres, async |database| {
        let options: PgConnectOptions = database.url().parse().unwrap();
        let url = options.password(PASSWORD).database("no_such_database").to_url_lossy();
        let error = Database::connect(url.as_str(), 1).await.unwrap_err().to_string();
        assert!(error.contains("no_such_database") && !error.contains(PASSWORD), "{error}");

        let in_query = database.url().split('?').next().unwrap().replace("bookplate_test_", "no_such_");
        let in_query = format!("{in_query}?sslmode=disable&password={PASSWORD}");
        let error = Database::connect(&in_query, 1).await.unwrap_err().to_string();
        assert!(error.contains("no_such_") && !error.contains(PASSWORD), "{error}");
    });
}

#[test]
fn an_address_that_cannot_be_read_is_refused_without_its_password() {
    on_empty(Kind::Sqlite, async |_| {
        for url in [
            format!("postgres://reader:{PASSWORD}@localhost:port/book"),
            format!("postgres://reader:{PASSWORD}@[::1/book"),
            format!("postgres://reader:{PASSWORD}@local host/book"),
            format!("postgres://localhost:port/book?user=reader&password={PASSWORD}"),
        ] {
            let error = Database::connect(&url, 1).await.unwrap_err().to_string();
            assert!(error.starts_with("cannot open the database postgres://"), "{error}");
            assert!(!error.contains(PASSWORD), "{error}");
        }
    });
}

#[test]
fn the_folder_of_an_embedded_database_is_made_when_missing() {
    on_empty(Kind::Sqlite, async |database| {
        let nested = database.url().replace("bookplate.db", "data/deeper/book.db");
        let made = Database::connect(&nested, 1).await.unwrap();
        made.migrate(0).await.unwrap();
        made.close().await;

        let inside_a_file = format!("{}/book.db", database.url());
        let error = Database::connect(&inside_a_file, 1).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot open the database {inside_a_file}: ")), "{error}");
    });
}

#[test]
fn an_embedded_database_writes_ahead_and_checks_references() {
    on_empty(Kind::Sqlite, async |database| {
        let Database::Sqlite(pool) = &*database else { panic!("asked for SQLite") };
        let mode: String = sqlx::query_scalar("pragma journal_mode")
            .fetch_one(&*pool.acquire_sqlx_pool().await.unwrap())
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        assert_eq!(database.number("pragma foreign_keys").await, 1);
        assert_eq!(database.number("pragma synchronous").await, 2, "full");
    });
}

#[test]
fn a_schema_of_the_address_holds_the_tables() {
    on_empty(Kind::Postgres, async |database| {
        let url = format!("{}&schema=My%20Book", database.url());
        let error = Database::connect(&url, 1).await.unwrap_err().to_string();
        assert!(
            error.contains("the schema that the address names is not there")
                && error.contains("create schema"),
            "{error}"
        );

        let Database::Postgres(pool) = &*database else { panic!("asked for PostgreSQL") };
        let pool = pool.acquire_sqlx_pool().await.unwrap();
        sqlx::raw_sql("create schema \"My Book\"").execute(&*pool).await.unwrap();
        let opened = Database::connect(&url, 2).await.unwrap();
        opened.migrate(0).await.unwrap();
        assert!(opened.find_user("reader-1").await.unwrap().is_none());
        opened.close().await;
        let tables = "select count(*) from information_schema.tables where table_schema = $1 and table_name like 'bookplate%'";
        for (schema, is_used) in [("My Book", true), ("public", false)] {
            let count: i64 = sqlx::query_scalar(tables).bind(schema).fetch_one(&*pool).await.unwrap();
            assert_eq!(count > 0, is_used, "{schema}: {count}");
        }
    });
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_has_a_remedy() {
    for url in ["sqlite:///proc/bookplate.db", "sqlite:///proc/books/bookplate.db", "sqlite:///dev/null/b.db"]
    {
        let error = Database::connect(url, 1).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot open the database {url}: ")), "{error}");
        assert!(error.contains("the file or its folder cannot be written"), "{error}");
        assert!(error.contains("Let the user that Bookplate runs as write in the folder /"), "{error}");
        assert!(error.contains("or name another file in DATABASE_URL"), "{error}");
    }
}
