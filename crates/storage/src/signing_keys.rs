//! Signing keys. Private keys are encrypted.

use sqlx::FromRow;

use crate::{Database, StorageError};

/// A stored key pair.
#[derive(Debug, Clone, FromRow)]
pub struct StoredKey {
    /// The `kid`.
    pub id: String,
    /// JWA name: `ES256`, `EdDSA`, `RS256`.
    pub algorithm: String,
    /// Counts the keys of one algorithm; the highest signs.
    pub generation: i64,
    /// JWK, JSON text, public members only.
    pub public_jwk: String,
    /// The private key, encrypted.
    pub sealed_private_key: String,
    /// When it was created, in Unix milliseconds.
    pub created_at: i64,
    /// When it begins to sign, in Unix milliseconds; it is published from the start.
    pub signs_from: i64,
}

const INSERT: &str = "insert into bookplate_signing_keys
    (id, algorithm, generation, public_jwk, sealed_private_key, created_at, signs_from)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (algorithm, generation) do nothing";
const LIST: &str = "select id, algorithm, generation, public_jwk, sealed_private_key, created_at,
    signs_from from bookplate_signing_keys order by algorithm, generation desc";

const RESEAL: &str = "update bookplate_signing_keys set sealed_private_key = $2 where id = $1";
const ACTIVATE: &str = "update bookplate_signing_keys set signs_from = $2 where id = $1 and signs_from > $2";
const DELETE: &str = "delete from bookplate_signing_keys where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, LIST, RESEAL, ACTIVATE, DELETE];

impl Database {
    /// Every key, the newest of each algorithm first.
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, StorageError> {
        Ok(self.connection().await?.query(LIST).fetch_all().await?)
    }

    /// Stores a key unless another process has stored one of this generation; all keys after that.
    pub async fn add_signing_key(&self, key: &StoredKey) -> Result<Vec<StoredKey>, StorageError> {
        let mut tx = self.begin().await?;
        tx.query(INSERT)
            .bind(&key.id)
            .bind(&key.algorithm)
            .bind(key.generation)
            .bind(&key.public_jwk)
            .bind(&key.sealed_private_key)
            .bind(key.created_at)
            .bind(key.signs_from)
            .execute()
            .await?;
        let outcome = tx.query(LIST).fetch_all().await?;
        tx.commit().await?;
        Ok(outcome)
    }

    /// Stores a private key sealed under another secret.
    pub async fn reseal_signing_key(&self, id: &str, sealed: &str) -> Result<(), StorageError> {
        self.connection().await?.query(RESEAL).bind(id).bind(sealed).execute().await?;
        Ok(())
    }

    /// Makes a published key sign from this moment on.
    pub async fn activate_signing_key(&self, id: &str, signs_from: i64) -> Result<(), StorageError> {
        self.connection().await?.query(ACTIVATE).bind(id).bind(signs_from).execute().await?;
        Ok(())
    }

    /// Deletes a key whose tokens have all expired.
    pub async fn remove_signing_key(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(DELETE).bind(id).execute().await?;
        Ok(())
    }
}
