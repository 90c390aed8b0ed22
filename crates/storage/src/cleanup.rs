//! What has served its time is removed.

use contract::Timestamp;

use crate::{Database, StorageError};

/// Seconds.
const DAY: i64 = 86_400;

/// Since when what is of no more use.
#[derive(Debug, Clone, Copy)]
pub struct RetentionCutoffs {
    /// Sessions, links and counts that ended before.
    pub now: Timestamp,
    /// Events from before.
    pub events: Timestamp,
    /// Conversations that were deleted before.
    pub deleted: Timestamp,
    /// Accounts whose address was to be proved since before and that nobody is signed in to; `None` keeps all.
    pub unverified: Option<Timestamp>,
}

/// How many rows were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CleanupCounts {
    /// Expired sessions.
    pub sessions: u64,
    /// Expired links.
    pub links: u64,
    /// Counts whose window is over.
    pub limits: u64,
    /// Old events.
    pub events: u64,
    /// Accounts that were never confirmed.
    pub accounts: u64,
    /// Conversations that were deleted.
    pub conversations: u64,
    /// Requests that are no longer remembered.
    pub requests: u64,
}

const SESSIONS: &str = "delete from bookplate_sessions where expires_at <= $1 or ends_at <= $1";
const LINKS: &str = "delete from bookplate_links where expires_at <= $1";
const LIMITS: &str = "delete from bookplate_limits where expires_at <= $1";
const EVENTS: &str = "delete from bookplate_events where at < $1";
const FORGET: &str = "update bookplate_events set user_id = null, ip_address = null, user_agent = null
    where user_id in (select u.id from bookplate_users u where u.unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = u.id))";
/// Events that were stored in the very moment in which their reader was erased.
const FORGET_LATE: &str = "update bookplate_events set user_id = null, ip_address = null, user_agent = null
    where at >= $1 and user_id is not null
    and not exists (select 1 from bookplate_users u where u.id = bookplate_events.user_id)";
const ACCOUNTS: &str = "delete from bookplate_users where unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = bookplate_users.id)";

pub(crate) const STATEMENTS: &[&str] = &[SESSIONS, LINKS, LIMITS, EVENTS, FORGET, FORGET_LATE, ACCOUNTS];

impl Database {
    /// Removes what has served its time.
    ///
    /// # Errors
    /// [`StorageError`]; what was removed before it stays so.
    pub async fn clean_up(&self, cutoffs: RetentionCutoffs) -> Result<CleanupCounts, StorageError> {
        let now = cutoffs.now.millis();
        let mut swept = CleanupCounts {
            sessions: self.run(SESSIONS, now).await?,
            links: self.run(LINKS, now).await?,
            limits: self.run(LIMITS, now).await?,
            events: self.run(EVENTS, cutoffs.events.millis()).await?,
            accounts: 0,
            conversations: self.purge_deleted_conversations(cutoffs.deleted).await?,
            requests: self.purge_idempotency_keys(cutoffs.now).await?,
        };
        if let Some(unverified) = cutoffs.unverified {
            let before = unverified.millis();
            let mut tx = self.begin().await?;
            tx.query(FORGET).bind(before).execute().await?;
            swept.accounts = tx.query(ACCOUNTS).bind(before).execute().await?;
            tx.commit().await?;
        }
        // Every round looks at the last day; what is older has been looked at.
        self.run(FORGET_LATE, cutoffs.now.plus_seconds(-DAY).millis()).await?;
        self.merge_fts_index(swept.conversations > 0 || swept.accounts > 0).await?;
        Ok(swept)
    }

    async fn run(&self, statement: &'static str, moment: i64) -> Result<u64, StorageError> {
        Ok(self.connection().await?.query(statement).bind(moment).execute().await?)
    }
}
