//! Periodic removal of expired rows.

use storage::{CleanupCounts, Database, RetentionCutoffs};

use crate::{InternalError, Ports, conversations::UNDO};

const DAY: i64 = 86_400;

/// Retention periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after which audit events are removed.
    pub events_days: u32,
    /// Days after which accounts that were never verified and have no session are removed; `None` keeps them.
    pub unverified_days: Option<u32>,
}

impl Default for Retention {
    /// Events for a year, unverified accounts for ever.
    fn default() -> Self {
        Self { events_days: 365, unverified_days: None }
    }
}

/// Removes expired rows.
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

    /// The current time.
    pub fn now(&self) -> contract::Timestamp {
        self.ports.clock.now()
    }

    /// Removes expired sessions, links, rate-limit counts and idempotency keys, old audit events, unverified accounts and
    /// soft-deleted conversations. A failure leaves what was removed before it.
    #[tracing::instrument(name = "cleanup.run", level = "debug", skip_all)]
    pub async fn run(&self) -> Result<CleanupCounts, InternalError> {
        let now = self.ports.clock.now();
        let ago = |days: u32| now.plus_seconds(-i64::from(days) * DAY);
        let cutoffs = RetentionCutoffs {
            now,
            events: ago(self.retention.events_days),
            deleted: now.plus_seconds(-UNDO),
            unverified: self.retention.unverified_days.map(ago),
        };
        let removed = self.database.clean_up(cutoffs).await?;
        if removed != CleanupCounts::default() {
            tracing::info!(?removed, "removed expired rows");
        }
        Ok(removed)
    }
}
