//! Connections that are kept at hand.
//!
//! sqlx's pool asks a connection whether it lives before it lends it, and again when it is back. Each question takes the
//! database as long as a small statement does, and on SQLite two changes of thread. A connection whose last statement
//! came to its end a moment ago needs neither question, so it waits here for the next one.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Executor, Postgres, Sqlite, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// How long a request waits for a free connection before it is told to come back.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection counts as alive after it was used. Under load it is used again long before.
const FRESH: Duration = Duration::from_millis(250);

/// At most so many connections, all of them from a pool of sqlx's, which opens and closes them.
pub struct Pool<DB: Engine> {
    inner: sqlx::Pool<DB>,
    shelf: Arc<Shelf<DB>>,
    /// One for each connection there may be. Whoever holds one never waits for sqlx's pool.
    turns: Arc<Semaphore>,
}

/// Connections at hand, the last used on top, and when each was used.
struct Shelf<DB: Engine>(Mutex<Vec<(PoolConnection<DB>, Instant)>>);

impl<DB: Engine> Pool<DB> {
    pub(crate) fn new(inner: sqlx::Pool<DB>) -> Self {
        let turns = Semaphore::new(inner.options().get_max_connections() as usize);
        Self { inner, shelf: Arc::new(Shelf(Mutex::default())), turns: Arc::new(turns) }
    }

    /// A connection, which is closed or asked whether it lives unless it is [settled](Taken::settle).
    pub(crate) async fn take(&self) -> Result<Taken<DB>, sqlx::Error> {
        let turn = self.turn().await?;
        let connection = match self.shelf.take() {
            Some(connection) => connection,
            None => self.inner.acquire().await?,
        };
        Ok(Taken {
            connection: Some(connection),
            shelf: Arc::clone(&self.shelf),
            state: State::Busy,
            _turn: turn,
        })
    }

    /// sqlx's own pool, with a free connection in it for who holds this: for what wants no other, one statement at a time.
    ///
    /// # Errors
    /// When no connection becomes free in time, or the pool is closed.
    pub async fn aside(&self) -> Result<Aside<'_, DB>, sqlx::Error> {
        let turn = self.turn().await?;
        drop(self.shelf.entries().pop());
        Ok(Aside { inner: &self.inner, turn })
    }

    /// Closes every connection, waiting for the statements under way.
    pub(crate) async fn close(&self) {
        self.turns.close();
        self.shelf.entries().clear();
        self.inner.close().await;
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)
    }
}

impl<DB: Engine> Shelf<DB> {
    fn entries(&self) -> MutexGuard<'_, Vec<(PoolConnection<DB>, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last. Those used too long ago go back to sqlx's pool, which asks them.
    fn take(&self) -> Option<PoolConnection<DB>> {
        let mut entries = self.entries();
        entries.retain(|(_, used)| used.elapsed() < FRESH);
        entries.pop().map(|(connection, _)| connection)
    }
}

/// A connection that is in use.
pub(crate) struct Taken<DB: Engine> {
    /// There until it is dropped.
    connection: Option<PoolConnection<DB>>,
    shelf: Arc<Shelf<DB>>,
    state: State,
    _turn: OwnedSemaphorePermit,
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

impl<DB: Engine> Taken<DB> {
    /// Begins a transaction. Until it is committed and that is [said](Self::settle), it is rolled back when this is dropped.
    ///
    /// sqlx's own transactions are not used: one that is given up while it begins with a statement of ours stays open
    /// (sqlx 0.8.6), which on SQLite keeps everybody from writing.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.state = State::Open;
        DB::carry_out(self, statement).await
    }

    /// Commits it.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        DB::carry_out(self, "commit").await
    }

    /// Says that what was asked came to its end: nothing is under way on it, and no transaction is open.
    pub(crate) fn settle(mut self) {
        self.state = State::Settled;
    }
}

impl<DB: Engine> Drop for Taken<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let mut entries = self.shelf.entries();
        match self.state {
            State::Settled => entries.push((connection, Instant::now())),
            // Back to sqlx's pool, which asks it. What ended this one may have ended the others.
            State::Busy => entries.clear(),
            State::Open => {
                entries.clear();
                tokio::spawn(async move {
                    if DB::carry_out(&mut connection, "rollback").await.is_err() {
                        connection.close_on_drop();
                    }
                });
            }
        }
    }
}

/// A database that is known here.
pub trait Engine: sqlx::Database {
    /// Has a connection carry out a statement that answers nothing, without preparing it.
    fn carry_out(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Engine for Sqlite {
    async fn carry_out(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl Engine for Postgres {
    async fn carry_out(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl<DB: Engine> Deref for Taken<DB> {
    type Target = DB::Connection;

    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref(&self) -> &DB::Connection {
        self.connection.as_ref().expect("a connection until it is dropped")
    }
}

impl<DB: Engine> DerefMut for Taken<DB> {
    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.connection.as_mut().expect("a connection until it is dropped")
    }
}

/// The right to one connection of sqlx's own pool.
pub struct Aside<'a, DB: Engine> {
    inner: &'a sqlx::Pool<DB>,
    turn: OwnedSemaphorePermit,
}

impl<DB: Engine> Aside<'_, DB> {
    /// The right alone, for who knows the pool.
    pub(crate) fn into_turn(self) -> OwnedSemaphorePermit {
        self.turn
    }
}

impl<DB: Engine> Deref for Aside<'_, DB> {
    type Target = sqlx::Pool<DB>;

    fn deref(&self) -> &sqlx::Pool<DB> {
        self.inner
    }
}

impl<DB: Engine> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shelf: Arc::clone(&self.shelf), turns: Arc::clone(&self.turns) }
    }
}

impl<DB: Engine> fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
