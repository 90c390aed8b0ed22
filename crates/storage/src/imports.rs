//! Importing users from another system.

use sqlx::types::Json;

use crate::{
    AuditRecord, Database, NewAccount, StorageError, accounts::INSERT_CREDENTIAL,
    audit_log::insert_audit_record,
};

/// The outcome of importing a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportUserOutcome {
    /// The user was created.
    New,
    /// A user of this id exists; nothing was changed.
    SameId,
    /// Another user has the address; nothing was changed.
    AddressTaken,
}

const INSERT: &str = "insert into bookplate_users
    (id, email, email_verified, name, image, answers, created_at, updated_at, unverified_since,
    banned_at, ban_reason, ban_expires_at, last_active_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    on conflict do nothing returning id";
const HAS_ID: &str = "select 1 from bookplate_users where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, HAS_ID];

impl Database {
    /// Creates a user with the password, if there is one, and the ban. An unverified address counts as such from the time of
    /// the import, and so does an account that nobody uses.
    pub async fn import_account(
        &self,
        account: &NewAccount,
        record: &AuditRecord,
    ) -> Result<ImportUserOutcome, StorageError> {
        let user = &account.user;
        let unverified_since = (!user.email_verified).then(|| record.event.at.millis());
        let mut tx = self.begin().await?;
        let inserted: Option<(String,)> = tx
            .query(INSERT)
            .bind(&user.id)
            .bind(&user.email)
            .bind(user.email_verified)
            .bind(&user.name)
            .bind(&user.image)
            .bind(Json(&user.answers))
            .bind(user.created_at.millis())
            .bind(user.updated_at.millis())
            .bind(unverified_since)
            .bind(user.ban.banned_at)
            .bind(&user.ban.ban_reason)
            .bind(user.ban.ban_expires_at)
            .bind(record.event.at.millis())
            .fetch_optional()
            .await?;
        if inserted.is_none() {
            let same: Option<(i32,)> = tx.query(HAS_ID).bind(&user.id).fetch_optional().await?;
            return Ok(if same.is_some() {
                ImportUserOutcome::SameId
            } else {
                ImportUserOutcome::AddressTaken
            });
        }
        tx.query(INSERT_CREDENTIAL)
            .bind(&account.credential_id)
            .bind(&user.id)
            .bind(&account.password_hash)
            .bind(user.created_at.millis())
            .execute()
            .await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(ImportUserOutcome::New)
    }
}
