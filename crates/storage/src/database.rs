//! The database handle, and how it is opened.

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Postgres, Sqlite,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;

use crate::pool::{ACQUIRE_TIMEOUT, Pool};

/// A pool of connections to the embedded or the production database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file, opened in WAL mode.
    Sqlite(Pool<Sqlite>),
    /// A server.
    Postgres(Pool<Postgres>),
}

/// How long a SQLite writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl Database {
    /// Opens the database `url` names: `sqlite://PATH` (relative to the working directory; made with its folder when
    /// missing) or `postgres://...`, with at most `connections` connections.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, ConnectError> {
        let fail = |detail: String| ConnectError { database: without_password(url), detail };
        if let Some(path) = sqlite_path(url) {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                create_private_folder(folder).map_err(|error| fail(error.to_string()))?;
            }
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // For statement journals; the default is a file.
                .pragma("temp_store", "memory")
                // In pages: a checkpoint every 16 MB, four times the default, copies pages that change often less often.
                .pragma("wal_autocheckpoint", "4000")
                // In bytes: so much of the file is read without being copied. A write of one connection invalidates the
                // page caches of the others, but not the system's.
                .pragma("mmap_size", "1073741824")
                // In rows: a usual page, so that its reader wakes SQLite's thread once.
                .row_buffer_size(24)
                .busy_timeout(BUSY_TIMEOUT)
                .disable_statement_logging();
            let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
            let pool = pool.connect_with(options).await.map_err(|error| fail(error.to_string()))?;
            return Ok(Self::Sqlite(Pool::new(pool)));
        }
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| fail(error.to_string()))?;
        let options = options.application_name("bookplate").disable_statement_logging();
        // A pool that cannot connect says only that it has waited; one connection by itself says why.
        let first = options.connect().await.map_err(|error| fail(error.to_string()))?;
        first.close().await.map_err(|error| fail(error.to_string()))?;
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = pool.connect_with(options).await.map_err(|error| fail(error.to_string()))?;
        Ok(Self::Postgres(Pool::new(pool)))
    }

    /// Closes every connection, waiting some seconds for the statements under way.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Creates a folder that only its owner can read: the database holds password hashes, and the secret lies beside it. An
/// existing folder keeps its mode.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The file of a `sqlite://` address.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite://").map(PathBuf::from)
}

/// A server's address without user and password, and without parameters, which can hold one too.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned();
    };
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let host = match address.rsplit_once('@') {
        Some((_, host)) => host,
        // The question mark may be part of a password that should have been percent-encoded.
        None if parameters.contains('@') => "...",
        None => address,
    };
    format!("{scheme}://{host}")
}

/// The database could not be opened.
#[derive(Debug, Error)]
#[error("cannot open the database {database}: {detail}")]
pub struct ConnectError {
    /// The address without its password.
    database: String,
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_about_a_database_does_not_tell_its_password() {
        assert_eq!(without_password("postgres://u:secret@host/db"), "postgres://host/db");
        assert_eq!(without_password("postgres://host/db?user=u&password=secret"), "postgres://host/db");
        assert_eq!(without_password("postgres://host/db?password=sec@ret"), "postgres://...");
        assert_eq!(without_password("postgres://u:sec?ret@host/db"), "postgres://...");
        assert_eq!(without_password("postgres://u:sec@ret@host/db?sslmode=disable"), "postgres://host/db");
        assert_eq!(without_password("sqlite://data/me@home.db"), "sqlite://data/me@home.db");
        assert_eq!(without_password("sqlite://data/bookplate.db"), "sqlite://data/bookplate.db");
    }

    async fn add_one(database: &Database) -> Result<(), sqlx::Error> {
        let mut tx = database.begin().await?;
        let (total,): (i64,) = tx.query("select total from sums").fetch_one().await?;
        tx.query("update sums set total = $1").bind(total + 1).execute().await?;
        tx.commit().await
    }

    /// With a plain `begin`, most of these fail with "database is locked", whatever the busy timeout.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_hundred_transactions_that_read_before_they_write_none_is_lost() {
        let folder = std::env::temp_dir().join(format!("bookplate-transactions-{}", std::process::id()));
        let url = format!("sqlite://{}", folder.join("sums.db").display());
        let database = Database::connect(&url, 20).await.unwrap();
        let mut connection = database.connection().await.unwrap();
        connection
            .execute_raw("create table sums (total bigint); insert into sums values (0)")
            .await
            .unwrap();
        drop(connection);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let database = database.clone();
            tasks.spawn(async move {
                loop {
                    match add_one(&database).await {
                        // A slow machine: waiting for a connection loses nothing.
                        Err(sqlx::Error::PoolTimedOut) => {}
                        outcome => break outcome,
                    }
                }
            });
        }
        let lost = tasks.join_all().await.into_iter().filter(Result::is_err).count();
        let mut connection = database.connection().await.unwrap();
        let (total,): (i64,) = connection.query("select total from sums").fetch_one().await.unwrap();
        assert_eq!((lost, total), (0, 200));
        let _ = std::fs::remove_dir_all(folder);
    }
}
