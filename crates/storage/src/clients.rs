//! Clients of OAuth 2.0 that were registered by command. Secrets are stored as hashes.

use contract::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, types::Json};

use crate::{AuditRecord, Database, StorageError, audit_log::insert_audit_record};

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredClient {
    /// `client_id`.
    pub id: String,
    /// Everything else but its secrets, a JSON object.
    #[sqlx(json)]
    pub declaration: Value,
    /// SHA-256 of its secret, in lower-case hex; `None` for a public client.
    pub secret_hash: Option<String>,
    /// That of the secret before, which is still accepted.
    pub previous_secret_hash: Option<String>,
    /// When it was registered.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

const LIST: &str = "select id, declaration, secret_hash, previous_secret_hash, created_at, updated_at
    from bookplate_clients order by created_at, id";
const INSERT: &str = "insert into bookplate_clients
    (id, declaration, secret_hash, previous_secret_hash, created_at, updated_at) values ($1, $2, $3, null, $4, $4)
    on conflict (id) do nothing";
/// A public client stays one: what it was registered as decides how it is treated.
const ROTATE_SECRET: &str = "update bookplate_clients
    set previous_secret_hash = secret_hash, secret_hash = $2, updated_at = $3
    where id = $1 and secret_hash is not null";
const FORGET_PREVIOUS_SECRET: &str =
    "update bookplate_clients set previous_secret_hash = null, updated_at = $2
    where id = $1 and previous_secret_hash is not null";
const DELETE: &str = "delete from bookplate_clients where id = $1";
const DELETE_GRANTS: &str = "delete from bookplate_grants where client_id = $1";
const DELETE_CODES: &str = "delete from bookplate_authorization_codes where client_id = $1";
const DELETE_CONSENTS: &str = "delete from bookplate_consents where client_id = $1";

pub(crate) const STATEMENTS: &[&str] = &[
    LIST,
    INSERT,
    ROTATE_SECRET,
    FORGET_PREVIOUS_SECRET,
    DELETE,
    DELETE_GRANTS,
    DELETE_CODES,
    DELETE_CONSENTS,
];

impl Database {
    /// Every registered client, in the order of their registration.
    pub async fn registered_clients(&self) -> Result<Vec<StoredClient>, StorageError> {
        Ok(self.connection().await?.query(LIST).fetch_all().await?)
    }

    /// Registers a client; `false` when its id is taken.
    pub async fn add_client(
        &self,
        client: &StoredClient,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        let insert =
            tx.query(INSERT).bind(&client.id).bind(Json(&client.declaration)).bind(&client.secret_hash);
        if insert.bind(client.created_at.millis()).execute().await? == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a client a new secret and keeps the one before; `false` when there is no such client with a secret.
    pub async fn rotate_client_secret(
        &self,
        id: &str,
        secret_hash: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        let now = record.event.at.millis();
        if tx.query(ROTATE_SECRET).bind(id).bind(secret_hash).bind(now).execute().await? == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes the hash of a client's previous secret; `false` when there is none.
    pub async fn forget_previous_client_secret(
        &self,
        id: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        let now = record.event.at.millis();
        if tx.query(FORGET_PREVIOUS_SECRET).bind(id).bind(now).execute().await? == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a client with its grants, codes and consents; `false` when it is gone. Conversations keep its id.
    pub async fn remove_client(&self, id: &str, record: &AuditRecord) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if tx.query(DELETE).bind(id).execute().await? == 0 {
            return Ok(false);
        }
        for statement in [DELETE_GRANTS, DELETE_CODES, DELETE_CONSENTS] {
            tx.query(statement).bind(id).execute().await?;
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }
}
