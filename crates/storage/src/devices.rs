//! Browsers a reader has signed in with before.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, StorageError, database::on_pool};

/// A browser a reader has signed in with.
#[derive(Debug, Clone, FromRow)]
pub struct KnownDevice {
    /// SHA-256 of what its cookie says, lower-case hex.
    pub id: String,
    /// What it called itself last.
    pub user_agent: String,
    /// When it was first used.
    #[sqlx(try_from = "i64")]
    pub first_seen_at: Timestamp,
    /// When a reader last signed in with it.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
}

pub(crate) const UPSERT: &str =
    "insert into bookplate_devices (user_id, id, user_agent, first_seen_at, last_seen_at)
    values ($1, $2, $3, $4, $4)
    on conflict (user_id, id) do update set user_agent = $3, last_seen_at = $4";
/// A reader's browsers but the last used: each of them may try passwords for itself, so there must not be many.
pub(crate) const CAP: &str = "delete from bookplate_devices where user_id = $1 and id not in
    (select id from bookplate_devices where user_id = $1 order by last_seen_at desc, id limit 20)";
pub(crate) const FORGET: &str = "delete from bookplate_devices where user_id = $1";
const KNOWN: &str = "select 1 from bookplate_devices where user_id = $1 and id = $2";
const OF_USER: &str = "select id, user_agent, first_seen_at, last_seen_at from bookplate_devices
    where user_id = $1 order by last_seen_at desc, id";

pub(crate) const STATEMENTS: &[&str] = &[UPSERT, CAP, FORGET, KNOWN, OF_USER];

/// Notes on an open connection that a reader has signed in with a browser.
macro_rules! upsert_known_device {
    ($connection:ident, $user_id:expr, $device:expr) => {{
        if let Some(device) = $device {
            let device: &$crate::KnownDevice = device;
            sqlx::query($crate::devices::UPSERT)
                .bind($user_id)
                .bind(&device.id)
                .bind(&device.user_agent)
                .bind(device.last_seen_at.millis())
                .execute(&mut *$connection)
                .await?;
            sqlx::query($crate::devices::CAP).bind($user_id).execute(&mut *$connection).await?;
        }
    }};
}
pub(crate) use upsert_known_device;

impl Database {
    /// Whether a reader has signed in with this browser, or chosen the password in it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn knows_device(&self, user_id: &str, id: &str) -> Result<bool, StorageError> {
        let known: Option<(i32,)> = on_pool!(self, |connection| sqlx::query_as(KNOWN)
            .bind(user_id)
            .bind(id)
            .fetch_optional(connection)
            .await?);
        Ok(known.is_some())
    }

    /// The browsers a reader has signed in with, the latest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn devices_of(&self, user_id: &str) -> Result<Vec<KnownDevice>, StorageError> {
        Ok(on_pool!(self, |connection| sqlx::query_as(OF_USER).bind(user_id).fetch_all(connection).await?))
    }
}
