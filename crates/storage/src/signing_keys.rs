//! Signing keys, private parts sealed.

use sqlx::FromRow;

use crate::{
    Database, StorageError,
    database::{in_transaction, on_pool},
};

/// A key pair as it is stored.
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
    /// Unix milliseconds.
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

const SEAL_ANEW: &str = "update bookplate_signing_keys set sealed_private_key = $2 where id = $1";
const BRING_FORWARD: &str =
    "update bookplate_signing_keys set signs_from = $2 where id = $1 and signs_from > $2";
const DELETE: &str = "delete from bookplate_signing_keys where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, LIST, SEAL_ANEW, BRING_FORWARD, DELETE];

impl Database {
    /// Every key, the newest of each algorithm first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, StorageError> {
        Ok(on_pool!(self, |connection| sqlx::query_as(LIST).fetch_all(connection).await?))
    }

    /// Stores a key unless another process was first with this generation, and answers every key there is now.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn add_signing_key(&self, key: &StoredKey) -> Result<Vec<StoredKey>, StorageError> {
        Ok(in_transaction!(self, |connection| {
            sqlx::query(INSERT)
                .bind(&key.id)
                .bind(&key.algorithm)
                .bind(key.generation)
                .bind(&key.public_jwk)
                .bind(&key.sealed_private_key)
                .bind(key.created_at)
                .bind(key.signs_from)
                .execute(&mut *connection)
                .await?;
            sqlx::query_as(LIST).fetch_all(&mut *connection).await?
        }))
    }

    /// Stores a private key sealed under another secret.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn seal_signing_key_anew(&self, id: &str, sealed: &str) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(SEAL_ANEW).bind(id).bind(sealed).execute(connection).await?;
        });
        Ok(())
    }

    /// Has a key that waits sign from this moment on.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn activate_signing_key(&self, id: &str, signs_from: i64) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(BRING_FORWARD).bind(id).bind(signs_from).execute(connection).await?;
        });
        Ok(())
    }

    /// Removes a key whose tokens have all expired.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn remove_signing_key(&self, id: &str) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(DELETE).bind(id).execute(connection).await?;
        });
        Ok(())
    }
}
