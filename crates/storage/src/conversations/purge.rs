//! Removing for good what is past its retention.

use contract::Timestamp;

use crate::{Database, StorageError};

/// Few at once, so that no writer waits long.
const PURGE: &str = "delete from bookplate_conversations where no in
    (select c.no from bookplate_conversations c where c.deleted_at <= $1 limit 20)";
/// The condition is repeated: one that is written to meanwhile stays.
const PURGE_OLD: &str = "delete from bookplate_conversations where active_at < $1 and no in
    (select c.no from bookplate_conversations c where c.active_at < $1 limit 20)";
const PURGE_IDEMPOTENCY_KEYS: &str = "delete from bookplate_idempotency where expires_at <= $1";

pub(super) const STATEMENTS: &[&str] = &[PURGE, PURGE_OLD, PURGE_IDEMPOTENCY_KEYS];

impl Database {
    /// Removes conversations that were soft-deleted before this moment; how many. What was removed before an error stays
    /// removed.
    pub async fn purge_deleted_conversations(&self, before: Timestamp) -> Result<u64, StorageError> {
        let mut purged = 0;
        loop {
            let now = self.connection().await?.query(PURGE).bind(before.millis()).execute().await?;
            purged += now;
            if now == 0 {
                return Ok(purged);
            }
        }
    }

    /// Removes conversations that were last active before this moment, until there are none or at least `enough` were removed;
    /// how many. What was removed before an error stays removed.
    pub async fn purge_old_conversations(&self, before: Timestamp, enough: u64) -> Result<u64, StorageError> {
        let mut purged = 0;
        while purged < enough {
            let now = self.connection().await?.query(PURGE_OLD).bind(before.millis()).execute().await?;
            if now == 0 {
                break;
            }
            purged += now;
        }
        self.merge_fts_index(purged > 0).await?;
        Ok(purged)
    }

    /// Removes idempotency keys that have expired; how many.
    pub async fn purge_idempotency_keys(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut connection = self.connection().await?;
        Ok(connection.query(PURGE_IDEMPOTENCY_KEYS).bind(now.millis()).execute().await?)
    }
}
