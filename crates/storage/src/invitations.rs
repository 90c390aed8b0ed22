//! Invitations to sign up, stored as hashes of their tokens.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{AuditRecord, Database, StorageError, audit_log::insert_audit_record, connection::Transaction};

/// An invitation to sign up.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Invitation {
    /// SHA-256 of its token, in lower-case hex.
    pub id: String,
    /// The only address it is for; `None` for any.
    pub email: Option<String>,
    /// How many accounts it can still open, at least one.
    pub uses_left: i64,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it expires.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
}

const INSERT: &str = "insert into bookplate_invitations (id, email, uses_left, created_at, expires_at)
    values ($1, $2, $3, $4, $5)";
const FIND: &str =
    "select id, email, uses_left, created_at, expires_at from bookplate_invitations where id = $1";
/// The condition is checked again on the locked row, so that of two sign-ups at once only as many go through as are left.
const USE: &str = "update bookplate_invitations set uses_left = uses_left - 1
    where id = $1 and expires_at > $2 and uses_left > 0 and (email is null or email = $3) returning uses_left";
const DELETE: &str = "delete from bookplate_invitations where id = $1";
pub(crate) const DELETE_OF_EMAIL: &str = "delete from bookplate_invitations where email = $1";
pub(crate) const DELETE_OF_USER: &str = "delete from bookplate_invitations
    where email = (select u.email from bookplate_users u where u.id = $1)";
const LIST: &str = "select id, email, uses_left, created_at, expires_at from bookplate_invitations
    where expires_at > $1 order by created_at, id";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, FIND, USE, DELETE, DELETE_OF_EMAIL, DELETE_OF_USER, LIST];

/// Uses an invitation once for this address; `false` when it is not valid for it any more.
pub(crate) async fn use_invitation(
    tx: &mut Transaction,
    id: &str,
    email: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let left: Option<(i64,)> = tx.query(USE).bind(id).bind(now.millis()).bind(email).fetch_optional().await?;
    match left {
        None => Ok(false),
        Some((1..,)) => Ok(true),
        Some(_) => {
            tx.query(DELETE).bind(id).execute().await?;
            Ok(true)
        }
    }
}

impl Database {
    /// Stores an invitation in place of others for the same address.
    pub async fn add_invitation(
        &self,
        invitation: &Invitation,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        if let Some(email) = &invitation.email {
            tx.query(DELETE_OF_EMAIL).bind(email).execute().await?;
        }
        tx.query(INSERT)
            .bind(&invitation.id)
            .bind(&invitation.email)
            .bind(invitation.uses_left)
            .bind(invitation.created_at.millis())
            .bind(invitation.expires_at.millis())
            .execute()
            .await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The invitation with this token's hash, also an expired one: the caller decides.
    pub async fn find_invitation(&self, id: &str) -> Result<Option<Invitation>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(id).fetch_optional().await?)
    }

    /// Invitations that have not expired, the oldest first.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, StorageError> {
        Ok(self.connection().await?.query(LIST).bind(now.millis()).fetch_all().await?)
    }

    /// Deletes an invitation; `false` when it is gone.
    pub async fn remove_invitation(&self, id: &str, record: &AuditRecord) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if tx.query(DELETE).bind(id).execute().await? == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Uses an invitation without opening an account, where a taken address must not differ from a free one; `false` when it
    /// was not valid.
    pub async fn spend_invitation(
        &self,
        id: &str,
        email: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if !use_invitation(&mut tx, id, email, record.event.at).await? {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }
}
