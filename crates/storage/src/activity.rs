//! When requests last used the database (`docs/adr/0027-an-idle-server-leaves-its-database-alone.md`).
//!
//! Background work that has nothing of its own to do follows these uses: while there are none, no statement is sent, and a
//! database that sleeps when it is not used can sleep.

use std::sync::Arc;

use tokio::{sync::watch, time::Instant};

tokio::task_local! {
    static BACKGROUND: ();
}

/// Tells of each use of the database, except those [`in_background`].
#[derive(Debug, Clone)]
pub struct Activity(Arc<watch::Sender<Instant>>);

impl Activity {
    /// Uses from now on.
    pub fn subscribe(&self) -> watch::Receiver<Instant> {
        self.0.subscribe()
    }

    /// Tells of a use.
    pub(crate) fn record(&self) {
        if BACKGROUND.try_with(|()| ()).is_err() {
            self.0.send_replace(Instant::now());
        }
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Instant::now())))
    }
}

/// Does work whose uses of the database are not recorded, because it was caused by earlier ones. Tasks that it spawns are
/// not part of it.
pub async fn in_background<F: Future>(work: F) -> F::Output {
    BACKGROUND.scope((), work).await
}
