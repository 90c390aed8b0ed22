//! Connections that wait for their next use.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sqlx::pool::PoolConnection;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

use crate::pool::Backend;

/// How long after its last use a connection is lent without a test.
const FRESH: Duration = Duration::from_millis(250);

/// Connections that are ready to be lent.
pub(crate) struct IdleConnections<DB: Backend>(Mutex<Entries<DB>>);

struct Entries<DB: Backend> {
    /// The last used on top, each with the time of its last use.
    connections: Vec<(PoolConnection<DB>, Instant)>,
    /// Whether a task closes those that are not used for [`Backend::IDLE_TIMEOUT`].
    swept: bool,
    closed: bool,
}

impl<DB: Backend> Default for IdleConnections<DB> {
    fn default() -> Self {
        Self(Mutex::new(Entries { connections: Vec::new(), swept: false, closed: false }))
    }
}

impl<DB: Backend> IdleConnections<DB> {
    fn entries(&self) -> MutexGuard<'_, Entries<DB>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection back.
    pub(crate) fn keep(self: &Arc<Self>, connection: PoolConnection<DB>) {
        let mut entries = self.entries();
        if entries.closed {
            return;
        }
        entries.connections.push((connection, Instant::now()));
        if let Some(timeout) = DB::IDLE_TIMEOUT
            && !entries.swept
            && let Ok(runtime) = Handle::try_current()
        {
            entries.swept = true;
            runtime.spawn(sweep(Arc::downgrade(self), timeout));
        }
    }

    /// Gives all back to sqlx's pool, which tests them.
    pub(crate) fn clear(&self) {
        self.entries().connections.clear();
    }

    /// Gives one back to sqlx's pool, the last used.
    pub(crate) fn give_back_one(&self) {
        drop(self.entries().connections.pop());
    }

    /// Keeps none from now on.
    pub(crate) fn close(&self) {
        let mut entries = self.entries();
        entries.closed = true;
        entries.connections.clear();
    }

    /// The connection used last. Those used too long ago go back to sqlx's pool, which tests them.
    pub(crate) fn take(&self) -> Option<PoolConnection<DB>> {
        let mut entries = self.entries();
        entries.connections.retain(|(_, used)| used.elapsed() < FRESH);
        entries.connections.pop().map(|(connection, _)| connection)
    }

    /// Takes out the connections that were not used for so long, and says when the next one will not have been.
    fn take_unused(&self, timeout: Duration) -> (Vec<PoolConnection<DB>>, Option<Instant>) {
        let mut entries = self.entries();
        let unused = entries.connections.extract_if(.., |(_, used)| used.elapsed() >= timeout);
        let unused = unused.map(|(connection, _)| connection).collect();
        let next = entries.connections.iter().map(|(_, used)| *used + timeout).min();
        entries.swept = next.is_some();
        (unused, next)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries().connections.len()
    }
}

/// Closes connections that were not used for so long, until none is left. They do not go back to sqlx's pool, which would
/// send each a ping first.
async fn sweep<DB: Backend>(idle: Weak<IdleConnections<DB>>, timeout: Duration) {
    loop {
        let Some((unused, next)) = idle.upgrade().map(|idle| idle.take_unused(timeout)) else { return };
        for connection in unused {
            // One that the server has closed is closed.
            let _ = connection.close().await;
        }
        let Some(next) = next else { return };
        sleep_until(next).await;
    }
}

impl<DB: Backend> Drop for IdleConnections<DB> {
    /// Returning them to sqlx's pool needs a runtime, which may be gone.
    fn drop(&mut self) {
        for (connection, _) in self.entries().connections.drain(..) {
            drop(connection.detach());
        }
    }
}
