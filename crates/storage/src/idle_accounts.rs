//! Accounts that nobody uses: their readers are told, then they are deleted.

use const_format::concatcp;
use contract::Timestamp;

use crate::{
    AuditRecord, Database, StorageError, User, accounts::delete_locked_user, audit_log::insert_audit_record,
    connection::Transaction, locks::lock_user, users::COLUMNS,
};

/// The moments that decide which accounts are idle.
#[derive(Debug, Clone, Copy)]
pub struct IdleCutoffs {
    /// The current time.
    pub now: Timestamp,
    /// Accounts last used before are deleted, if their readers were told in time.
    pub delete: Timestamp,
    /// Readers of accounts last used before are told.
    pub notify: Timestamp,
    /// Those told before have had their time.
    pub told: Timestamp,
}

impl IdleCutoffs {
    /// Milliseconds from the last use of an account until its reader is told.
    const fn notice_after(self) -> i64 {
        self.now.millis().saturating_sub(self.notify.millis())
    }
}

/// The account of `u` was last used before `$2`, and is not banned at `$1`: a ban must outlive the patience of who got it.
const IDLE: &str = "u.last_active_at < $2
    and not exists (select 1 from bookplate_sessions s where s.user_id = u.id and s.last_seen_at >= $2)
    and (u.banned_at is null or u.ban_expires_at <= $1)";
/// The reader was told before `$3`, and not before that was due: a notice from when accounts were kept for less does not
/// count.
const TOLD: &str = "u.idle_notice_at <= $3 and u.idle_notice_at >= u.last_active_at + $4";

const TO_NOTIFY: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_users u where ",
    IDLE,
    " and (u.idle_notice_at is null or u.idle_notice_at < u.last_active_at + $3)
    order by u.last_active_at, u.id limit $4"
);
const NOTIFIED: &str = "update bookplate_users set idle_notice_at = $2
    where id = $1 and last_active_at < $3 and (idle_notice_at is null or idle_notice_at < last_active_at + $4)";
const TO_DELETE: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_users u where ",
    IDLE,
    " and ",
    TOLD,
    " order by u.last_active_at, u.id limit $5"
);
const STILL_IDLE: &str =
    concatcp!("select 1 from bookplate_users u where ", IDLE, " and ", TOLD, " and u.id = $5");
/// A user who comes back has been told nothing.
const ACTIVE: &str = "update bookplate_users set last_active_at = $2, idle_notice_at = null
    where id = $1 and last_active_at <= $2";
/// Before sessions are deleted because they have expired, their last use is kept with the user.
pub(crate) const KEEP_LAST_USE: &str = "update bookplate_users set idle_notice_at = null, last_active_at =
    (select max(s.last_seen_at) from bookplate_sessions s where s.user_id = bookplate_users.id)
    where id in (select user_id from bookplate_sessions where (expires_at <= $1 or ends_at <= $1)
    and last_seen_at > (select u.last_active_at from bookplate_users u where u.id = bookplate_sessions.user_id))";

pub(crate) const STATEMENTS: &[&str] = &[TO_NOTIFY, NOTIFIED, TO_DELETE, STILL_IDLE, ACTIVE, KEEP_LAST_USE];

/// Records that a user is there.
pub(crate) async fn touch_user(
    connection: &mut crate::connection::Connection,
    user_id: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    connection.query(ACTIVE).bind(user_id).bind(now.millis()).execute().await?;
    Ok(())
}

async fn is_still_idle(tx: &mut Transaction, id: &str, cutoffs: IdleCutoffs) -> Result<bool, sqlx::Error> {
    let query = tx.query(STILL_IDLE).bind(cutoffs.now.millis()).bind(cutoffs.delete.millis());
    let query = query.bind(cutoffs.told.millis()).bind(cutoffs.notice_after()).bind(id);
    Ok(query.fetch_optional::<(i32,)>().await?.is_some())
}

impl Database {
    /// Users to tell that their accounts are idle, the longest idle first, at most `limit`.
    pub async fn idle_users_to_notify(
        &self,
        cutoffs: IdleCutoffs,
        limit: i64,
    ) -> Result<Vec<User>, StorageError> {
        let mut connection = self.connection().await?;
        let query = connection.query(TO_NOTIFY).bind(cutoffs.now.millis()).bind(cutoffs.notify.millis());
        Ok(query.bind(cutoffs.notice_after()).bind(limit).fetch_all().await?)
    }

    /// Records that a user was told, with the mail that tells them; `false` when another process has done so, or the user is
    /// back.
    pub async fn notify_idle_user(
        &self,
        id: &str,
        cutoffs: IdleCutoffs,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        let query = tx.query(NOTIFIED).bind(id).bind(cutoffs.now.millis()).bind(cutoffs.notify.millis());
        if query.bind(cutoffs.notice_after()).execute().await? == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Users whose accounts are to be deleted, the longest idle first, at most `limit`.
    pub async fn idle_users_to_delete(
        &self,
        cutoffs: IdleCutoffs,
        limit: i64,
    ) -> Result<Vec<User>, StorageError> {
        let mut connection = self.connection().await?;
        let query = connection.query(TO_DELETE).bind(cutoffs.now.millis()).bind(cutoffs.delete.millis());
        let query = query.bind(cutoffs.told.millis()).bind(cutoffs.notice_after());
        Ok(query.bind(limit).fetch_all().await?)
    }

    /// Deletes a user as [`Database::delete_user`] does, unless the user has come back; `false` then.
    pub async fn delete_idle_user(
        &self,
        id: &str,
        cutoffs: IdleCutoffs,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        // Who signs in at this moment has locked the row, and is seen, or waits, and finds no account.
        if !lock_user(&mut tx, id).await? || !is_still_idle(&mut tx, id, cutoffs).await? {
            return Ok(false);
        }
        delete_locked_user(&mut tx, id, Some(record)).await?;
        tx.commit().await?;
        self.merge_deleted_terms().await;
        Ok(true)
    }
}
