//! Known devices: browsers that a user has signed in with.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, StorageError, connection::Transaction};

/// A browser that a user has signed in with.
#[derive(Debug, Clone, FromRow)]
pub struct KnownDevice {
    /// SHA-256 of its cookie, in lower-case hex.
    pub id: String,
    /// Its last `User-Agent`.
    pub user_agent: String,
    /// When it was first used.
    #[sqlx(try_from = "i64")]
    pub first_seen_at: Timestamp,
    /// When the user last signed in with it.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
}

const UPSERT: &str = "insert into bookplate_devices (user_id, id, user_agent, first_seen_at, last_seen_at)
    values ($1, $2, $3, $4, $4)
    on conflict (user_id, id) do update set user_agent = $3, last_seen_at = $4";
/// Keeps the devices used last: each has attempts of its own at the password, so there must not be many.
const CAP: &str = "delete from bookplate_devices where user_id = $1 and id not in
    (select id from bookplate_devices where user_id = $1 order by last_seen_at desc, id limit 20)";
pub(crate) const FORGET: &str = "delete from bookplate_devices where user_id = $1";
const KNOWN: &str = "select 1 from bookplate_devices where user_id = $1 and id = $2";
const OF_USER: &str = "select id, user_agent, first_seen_at, last_seen_at from bookplate_devices
    where user_id = $1 order by last_seen_at desc, id";

pub(crate) const STATEMENTS: &[&str] = &[UPSERT, CAP, FORGET, KNOWN, OF_USER];

/// Records that a user has signed in with a device; `None` records nothing.
pub(crate) async fn upsert_known_device(
    tx: &mut Transaction,
    user_id: &str,
    device: Option<&KnownDevice>,
) -> Result<(), sqlx::Error> {
    if let Some(device) = device {
        tx.query(UPSERT)
            .bind(user_id)
            .bind(&device.id)
            .bind(&device.user_agent)
            .bind(device.last_seen_at.millis())
            .execute()
            .await?;
        tx.query(CAP).bind(user_id).execute().await?;
    }
    Ok(())
}

impl Database {
    /// Whether a user has signed in with this device, or chosen the password on it.
    pub async fn knows_device(&self, user_id: &str, id: &str) -> Result<bool, StorageError> {
        let known: Option<(i32,)> =
            self.connection().await?.query(KNOWN).bind(user_id).bind(id).fetch_optional().await?;
        Ok(known.is_some())
    }

    /// A user's known devices, the last used first.
    pub async fn devices_of(&self, user_id: &str) -> Result<Vec<KnownDevice>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).fetch_all().await?)
    }
}
