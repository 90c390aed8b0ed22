//! The operator's queries and actions.

use const_format::concatcp;
use contract::Timestamp;

use crate::{
    AuditRecord, Ban, Database, StorageError, User, audit_log::insert_audit_record, sessions, users,
};

const LIST: &str = concatcp!(
    "select ",
    users::COLUMNS,
    " from bookplate_users u where u.email > $1
    and (u.email like lower($2) escape '!' or lower(u.name) like lower($2) escape '!')
    order by u.email limit $3"
);
const BAN: &str =
    "update bookplate_users set banned_at = $2, ban_reason = $3, ban_expires_at = $4, updated_at = $5
    where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[LIST, BAN];

impl Database {
    /// Users by address after `after`, at most `limit`, whose address or name matches the `like` pattern, which has `!` as its
    /// escape and ignores case.
    pub async fn list_users(
        &self,
        after: &str,
        pattern: &str,
        limit: i64,
    ) -> Result<Vec<User>, StorageError> {
        Ok(self.connection().await?.query(LIST).bind(after).bind(pattern).bind(limit).fetch_all().await?)
    }

    /// Bans a user and deletes their sessions, or lifts the ban. `false` when there is no such user.
    pub async fn ban_user(&self, id: &str, ban: &Ban, record: &AuditRecord) -> Result<bool, StorageError> {
        let now: Timestamp = record.event.at;
        let mut tx = self.begin().await?;
        let changed = tx
            .query(BAN)
            .bind(id)
            .bind(ban.banned_at)
            .bind(&ban.ban_reason)
            .bind(ban.ban_expires_at)
            .bind(now.millis())
            .execute()
            .await?;
        if changed == 0 {
            return Ok(false);
        }
        if ban.banned_at.is_some() {
            tx.query(sessions::DELETE_OF_USER).bind(id).bind("").execute().await?;
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }
}
