//! Deleting what is past its retention.

use contract::Timestamp;

use crate::{Database, StorageError, idle_accounts::KEEP_LAST_USE};

/// Seconds.
const DAY: i64 = 86_400;

/// The moments before which rows are deleted.
#[derive(Debug, Clone, Copy)]
pub struct RetentionCutoffs {
    /// Sessions, links, limits and idempotency keys that expired before.
    pub now: Timestamp,
    /// Events recorded before.
    pub events: Timestamp,
    /// Conversations soft-deleted before.
    pub deleted: Timestamp,
    /// Accounts without a session whose address has been unverified since before; `None` keeps all.
    pub unverified: Option<Timestamp>,
}

/// How many rows were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CleanupCounts {
    /// Expired sessions.
    pub sessions: u64,
    /// Expired links.
    pub links: u64,
    /// Rate limits whose window is over.
    pub limits: u64,
    /// Old events.
    pub events: u64,
    /// Accounts that were never verified, and idle ones.
    pub accounts: u64,
    /// Soft-deleted conversations, and old ones.
    pub conversations: u64,
    /// Expired idempotency keys.
    pub requests: u64,
    /// Expired invitations.
    pub invitations: u64,
}

const SESSIONS: &str = "delete from bookplate_sessions where expires_at <= $1 or ends_at <= $1";
const LINKS: &str = "delete from bookplate_links where expires_at <= $1";
const INVITATIONS: &str = "delete from bookplate_invitations where expires_at <= $1";
/// Used ones are kept for a day longer than they are good, so that their reuse is noticed.
const CODES: &str = "delete from bookplate_authorization_codes
    where expires_at <= $1 and (grant_id is null or expires_at <= $1 - 86400000)";
const LIMITS: &str = "delete from bookplate_limits where expires_at <= $1";
const EVENTS: &str = "delete from bookplate_events where at < $1";
const FORGET: &str = "update bookplate_events set user_id = null, ip_address = null, user_agent = null
    where user_id in (select u.id from bookplate_users u where u.unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = u.id))";
/// Events that were stored while their user was being deleted.
const FORGET_LATE: &str = "update bookplate_events set user_id = null, ip_address = null, user_agent = null
    where at >= $1 and user_id is not null
    and not exists (select 1 from bookplate_users u where u.id = bookplate_events.user_id)";
const ACCOUNTS: &str = "delete from bookplate_users where unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = bookplate_users.id)";

pub(crate) const STATEMENTS: &[&str] =
    &[SESSIONS, LINKS, INVITATIONS, CODES, LIMITS, EVENTS, FORGET, FORGET_LATE, ACCOUNTS];

impl Database {
    /// Deletes what is past its retention. What was deleted before an error stays deleted.
    pub async fn clean_up(&self, cutoffs: RetentionCutoffs) -> Result<CleanupCounts, StorageError> {
        let now = cutoffs.now.millis();
        self.run(KEEP_LAST_USE, now).await?;
        let mut counts = CleanupCounts {
            sessions: self.run(SESSIONS, now).await?,
            links: self.run(LINKS, now).await?,
            limits: self.run(LIMITS, now).await?,
            events: self.run(EVENTS, cutoffs.events.millis()).await?,
            accounts: 0,
            conversations: self.purge_deleted_conversations(cutoffs.deleted).await?,
            requests: self.purge_idempotency_keys(cutoffs.now).await?,
            invitations: self.run(INVITATIONS, now).await?,
        };
        self.run(CODES, now).await?;
        if let Some(unverified) = cutoffs.unverified {
            let before = unverified.millis();
            let mut tx = self.begin().await?;
            tx.query(FORGET).bind(before).execute().await?;
            counts.accounts = tx.query(ACCOUNTS).bind(before).execute().await?;
            tx.commit().await?;
        }
        // Each run checks the last day; what is older was checked by an earlier run.
        self.run(FORGET_LATE, cutoffs.now.plus_seconds(-DAY).millis()).await?;
        self.merge_fts_index(counts.conversations > 0 || counts.accounts > 0).await?;
        Ok(counts)
    }

    async fn run(&self, statement: &'static str, moment: i64) -> Result<u64, StorageError> {
        Ok(self.connection().await?.query(statement).bind(moment).execute().await?)
    }
}
