//! Removing for good what is past its retention.

use std::collections::BTreeMap;

use const_format::concatcp;
use contract::Timestamp;

use super::stored_bytes::subtract_bytes;
use crate::{Database, StorageError, connection::Sql};

/// Few at once, so that no writer waits long.
const DELETED: &str =
    "select no, user_id, bytes from bookplate_conversations where deleted_at <= $1 limit 20";
const OLD: &str = "select no, user_id, bytes from bookplate_conversations where active_at < $1 limit 20";
/// One that another process purges, restores or writes to is skipped. A write transaction of SQLite has locked everything
/// already.
const LOCK_DELETED: Sql = Sql { sqlite: DELETED, postgres: concatcp!(DELETED, " for update skip locked") };
const LOCK_OLD: Sql = Sql { sqlite: OLD, postgres: concatcp!(OLD, " for update skip locked") };
const PURGE: &str = "delete from bookplate_conversations where no = $1";
const PURGE_IDEMPOTENCY_KEYS: &str = "delete from bookplate_idempotency where expires_at <= $1";

pub(super) const STATEMENTS: &[&str] = &[PURGE, PURGE_IDEMPOTENCY_KEYS];
pub(super) const DIFFERENT: &[Sql] = &[LOCK_DELETED, LOCK_OLD];

impl Database {
    /// Removes conversations that were soft-deleted before this moment; how many. What was removed before an error stays
    /// removed.
    pub async fn purge_deleted_conversations(&self, before: Timestamp) -> Result<u64, StorageError> {
        let mut purged = 0;
        loop {
            let now = self.purge_some(LOCK_DELETED, before).await?;
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
            let now = self.purge_some(LOCK_OLD, before).await?;
            if now == 0 {
                break;
            }
            purged += now;
        }
        self.merge_fts_index(purged > 0).await?;
        Ok(purged)
    }

    /// Removes a few of the conversations that a statement finds and locks, and what they take up.
    async fn purge_some(&self, lock: Sql, before: Timestamp) -> Result<u64, sqlx::Error> {
        let mut tx = self.begin().await?;
        let found: Vec<(i64, String, i64)> = tx.query(lock).bind(before.millis()).fetch_all().await?;
        let (mut purged, mut freed) = (0, BTreeMap::<String, i64>::new());
        for (no, user_id, bytes) in found {
            purged += tx.query(PURGE).bind(no).execute().await?;
            *freed.entry(user_id).or_default() += bytes;
        }
        // In the order of the users, so that two processes do not wait for each other.
        for (user_id, bytes) in &freed {
            subtract_bytes(&mut tx, user_id, *bytes).await?;
        }
        tx.commit().await?;
        Ok(purged)
    }

    /// Removes idempotency keys that have expired; how many.
    pub async fn purge_idempotency_keys(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut connection = self.connection().await?;
        Ok(connection.query(PURGE_IDEMPOTENCY_KEYS).bind(now.millis()).execute().await?)
    }
}
