//! The database handle, and how it is opened.

use std::{os::unix::fs::DirBuilderExt, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Postgres, Sqlite,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    Activity,
    address::{Address, AddressError, PostgresAddress},
    connect_error::ConnectError,
    migrate::lock_beside,
    pool::{ACQUIRE_TIMEOUT, Backend, Pool},
    tls::{Resolver, ServerOptions, SystemResolver, connect_options},
};

/// A pool of connections to the embedded or the production database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file, opened in WAL mode.
    Sqlite(Pool<Sqlite>),
    /// A server.
    Postgres(Pool<Postgres>),
}

/// The first schema of the search path that exists, in which tables are created.
const SCHEMA: &str = "select current_schema()::text";
/// How long a SQLite writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl Database {
    /// Opens the database `url` names: `sqlite://PATH` (relative to the working directory; made with its folder when
    /// missing) or `postgres://...`, with at most `connections` connections.
    ///
    /// # Errors
    /// When the address cannot be used, and when the file or the server refuses.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, ConnectError> {
        Self::connect_resolving(url, connections, &SystemResolver).await
    }

    /// As [`Database::connect`]; `resolver` tells whether the server is across the internet, where it has to be verified.
    ///
    /// # Errors
    /// The same.
    pub async fn connect_resolving(
        url: &str,
        connections: u32,
        resolver: &dyn Resolver,
    ) -> Result<Self, ConnectError> {
        let address = url.parse().map_err(|error| ConnectError::unusable(scheme(url), error))?;
        match address {
            Address::Sqlite(path) => Self::open_file(&path, connections).await,
            Address::Postgres(address) => Self::open_server(&address, connections, resolver).await,
        }
    }

    async fn open_file(path: &Path, connections: u32) -> Result<Self, ConnectError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_private_folder(folder).map_err(|error| ConnectError::sqlite(path, &error))?;
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
        // Of several processes that open a new file, each would turn on the write-ahead log, and SQLite does not wait for that.
        let locked = lock_beside(path).await.map_err(|error| ConnectError::sqlite(path, &error))?;
        let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = pool.connect_with(options).await.map_err(|error| ConnectError::sqlite(path, &error))?;
        drop(locked);
        Ok(Self::Sqlite(Pool::new(pool)))
    }

    async fn open_server(
        address: &PostgresAddress,
        connections: u32,
        resolver: &dyn Resolver,
    ) -> Result<Self, ConnectError> {
        let fail = |error: sqlx::Error| ConnectError::postgres(address.to_string(), &error);
        let options = connect_options(address, resolver).await;
        let unusable = |error| ConnectError::unusable(address.to_string(), error);
        let ServerOptions { options, warning } = options.map_err(unusable)?;
        if let Some(warning) = warning {
            tracing::warn!("{warning}");
        }
        let options = options.application_name("bookplate").disable_statement_logging();
        // A pool that cannot connect says only that it has waited; one connection by itself says why.
        let mut first = options.connect().await.map_err(fail)?;
        let schema: Option<String> = sqlx::query_scalar(SCHEMA).fetch_one(&mut first).await.map_err(fail)?;
        first.close().await.map_err(fail)?;
        if schema.is_none() {
            return Err(unusable(AddressError::new(
                "the schema that the address names is not there, or its user may not use it",
                "Create it there (create schema NAME), or name another",
            )));
        }
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Postgres::IDLE_TIMEOUT);
        let pool = pool.connect_with(options).await.map_err(fail)?;
        Ok(Self::Postgres(Pool::new(pool)))
    }

    /// The uses of this database by requests.
    pub const fn activity(&self) -> &Activity {
        match self {
            Self::Sqlite(pool) => pool.activity(),
            Self::Postgres(pool) => pool.activity(),
        }
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

/// All that may be shown of an address that cannot be read: where its password ends is not known.
fn scheme(url: &str) -> String {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_known = ["sqlite", "postgres", "postgresql"].iter().any(|known| scheme.starts_with(known));
    if is_known { format!("{scheme}://...") } else { "of this address".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

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
