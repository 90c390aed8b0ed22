//! What has served its time is removed.

use contract::Timestamp;

use crate::{
    Database, StorageError,
    database::{in_transaction, on_pool},
};

/// Since when what is of no more use.
#[derive(Debug, Clone, Copy)]
pub struct Cutoffs {
    /// Sessions, links and counts that ended before.
    pub now: Timestamp,
    /// Events from before.
    pub events: Timestamp,
    /// Accounts whose address was to be proved since before and that nobody is signed in to; `None` keeps all.
    pub unverified: Option<Timestamp>,
}

/// How many rows were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
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
}

const SESSIONS: &str = "delete from bookplate_sessions where expires_at <= $1 or ends_at <= $1";
const LINKS: &str = "delete from bookplate_links where expires_at <= $1";
const LIMITS: &str = "delete from bookplate_limits where expires_at <= $1";
const EVENTS: &str = "delete from bookplate_events where at < $1";
const FORGET: &str = "update bookplate_events set user_id = null, ip_address = null, user_agent = null
    where user_id in (select u.id from bookplate_users u where u.unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = u.id))";
const ACCOUNTS: &str = "delete from bookplate_users where unverified_since < $1
    and not exists (select 1 from bookplate_sessions s where s.user_id = bookplate_users.id)";

pub(crate) const STATEMENTS: &[&str] = &[SESSIONS, LINKS, LIMITS, EVENTS, FORGET, ACCOUNTS];

impl Database {
    /// Removes what has served its time.
    ///
    /// # Errors
    /// [`StorageError`]; what was removed before it stays so.
    pub async fn sweep(&self, cutoffs: Cutoffs) -> Result<Swept, StorageError> {
        let now = cutoffs.now.millis();
        let mut swept = Swept {
            sessions: self.delete(SESSIONS, now).await?,
            links: self.delete(LINKS, now).await?,
            limits: self.delete(LIMITS, now).await?,
            events: self.delete(EVENTS, cutoffs.events.millis()).await?,
            accounts: 0,
        };
        if let Some(unverified) = cutoffs.unverified {
            let before = unverified.millis();
            swept.accounts = in_transaction!(self, |connection| {
                sqlx::query(FORGET).bind(before).execute(&mut *connection).await?;
                sqlx::query(ACCOUNTS).bind(before).execute(&mut *connection).await?.rows_affected()
            });
        }
        Ok(swept)
    }

    async fn delete(&self, statement: &'static str, before: i64) -> Result<u64, StorageError> {
        Ok(on_pool!(self, |pool| sqlx::query(statement).bind(before).execute(pool).await?.rows_affected()))
    }
}
