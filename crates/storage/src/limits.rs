//! Rate limits, shared by every process on the database.

use contract::Timestamp;

use crate::{Database, StorageError};

/// Counts an attempt unless the window is full. One statement, so that concurrent requests cannot exceed the limit.
const RECORD: &str = "insert into bookplate_limits (id, count, last_at, expires_at) values ($1, 1, $2, $3)
    on conflict (id) do update set
        count = case when bookplate_limits.expires_at <= $2 then 1 else bookplate_limits.count + 1 end,
        last_at = $2, expires_at = $3
    where bookplate_limits.expires_at <= $2 or bookplate_limits.count < $4
    returning count";
const WINDOW_END: &str = "select expires_at from bookplate_limits where id = $1";
const REFUND: &str = "update bookplate_limits set count = count - 1 where id = $1 and count > 0";

pub(crate) const STATEMENTS: &[&str] = &[RECORD, WINDOW_END, REFUND];

impl Database {
    /// Counts an attempt, at most `count` of them in a window of `millis`, which begins anew with each one allowed. `None` when
    /// it is allowed, otherwise when the next one may be.
    pub async fn record_attempt(
        &self,
        id: &str,
        now: Timestamp,
        millis: i64,
        count: i64,
    ) -> Result<Option<Timestamp>, StorageError> {
        let taken: Option<(i64,)> = self
            .connection()
            .await?
            .query(RECORD)
            .bind(id)
            .bind(now.millis())
            .bind(now.millis().saturating_add(millis))
            .bind(count)
            .fetch_optional()
            .await?;
        if taken.is_some() {
            return Ok(None);
        }
        let end: Option<(i64,)> =
            self.connection().await?.query(WINDOW_END).bind(id).fetch_optional().await?;
        Ok(Some(end.map_or(now, |(end,)| Timestamp::from_millis(end))))
    }

    /// Takes back an attempt that turned out not to be a guess.
    pub async fn refund_attempt(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(REFUND).bind(id).execute().await?;
        Ok(())
    }
}
