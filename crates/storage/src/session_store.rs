//! The store behind tower-sessions. Nothing in its table opens a session.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::{Postgres, Sqlite};
use time::{OffsetDateTime, macros::datetime};
use tokio::sync::OwnedSemaphorePermit;
use tower_sessions::{
    Session as BrowserSession, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{Database, Pool, StorageError};

const TABLE: &str = "bookplate_session_records";
const SCHEMA: &str = "select current_schema()";

/// A record never expires by itself: it is deleted with the session's row. A date far off also keeps tower-sessions' own
/// reading of the system clock out of the decision.
const NEVER: OffsetDateTime = datetime!(9999-12-31 0:00 UTC);

/// The secret id of a session's record: a tower-sessions id that no table holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordKey([u8; 16]);

impl RecordKey {
    /// A key of 128 bits, derived from the session's handle and the server's secret.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key in lower-case hex: the second half of a session token.
    pub fn hex(self) -> String {
        hex::encode(self.0)
    }

    /// The id that tower-sessions asks for.
    const fn id(self) -> Id {
        Id(i128::from_le_bytes(self.0))
    }

    /// The id in both tables: the first 16 bytes of the SHA-256 of the key.
    pub fn stored_id(self) -> String {
        hashed(&self.id()).to_string()
    }
}

fn hashed(id: &Id) -> Id {
    let digest: [u8; 32] = Sha256::digest(id.0.to_le_bytes()).into();
    let (head, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    Id(i128::from_le_bytes(*head))
}

/// Stores what a session carries besides its identity, under hashed ids.
///
/// A record belongs to a row of `bookplate_sessions` by foreign key, so tower-sessions' `save`, an upsert, cannot bring
/// back the record of a session that has ended.
#[derive(Debug, Clone)]
pub struct SessionRecordStore {
    inner: Inner,
}

#[derive(Debug, Clone)]
enum Inner {
    Sqlite(SqliteStore, Pool<Sqlite>),
    Postgres(PostgresStore, Pool<Postgres>),
}

/// tower-sessions' own store, and the right to one connection of its pool.
struct StorePermit<'a> {
    store: &'a dyn SessionStore,
    _permit: OwnedSemaphorePermit,
}

impl SessionRecordStore {
    /// A store in the same database as the sessions.
    pub async fn new(database: &Database) -> std::result::Result<Arc<Self>, StorageError> {
        let fault = |detail: String| StorageError::Fault(sqlx::Error::Configuration(detail.into()));
        let inner = match database {
            Database::Sqlite(pool) => {
                let store = SqliteStore::new(pool.acquire_sqlx_pool().await?.clone());
                Inner::Sqlite(store.with_table_name(TABLE).map_err(fault)?, pool.clone())
            }
            Database::Postgres(pool) => {
                let permit = pool.acquire_sqlx_pool().await?;
                let (schema,): (String,) = sqlx::query_as(SCHEMA).fetch_one(&*permit).await?;
                let store = PostgresStore::new(permit.clone()).with_table_name(TABLE).map_err(fault)?;
                Inner::Postgres(store.with_schema_name(schema).map_err(fault)?, pool.clone())
            }
        };
        Ok(Arc::new(Self { inner }))
    }

    /// Creates the empty record of a session that has just been stored.
    pub async fn open(&self, key: RecordKey) -> std::result::Result<(), StorageError> {
        let mut record = Record { id: key.id(), data: HashMap::new(), expiry_date: NEVER };
        let created = SessionStore::create(self, &mut record).await;
        created.map_err(|error| StorageError::Fault(sqlx::Error::Configuration(error.into())))
    }

    /// The record with this key, loaded at the first access.
    pub fn browser(self: Arc<Self>, key: RecordKey) -> BrowserSession {
        BrowserSession::new(Some(key.id()), self, None)
    }

    async fn permit(&self) -> Result<StorePermit<'_>> {
        let fault = |error: sqlx::Error| Error::Backend(error.to_string());
        Ok(match &self.inner {
            Inner::Sqlite(store, pool) => {
                StorePermit { store, _permit: pool.acquire_sqlx_pool().await.map_err(fault)?.into_permit() }
            }
            Inner::Postgres(store, pool) => {
                StorePermit { store, _permit: pool.acquire_sqlx_pool().await.map_err(fault)?.into_permit() }
            }
        })
    }
}

/// The record under its stored id. The serialized record holds the id too, so the copy carries the hashed one.
fn with_hashed_id(record: &Record) -> Record {
    Record { id: hashed(&record.id), data: record.data.clone(), expiry_date: NEVER }
}

#[async_trait]
impl SessionStore for SessionRecordStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut stored = with_hashed_id(record);
        let id = stored.id;
        let permit = self.permit().await?;
        permit.store.create(&mut stored).await?;
        if stored.id == id {
            Ok(())
        } else {
            // Taken: the inner store has drawn another id, which no key leads to.
            permit.store.delete(&stored.id).await?;
            Err(Error::Backend("a session record with this id exists".into()))
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.permit().await?.store.save(&with_hashed_id(record)).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = self.permit().await?.store.load(&hashed(id)).await?;
        Ok(stored.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.permit().await?.store.delete(&hashed(id)).await
    }
}
