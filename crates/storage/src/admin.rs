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
    and (u.email like lower($2) escape '!' or lower(u.name) like lower($2) escape '!'
        or u.email like '%@%xn--%' or octet_length(u.name) > length(u.name))
    order by u.email limit $3"
);
const BAN: &str =
    "update bookplate_users set banned_at = $2, ban_reason = $3, ban_expires_at = $4, updated_at = $5
    where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[LIST, BAN];

impl Database {
    /// Users by address after `after`, at most `limit`, whose address or name may match: those whose address or name does
    /// match the `like` pattern, which has `!` as its escape and ignores the case of ASCII letters, and all whose domain is
    /// internationalised or whose name is not in ASCII. How these look, and the case of other letters, is for the caller to
    /// compare: no SQL does it alike on both databases.
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
