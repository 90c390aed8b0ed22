//! Which versions of the author's terms users have accepted, and when.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    AuditRecord, Database, StorageError, audit_log::insert_audit_record, connection::Transaction,
    locks::lock_user,
};

/// A version of the terms that a user has accepted.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AcceptedTerms {
    /// The version.
    pub version: String,
    /// When it was first accepted.
    #[sqlx(try_from = "i64")]
    pub accepted_at: Timestamp,
}

const INSERT: &str =
    "insert into bookplate_accepted_terms (user_id, version, accepted_at) values ($1, $2, $3)
    on conflict do nothing";
const HAS: &str = "select 1 from bookplate_accepted_terms where user_id = $1 and version = $2";
pub(crate) const OF_USER: &str =
    "select version, accepted_at from bookplate_accepted_terms where user_id = $1
    order by accepted_at, version";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, HAS, OF_USER];

/// Records that a user, whose row is locked, accepts a version; the number of new rows.
pub(crate) async fn insert_accepted_terms(
    tx: &mut Transaction,
    user_id: &str,
    version: &str,
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    tx.query(INSERT).bind(user_id).bind(version).bind(at.millis()).execute().await
}

impl Database {
    /// Whether a user has accepted this version.
    pub async fn has_accepted_terms(&self, user_id: &str, version: &str) -> Result<bool, StorageError> {
        let found: Option<(i32,)> =
            self.connection().await?.query(HAS).bind(user_id).bind(version).fetch_optional().await?;
        Ok(found.is_some())
    }

    /// The versions that a user has accepted, the oldest first.
    pub async fn accepted_terms_of(&self, user_id: &str) -> Result<Vec<AcceptedTerms>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).fetch_all().await?)
    }

    /// Records that a user accepts a version; `false` when there is no such user, or they have accepted it before.
    pub async fn accept_terms(
        &self,
        user_id: &str,
        version: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, user_id).await?
            || insert_accepted_terms(&mut tx, user_id, version, record.event.at).await? == 0
        {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }
}
