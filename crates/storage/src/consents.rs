//! What readers have allowed clients.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{AuditRecord, Database, StorageError, audit_log::insert_audit_record};

/// A reader's consent to a client.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Consent {
    /// The client.
    pub client_id: String,
    /// The scopes that were allowed, separated by spaces.
    pub scope: String,
    /// When.
    #[sqlx(try_from = "i64")]
    pub granted_at: Timestamp,
}

const UPSERT: &str =
    "insert into bookplate_consents (user_id, client_id, scope, granted_at) values ($1, $2, $3, $4)
    on conflict (user_id, client_id) do update set scope = excluded.scope, granted_at = excluded.granted_at";
const FIND: &str =
    "select client_id, scope, granted_at from bookplate_consents where user_id = $1 and client_id = $2";
const OF_USER: &str = "select client_id, scope, granted_at from bookplate_consents where user_id = $1 order by granted_at, client_id";
const DELETE: &str = "delete from bookplate_consents where user_id = $1 and client_id = $2";
const REVOKE_GRANTS: &str = "delete from bookplate_grants where client_id = $2
    and session_id in (select s.id from bookplate_sessions s where s.user_id = $1)";
const DELETE_CODES: &str = "delete from bookplate_authorization_codes where client_id = $2
    and session_id in (select s.id from bookplate_sessions s where s.user_id = $1)";

pub(crate) const STATEMENTS: &[&str] = &[UPSERT, FIND, OF_USER, DELETE, REVOKE_GRANTS, DELETE_CODES];

impl Database {
    /// Stores a consent in place of an earlier one to the same client.
    pub async fn add_consent(
        &self,
        user_id: &str,
        consent: &Consent,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        tx.query(UPSERT)
            .bind(user_id)
            .bind(&consent.client_id)
            .bind(&consent.scope)
            .bind(consent.granted_at.millis())
            .execute()
            .await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A reader's consent to a client.
    pub async fn find_consent(
        &self,
        user_id: &str,
        client_id: &str,
    ) -> Result<Option<Consent>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(user_id).bind(client_id).fetch_optional().await?)
    }

    /// A reader's consents, the oldest first.
    pub async fn consents_of(&self, user_id: &str) -> Result<Vec<Consent>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).fetch_all().await?)
    }

    /// Withdraws a consent, with everything that the client was granted; `false` when there is none.
    pub async fn withdraw_consent(
        &self,
        user_id: &str,
        client_id: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if tx.query(DELETE).bind(user_id).bind(client_id).execute().await? == 0 {
            return Ok(false);
        }
        tx.query(REVOKE_GRANTS).bind(user_id).bind(client_id).execute().await?;
        tx.query(DELETE_CODES).bind(user_id).bind(client_id).execute().await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }
}
