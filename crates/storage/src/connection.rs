//! One connection type, one transaction type and one query type for both databases.
//!
//! sqlx's connections, transactions and queries are generic over the database and share no trait that a function could
//! take. These wrap the two that occur here, so that a function of this crate is written once
//! (`docs/adr/0003-one-sql-text-for-two-databases.md`).

use std::ops::{Deref, DerefMut};

use futures_util::{Stream, TryStreamExt};
use sqlx::{
    Encode, FromRow, Postgres, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    Database,
    pool::{Backend, PooledConnection},
};

/// A statement: one text, or one for each database where they differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A value that either database can be given as a parameter.
pub(crate) trait Value<'q>:
    Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q
{
}

impl<'q, T> Value<'q> for T where
    T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q
{
}

/// A type that can be read from a row of either database.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A connection taken from the pool; it goes back when it is dropped.
pub(crate) enum Connection {
    Sqlite(PooledConnection<Sqlite>),
    Postgres(PooledConnection<Postgres>),
}

impl Connection {
    /// A prepared statement, to be given its parameters in order.
    pub(crate) fn query<'q>(&mut self, sql: impl Into<Sql>) -> Query<'_, 'q> {
        let sql = sql.into();
        match self {
            Self::Sqlite(connection) => Query::Sqlite(connection, sqlx::query(sql.sqlite)),
            Self::Postgres(connection) => Query::Postgres(connection, sqlx::query(sql.postgres)),
        }
    }

    /// Runs a text that may hold several statements and has no parameters.
    pub(crate) async fn execute_raw(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                Sqlite::execute_raw(connection.start(), text).await?;
                connection.finish();
            }
            Self::Postgres(connection) => {
                Postgres::execute_raw(connection.start(), text).await?;
                connection.finish();
            }
        }
        Ok(())
    }
}

/// A write transaction, rolled back unless it is committed.
///
/// SQLite takes the write lock at once: with a plain `begin`, two transactions that read before they write fail with
/// "database is locked" instead of waiting for each other.
pub(crate) struct Transaction(Connection);

impl Transaction {
    /// Makes its changes last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Connection::Sqlite(connection) => connection.commit().await,
            Connection::Postgres(connection) => connection.commit().await,
        }
    }

    /// To be called when a text that commits the transaction has succeeded.
    pub(crate) fn committed(self) {
        match self.0 {
            Connection::Sqlite(connection) => connection.committed(),
            Connection::Postgres(connection) => connection.committed(),
        }
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Database {
    /// A connection for statements that each stand alone.
    pub(crate) async fn connection(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
        })
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        Ok(Transaction(match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.begin("begin immediate").await?),
            Self::Postgres(pool) => Connection::Postgres(pool.begin("begin").await?),
        }))
    }

    /// A write transaction that the text of one query begins and commits, which saves two round trips to the database.
    pub(crate) async fn transaction_in_text(&self) -> Result<Transaction, sqlx::Error> {
        Ok(Transaction(match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.acquire_to_write().await?),
            Self::Postgres(pool) => Connection::Postgres(pool.acquire_to_write().await?),
        }))
    }
}

/// A statement on its way to a connection, with the parameters it has been given so far.
#[must_use = "a query does nothing until it is executed or fetched"]
pub(crate) enum Query<'c, 'q> {
    Sqlite(&'c mut PooledConnection<Sqlite>, sqlx::query::Query<'q, Sqlite, SqliteArguments<'q>>),
    Postgres(&'c mut PooledConnection<Postgres>, sqlx::query::Query<'q, Postgres, PgArguments>),
}

impl<'q> Query<'_, 'q> {
    /// Gives the next parameter.
    pub(crate) fn bind(self, value: impl Value<'q>) -> Self {
        match self {
            Self::Sqlite(connection, query) => Self::Sqlite(connection, query.bind(value)),
            Self::Postgres(connection, query) => Self::Postgres(connection, query.bind(value)),
        }
    }

    /// Runs the statement; the number of rows it has changed.
    pub(crate) async fn execute(self) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection, query) => {
                let done = query.execute(connection.start()).await?;
                connection.finish();
                done.rows_affected()
            }
            Self::Postgres(connection, query) => {
                let done = query.execute(connection.start()).await?;
                connection.finish();
                done.rows_affected()
            }
        })
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional<T: Row>(self) -> Result<Option<T>, sqlx::Error> {
        match self {
            Self::Sqlite(connection, query) => {
                let row = query.fetch_optional(connection.start()).await?;
                connection.finish();
                row.map(|row| T::from_row(&row)).transpose()
            }
            Self::Postgres(connection, query) => {
                let row = query.fetch_optional(connection.start()).await?;
                connection.finish();
                row.map(|row| T::from_row(&row)).transpose()
            }
        }
    }

    /// The only row of a statement that always has one.
    pub(crate) async fn fetch_one<T: Row>(self) -> Result<T, sqlx::Error> {
        self.fetch_optional().await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Every row.
    pub(crate) async fn fetch_all<T: Row>(self) -> Result<Vec<T>, sqlx::Error> {
        self.fetch_until(|_| false).await
    }

    /// The rows up to and including the first one with which there are `enough`; those after it are not read.
    pub(crate) async fn fetch_until<T: Row>(
        self,
        enough: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection, query) => {
                let found = collect_until(query.fetch(connection.start()), enough).await?;
                connection.finish();
                found
            }
            Self::Postgres(connection, query) => {
                let found = collect_until(query.fetch(connection.start()), enough).await?;
                connection.finish();
                found
            }
        })
    }
}

async fn collect_until<R: sqlx::Row, T: for<'r> FromRow<'r, R>>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    mut enough: impl FnMut(&T) -> bool,
) -> Result<Vec<T>, sqlx::Error> {
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let read = T::from_row(&row)?;
        let is_last = enough(&read);
        found.push(read);
        if is_last {
            break;
        }
    }
    Ok(found)
}
