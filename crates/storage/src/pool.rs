//! A pool that lends a connection again without testing it (`docs/adr/0020-idle-connections.md`).
//!
//! sqlx's pool pings a connection before it lends it and again when it is back. Each ping takes the database as long as a
//! small statement, and on SQLite two thread switches. A connection whose last statement has just succeeded needs neither,
//! so it waits here for the next one.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{Executor, Postgres, Sqlite, pool::PoolConnection};
use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{activity::Activity, idle_connections::IdleConnections};

/// How long a request waits for a free connection before it is answered with 503.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A bounded number of connections, which a pool of sqlx's opens and closes.
pub struct Pool<DB: Backend> {
    inner: sqlx::Pool<DB>,
    idle: Arc<IdleConnections<DB>>,
    activity: Activity,
    /// One for each connection. The holder of a permit never waits for sqlx's pool.
    permits: Arc<Semaphore>,
    /// Held by a writer where the database has only one at a time: in the order of arrival, which SQLite's own waiting
    /// does not keep.
    writer: Option<Arc<tokio::sync::Mutex<()>>>,
}

impl<DB: Backend> Pool<DB> {
    pub(crate) fn new(inner: sqlx::Pool<DB>) -> Self {
        let permits = Semaphore::new(inner.options().get_max_connections() as usize);
        let writer = DB::ONE_WRITER.then(Arc::default);
        Self {
            inner,
            idle: Arc::default(),
            activity: Activity::default(),
            permits: Arc::new(permits),
            writer,
        }
    }

    /// A connection for statements that each stand alone.
    pub(crate) async fn acquire(&self) -> Result<PooledConnection<DB>, sqlx::Error> {
        let permit = self.permit().await?;
        let connection = match self.idle.take() {
            Some(connection) => connection,
            None => self.inner.acquire().await?,
        };
        Ok(PooledConnection {
            connection: Some(connection),
            idle: Arc::clone(&self.idle),
            state: State::Ready,
            writing: None,
            permit: Some(permit),
        })
    }

    /// A connection on which `statement` has begun a write transaction.
    ///
    /// sqlx's own transactions are not used: with a custom `begin`, a future that is dropped at the wrong moment leaves the
    /// transaction open (sqlx 0.8.6), which on SQLite keeps everybody else from writing.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<PooledConnection<DB>, sqlx::Error> {
        let mut connection = self.acquire_to_write().await?;
        DB::execute_raw(&mut connection, statement).await?;
        Ok(connection)
    }

    /// A connection for a text that begins a write transaction and commits it. Unless [`PooledConnection::committed`] follows,
    /// it is rolled back.
    pub(crate) async fn acquire_to_write(&self) -> Result<PooledConnection<DB>, sqlx::Error> {
        let writing = match &self.writer {
            Some(writer) => {
                let writing = timeout(ACQUIRE_TIMEOUT, Arc::clone(writer).lock_owned()).await;
                Some(writing.map_err(|_| sqlx::Error::PoolTimedOut)?)
            }
            None => None,
        };
        let mut connection = self.acquire().await?;
        connection.writing = writing;
        connection.state = State::InTransaction;
        Ok(connection)
    }

    /// sqlx's own pool with a free connection in it, for code that takes nothing else; for one statement at a time. An
    /// error when no connection becomes free in time, or the pool is closed.
    pub async fn acquire_sqlx_pool(&self) -> Result<SqlxPoolPermit<'_, DB>, sqlx::Error> {
        let permit = self.permit().await?;
        self.idle.give_back_one();
        Ok(SqlxPoolPermit { inner: &self.inner, permit })
    }

    /// Closes every connection, waiting some seconds for the statements under way.
    pub(crate) async fn close(&self) {
        let all = self.inner.options().get_max_connections();
        // Later requests for a permit queue behind this one.
        let _unused = timeout(ACQUIRE_TIMEOUT, self.permits.acquire_many(all)).await;
        self.permits.close();
        self.idle.close();
        let _ = timeout(ACQUIRE_TIMEOUT, self.inner.close()).await;
    }

    /// The uses of the connections.
    pub(crate) const fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The right to one connection. Every use begins here.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        self.activity.record();
        let permit = timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
        permit.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)
    }
}

/// A connection that is lent, with a transaction or without.
pub(crate) struct PooledConnection<DB: Backend> {
    /// There until it is dropped.
    connection: Option<PoolConnection<DB>>,
    idle: Arc<IdleConnections<DB>>,
    state: State,
    writing: Option<OwnedMutexGuard<()>>,
    permit: Option<OwnedSemaphorePermit>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is under way.
    Ready,
    /// A statement is under way, or has failed.
    Busy,
    /// A transaction may be open.
    InTransaction,
}

impl<DB: Backend> PooledConnection<DB> {
    /// The connection, for one statement. Unless [`Self::finish`] follows, it counts as broken outside a transaction.
    pub(crate) fn start(&mut self) -> &mut DB::Connection {
        if self.state == State::Ready {
            self.state = State::Busy;
        }
        self
    }

    /// To be called when a statement has succeeded.
    pub(crate) fn finish(&mut self) {
        if self.state == State::Busy {
            self.state = State::Ready;
        }
    }

    /// Commits the transaction.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        DB::execute_raw(&mut self, "commit").await?;
        self.committed();
        Ok(())
    }

    /// To be called when a text that commits the transaction has succeeded.
    pub(crate) fn committed(mut self) {
        self.state = State::Ready;
    }
}

impl<DB: Backend> Drop for PooledConnection<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            State::Ready => self.idle.keep(connection),
            // Back to sqlx's pool, which tests it. What broke this one may have broken the others.
            State::Busy => self.idle.clear(),
            State::InTransaction => {
                // Nobody else may write or take the permit before the transaction is rolled back.
                let held = (self.permit.take(), self.writing.take());
                let idle = Arc::clone(&self.idle);
                tokio::spawn(async move {
                    if DB::execute_raw(&mut connection, "rollback").await.is_ok() {
                        idle.keep(connection);
                    } else {
                        connection.close_on_drop();
                        idle.clear();
                    }
                    drop(held);
                });
            }
        }
    }
}

/// One of the two databases.
pub trait Backend: sqlx::Database {
    /// Whether only one connection can write at a time.
    const ONE_WRITER: bool;
    /// How long a connection may stay unused before it is closed; `None` for good.
    const IDLE_TIMEOUT: Option<Duration>;

    /// Runs a statement that returns nothing, without preparing it.
    fn execute_raw(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Backend for Sqlite {
    const ONE_WRITER: bool = true;
    const IDLE_TIMEOUT: Option<Duration> = None;

    async fn execute_raw(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl Backend for Postgres {
    const ONE_WRITER: bool = false;
    // With sqlx's own pool, where it may stay for up to two such times more, all are closed within five minutes.
    const IDLE_TIMEOUT: Option<Duration> = Some(Duration::from_secs(90));

    async fn execute_raw(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl<DB: Backend> Deref for PooledConnection<DB> {
    type Target = DB::Connection;

    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref(&self) -> &DB::Connection {
        self.connection.as_ref().expect("a connection until it is dropped")
    }
}

impl<DB: Backend> DerefMut for PooledConnection<DB> {
    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.connection.as_mut().expect("a connection until it is dropped")
    }
}

/// The right to use one connection of sqlx's own pool.
pub struct SqlxPoolPermit<'a, DB: Backend> {
    inner: &'a sqlx::Pool<DB>,
    permit: OwnedSemaphorePermit,
}

impl<DB: Backend> SqlxPoolPermit<'_, DB> {
    /// The permit alone, for code that has sqlx's pool already.
    pub(crate) fn into_permit(self) -> OwnedSemaphorePermit {
        self.permit
    }
}

impl<DB: Backend> Deref for SqlxPoolPermit<'_, DB> {
    type Target = sqlx::Pool<DB>;

    fn deref(&self) -> &sqlx::Pool<DB> {
        self.inner
    }
}

impl<DB: Backend> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            idle: Arc::clone(&self.idle),
            activity: self.activity.clone(),
            permits: Arc::clone(&self.permits),
            writer: self.writer.clone(),
        }
    }
}

impl<DB: Backend> fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    async fn pool(most: u32) -> Pool<Sqlite> {
        let options = SqlitePoolOptions::new().max_connections(most);
        Pool::new(options.connect("sqlite::memory:").await.unwrap())
    }

    #[tokio::test]
    async fn closing_waits_for_connections_in_use_and_for_nothing_else() {
        for most in [1, 3] {
            let pool = pool(most).await;
            let connection = pool.acquire().await.unwrap();
            let closing = tokio::spawn({
                let pool = pool.clone();
                async move { pool.close().await }
            });
            while pool.permits.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            assert!(!closing.is_finished());
            drop(connection);
            closing.await.unwrap();
            assert!(pool.inner.is_closed() && pool.inner.size() == 0);
            assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
        }
    }

    #[tokio::test]
    async fn only_a_connection_whose_statement_succeeded_is_kept() {
        let pool = pool(3).await;
        let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        one.start();
        one.finish();
        drop(one);
        assert_eq!(pool.idle.len(), 1);
        other.start();
        drop(other);
        assert_eq!(pool.idle.len(), 0, "what broke one may have broken all");
        assert_eq!(pool.permits.available_permits(), 3);
    }

    #[tokio::test]
    async fn a_dropped_transaction_is_rolled_back_before_the_next_begins() {
        let pool = pool(1).await;
        for _ in 0..3 {
            drop(pool.begin("begin immediate").await.unwrap());
        }
        pool.begin("begin immediate").await.unwrap().commit().await.unwrap();
        assert_eq!(pool.idle.len(), 1);
    }

    #[tokio::test]
    async fn a_text_that_fails_in_its_transaction_leaves_none_open() {
        let pool = pool(1).await;
        for (text, is_kept) in [
            ("begin immediate; create table t (x integer); select no_such_column; commit", true),
            // Committed, but nobody has said so: there is nothing to roll back, and the connection is not kept.
            ("begin immediate; create table u (x integer); commit", false),
        ] {
            let mut connection = pool.acquire_to_write().await.unwrap();
            let outcome = Sqlite::execute_raw(connection.start(), text).await;
            assert_eq!(outcome.is_err(), is_kept, "{text}");
            drop(connection);
            pool.begin("begin immediate").await.unwrap().commit().await.unwrap();
        }
        let mut connection = pool.acquire_to_write().await.unwrap();
        Sqlite::execute_raw(connection.start(), "begin immediate; commit").await.unwrap();
        connection.committed();
        assert_eq!(pool.idle.len(), 1);
    }

    #[tokio::test]
    async fn the_sqlx_pool_has_a_connection_when_all_are_idle() {
        let pool = pool(1).await;
        drop(pool.acquire().await.unwrap());
        let permit = pool.acquire_sqlx_pool().await.unwrap();
        let (one,): (i64,) = sqlx::query_as("select 1").fetch_one(&*permit).await.unwrap();
        assert_eq!(one, 1);
    }
}
