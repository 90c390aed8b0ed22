//! What is done from time to time.

use storage::{CleanupCounts, Database, RetentionCutoffs};

use crate::{InternalError, Ports, conversations::UNDO};

const DAY: i64 = 86_400;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after which the record of an event is removed.
    pub events_days: u32,
    /// Days after which an account whose address was never confirmed, and that nobody is signed in to, is removed;
    /// `None` keeps it.
    pub unverified_days: Option<u32>,
}

impl Default for Retention {
    /// A year; accounts stay.
    fn default() -> Self {
        Self { events_days: 365, unverified_days: None }
    }
}

/// Removes what has served its time.
#[derive(Debug)]
pub struct Cleanup {
    database: Database,
    ports: Ports,
    retention: Retention,
}

impl Cleanup {
    pub(crate) const fn new(database: Database, ports: Ports, retention: Retention) -> Self {
        Self { database, ports, retention }
    }

    /// The time of day.
    pub fn now(&self) -> contract::Timestamp {
        self.ports.clock.now()
    }

    /// Removes expired sessions, links and counts, old events, accounts that were never confirmed, conversations that were
    /// deleted a while ago, and remembered requests whose time is over.
    ///
    /// # Errors
    /// [`InternalError`]; what was removed before it stays so.
    pub async fn run(&self) -> Result<CleanupCounts, InternalError> {
        let now = self.ports.clock.now();
        let ago = |days: u32| now.plus_seconds(-i64::from(days) * DAY);
        let cutoffs = RetentionCutoffs {
            now,
            events: ago(self.retention.events_days),
            deleted: now.plus_seconds(-UNDO),
            unverified: self.retention.unverified_days.map(ago),
        };
        let swept = self.database.clean_up(cutoffs).await?;
        if swept != CleanupCounts::default() {
            tracing::info!(?swept, "swept");
        }
        Ok(swept)
    }
}
