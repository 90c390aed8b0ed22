//! Connections that are kept at hand.
//!
//! sqlx's pool asks a connection whether it lives before it lends it, and again when it is back. Each question takes the
//! database as long as a small statement does, and on SQLite two changes of thread. A connection whose last statement
//! came to its end a moment ago needs neither question, so it waits here for the next one.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{Executor, Postgres, Sqlite, pool::PoolConnection};
use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// How long a request waits for a free connection before it is told to come back.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection counts as alive after it was used. Under load it is used again long before.
const FRESH: Duration = Duration::from_millis(250);

/// At most so many connections, all of them from a pool of sqlx's, which opens and closes them.
pub struct Pool<DB: Backend> {
    inner: sqlx::Pool<DB>,
    shelf: Arc<IdleConnections<DB>>,
    /// One for each connection there may be. Whoever holds one never waits for sqlx's pool.
    turns: Arc<Semaphore>,
    /// Who writes, where only one can: in the order they came, which the database's own waiting does not keep.
    writers: Option<Arc<tokio::sync::Mutex<()>>>,
}

/// Connections at hand.
struct IdleConnections<DB: Backend> {
    /// The last used on top, and when each was used.
    entries: Mutex<Vec<(PoolConnection<DB>, Instant)>>,
    /// Whether no more are kept.
    closed: AtomicBool,
}

impl<DB: Backend> Pool<DB> {
    pub(crate) fn new(inner: sqlx::Pool<DB>) -> Self {
        let turns = Semaphore::new(inner.options().get_max_connections() as usize);
        let shelf = IdleConnections { entries: Mutex::default(), closed: AtomicBool::new(false) };
        let writers = DB::ONE_WRITER.then(Arc::default);
        Self { inner, shelf: Arc::new(shelf), turns: Arc::new(turns), writers }
    }

    /// A connection for a transaction that writes.
    pub(crate) async fn acquire_writer(&self) -> Result<PooledConnection<DB>, sqlx::Error> {
        let writing = match &self.writers {
            Some(writers) => {
                let writing = timeout(PATIENCE, Arc::clone(writers).lock_owned()).await;
                Some(writing.map_err(|_| sqlx::Error::PoolTimedOut)?)
            }
            None => None,
        };
        let mut taken = self.acquire().await?;
        taken.writing = writing;
        Ok(taken)
    }

    /// A connection, which is closed or asked whether it lives unless it is [settled](Taken::settle).
    pub(crate) async fn acquire(&self) -> Result<PooledConnection<DB>, sqlx::Error> {
        let turn = self.turn().await?;
        let connection = match self.shelf.take() {
            Some(connection) => connection,
            None => self.inner.acquire().await?,
        };
        Ok(PooledConnection {
            connection: Some(connection),
            shelf: Arc::clone(&self.shelf),
            state: State::Busy,
            writing: None,
            turn: Some(turn),
        })
    }

    /// sqlx's own pool, with a free connection in it for who holds this: for what wants no other, one statement at a time.
    ///
    /// # Errors
    /// When no connection becomes free in time, or the pool is closed.
    pub async fn acquire_sqlx_pool(&self) -> Result<SqlxPoolPermit<'_, DB>, sqlx::Error> {
        let turn = self.turn().await?;
        drop(self.shelf.entries().pop());
        Ok(SqlxPoolPermit { inner: &self.inner, turn })
    }

    /// Closes every connection, waiting some seconds for the statements under way.
    pub(crate) async fn close(&self) {
        let all = self.inner.options().get_max_connections();
        // Whoever asks for a turn from now on stands behind this one.
        let _idle = timeout(PATIENCE, self.turns.acquire_many(all)).await;
        self.turns.close();
        self.shelf.close();
        let _ = timeout(PATIENCE, self.inner.close()).await;
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)
    }
}

impl<DB: Backend> IdleConnections<DB> {
    fn entries(&self) -> MutexGuard<'_, Vec<(PoolConnection<DB>, Instant)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a connection, unless the pool is closed.
    fn keep(&self, connection: PoolConnection<DB>) {
        let mut entries = self.entries();
        if !self.closed.load(Ordering::SeqCst) {
            entries.push((connection, Instant::now()));
        }
    }

    fn close(&self) {
        let mut entries = self.entries();
        self.closed.store(true, Ordering::SeqCst);
        entries.clear();
    }

    /// The connection used last. Those used too long ago go back to sqlx's pool, which asks them.
    fn take(&self) -> Option<PoolConnection<DB>> {
        let mut entries = self.entries();
        entries.retain(|(_, used)| used.elapsed() < FRESH);
        entries.pop().map(|(connection, _)| connection)
    }
}

impl<DB: Backend> Drop for IdleConnections<DB> {
    /// Giving them back to sqlx's pool takes a runtime, which may be gone.
    fn drop(&mut self) {
        for (connection, _) in self.entries().drain(..) {
            drop(connection.detach());
        }
    }
}

/// A connection that is in use.
pub(crate) struct PooledConnection<DB: Backend> {
    /// There until it is dropped.
    connection: Option<PoolConnection<DB>>,
    shelf: Arc<IdleConnections<DB>>,
    state: State,
    writing: Option<OwnedMutexGuard<()>>,
    turn: Option<OwnedSemaphorePermit>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A statement may be under way.
    Busy,
    /// A transaction may be open.
    Open,
    /// Neither.
    Settled,
}

impl<DB: Backend> PooledConnection<DB> {
    /// Begins a transaction. Until it is committed and that is [said](Self::settle), it is rolled back when this is dropped.
    ///
    /// sqlx's own transactions are not used: one that is given up while it begins with a statement of ours stays open
    /// (sqlx 0.8.6), which on SQLite keeps everybody from writing.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.state = State::Open;
        DB::execute_raw(self, statement).await
    }

    /// Commits it.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        DB::execute_raw(self, "commit").await
    }

    /// Says that what was asked came to its end: nothing is under way on it, and no transaction is open.
    pub(crate) fn release(mut self) {
        self.state = State::Settled;
    }
}

impl<DB: Backend> Drop for PooledConnection<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            State::Settled => self.shelf.keep(connection),
            // Back to sqlx's pool, which asks it. What ended this one may have ended the others.
            State::Busy => self.shelf.entries().clear(),
            State::Open => {
                let held = (self.turn.take(), self.writing.take());
                let shelf = Arc::clone(&self.shelf);
                tokio::spawn(async move {
                    if DB::execute_raw(&mut connection, "rollback").await.is_ok() {
                        shelf.keep(connection);
                    } else {
                        connection.close_on_drop();
                        shelf.entries().clear();
                    }
                    drop(held);
                });
            }
        }
    }
}

/// A database that is known here.
pub trait Backend: sqlx::Database {
    /// Whether only one connection can write at a time.
    const ONE_WRITER: bool;

    /// Has a connection carry out a statement that answers nothing, without preparing it.
    fn execute_raw(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Backend for Sqlite {
    const ONE_WRITER: bool = true;

    async fn execute_raw(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl Backend for Postgres {
    const ONE_WRITER: bool = false;

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

/// The right to one connection of sqlx's own pool.
pub struct SqlxPoolPermit<'a, DB: Backend> {
    inner: &'a sqlx::Pool<DB>,
    turn: OwnedSemaphorePermit,
}

impl<DB: Backend> SqlxPoolPermit<'_, DB> {
    /// The right alone, for who knows the pool.
    pub(crate) fn into_turn(self) -> OwnedSemaphorePermit {
        self.turn
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
            shelf: Arc::clone(&self.shelf),
            turns: Arc::clone(&self.turns),
            writers: self.writers.clone(),
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
    async fn closing_waits_for_what_is_under_way_and_for_nothing_else() {
        for most in [1, 3] {
            let pool = pool(most).await;
            let taken = pool.acquire().await.unwrap();
            let closing = tokio::spawn({
                let pool = pool.clone();
                async move { pool.close().await }
            });
            while pool.turns.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            assert!(!closing.is_finished());
            taken.release();
            closing.await.unwrap();
            assert!(pool.inner.is_closed() && pool.inner.size() == 0);
            assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
        }
    }

    #[tokio::test]
    async fn only_what_came_to_its_end_is_at_hand_again() {
        let pool = pool(3).await;
        let (one, other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        one.release();
        assert_eq!(pool.shelf.entries().len(), 1);
        drop(other);
        assert_eq!(pool.shelf.entries().len(), 0, "what ended one may have ended all");
        assert_eq!(pool.turns.available_permits(), 3);
    }

    #[tokio::test]
    async fn a_transaction_that_is_given_up_is_rolled_back_before_the_next_begins() {
        let pool = pool(1).await;
        for _ in 0..3 {
            let mut taken = pool.acquire_writer().await.unwrap();
            taken.begin("begin immediate").await.unwrap();
            drop(taken);
        }
        let mut taken = pool.acquire_writer().await.unwrap();
        taken.begin("begin immediate").await.unwrap();
        taken.commit().await.unwrap();
        taken.release();
        assert_eq!(pool.shelf.entries().len(), 1);
    }

    #[tokio::test]
    async fn aside_there_is_a_connection_when_all_are_at_hand() {
        let pool = pool(1).await;
        pool.acquire().await.unwrap().release();
        let aside = pool.acquire_sqlx_pool().await.unwrap();
        let (one,): (i64,) = sqlx::query_as("select 1").fetch_one(&*aside).await.unwrap();
        assert_eq!(one, 1);
    }
}
