//! Periodic removal of expired rows.

use std::sync::{Mutex, PoisonError};

use contract::Timestamp;
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
    /// Days after their last message after which conversations are removed; `None` keeps them.
    pub conversation_days: Option<u32>,
    /// Days without a sign-in after which accounts are removed, more than the thirty for which their readers are told
    /// before; `None` keeps them.
    pub idle_account_days: Option<u32>,
}

impl Default for Retention {
    /// Events for a year, everything else for ever.
    fn default() -> Self {
        Self { events_days: 365, unverified_days: None, conversation_days: None, idle_account_days: None }
    }
}

/// Removes expired rows.
#[derive(Debug)]
pub struct Cleanup {
    database: Database,
    ports: Ports,
    retention: Retention,
    /// When old conversations were last looked for to the end.
    looked_for_old: Mutex<Option<Timestamp>>,
}

/// Seconds until old conversations are looked for again: no index helps to find them, and none has to be gone to the minute.
const LOOK_FOR_OLD: i64 = 3600;
/// The conversations that one run removes at most, give or take a batch.
const MAX_OLD: u64 = 1000;

impl Cleanup {
    pub(crate) const fn new(database: Database, ports: Ports, retention: Retention) -> Self {
        Self { database, ports, retention, looked_for_old: Mutex::new(None) }
    }

    /// The retention periods.
    pub const fn retention(&self) -> Retention {
        self.retention
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
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
        let mut removed = self.database.clean_up(cutoffs).await?;
        if let Some(days) = self.retention.conversation_days {
            removed.conversations += self.purge_old_conversations(now, ago(days)).await?;
        }
        if removed != CleanupCounts::default() {
            tracing::info!(?removed, "removed expired rows");
        }
        Ok(removed)
    }

    /// Removes conversations last active before, some at a time; those left over when there are many go in the next runs.
    async fn purge_old_conversations(&self, now: Timestamp, before: Timestamp) -> Result<u64, InternalError> {
        let looked = *self.looked_for_old.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| now.seconds_since(looked) < LOOK_FOR_OLD) {
            return Ok(0);
        }
        let purged = self.database.purge_old_conversations(before, MAX_OLD).await?;
        if purged < MAX_OLD {
            *self.looked_for_old.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(purged)
    }
}
