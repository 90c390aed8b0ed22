//! Sessions. The row in this table alone decides whether a session is valid.

use const_format::concatcp;
use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    AuditRecord, Database, KnownDevice, StorageError, User, audit_log::insert_audit_record,
    connection::Transaction, devices::upsert_known_device, idle_accounts::touch_user, locks::lock_user,
    users,
};

/// A signed-in browser.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// The public handle: 128 random bits in the form of a UUID.
    #[sqlx(rename = "session_id")]
    pub id: String,
    /// The user.
    #[sqlx(rename = "session_user_id")]
    pub user_id: String,
    /// The id of its tower-sessions record; opens nothing.
    pub record_id: String,
    /// The address it was opened from; empty when unknown.
    pub ip_address: String,
    /// The `User-Agent` it was opened with; empty when unknown.
    pub user_agent: String,
    /// Whether it outlives the browser window and is renewed.
    pub remembered: bool,
    /// When it was opened.
    #[sqlx(rename = "session_created_at", try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was last renewed.
    #[sqlx(try_from = "i64")]
    pub renewed_at: Timestamp,
    /// When it ends unless it is renewed.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it ends in any case.
    #[sqlx(try_from = "i64")]
    pub ends_at: Timestamp,
    /// When it was last used, to within a few minutes.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
}

/// A session to be stored.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// The session.
    pub session: &'a Session,
    /// The session that the browser has had, which is deleted.
    pub replaced: Option<&'a str>,
    /// The device to remember.
    pub device: Option<&'a KnownDevice>,
}

/// A session and its user.
#[derive(Debug, Clone, FromRow)]
pub struct SignedIn {
    /// The session.
    #[sqlx(flatten)]
    pub session: Session,
    /// Its user.
    #[sqlx(flatten)]
    pub user: User,
}

/// The columns of [`Session`], of a table called `s`.
pub(crate) const COLUMNS: &str =
    "s.id as session_id, s.user_id as session_user_id, s.record_id, s.ip_address, s.user_agent, s.remembered,
    s.created_at as session_created_at, s.renewed_at, s.expires_at, s.ends_at, s.last_seen_at";

const INSERT: &str = "insert into bookplate_sessions
    (id, user_id, record_id, ip_address, user_agent, remembered, created_at, renewed_at, expires_at, ends_at,
    last_seen_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const DELETE: &str = "delete from bookplate_sessions where id = $1";
/// Every session of a user but one.
pub(crate) const DELETE_OF_USER: &str = "delete from bookplate_sessions where user_id = $1 and id <> $2";
const DELETE_ONE_OF_USER: &str = "delete from bookplate_sessions where user_id = $1 and id = $2";
const FIND: &str = concatcp!(
    "select ",
    COLUMNS,
    ", ",
    users::COLUMNS,
    " from bookplate_sessions s join bookplate_users u on u.id = s.user_id where s.id = $1"
);
const OF_USER: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_sessions s where s.user_id = $1 and s.expires_at > $2 and s.ends_at > $2
    order by s.last_seen_at desc, s.id"
);
const RENEW: &str = "update bookplate_sessions set renewed_at = $3, expires_at = $4, last_seen_at = $3
    where id = $1 and renewed_at = $2";
const TOUCH: &str = "update bookplate_sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, DELETE, DELETE_OF_USER, DELETE_ONE_OF_USER, FIND, OF_USER, RENEW, TOUCH];

/// Stores a session and its device, and deletes the session that it replaces.
pub(crate) async fn insert_session(tx: &mut Transaction, new: &NewSession<'_>) -> Result<(), sqlx::Error> {
    let session = new.session;
    touch_user(tx, &session.user_id, session.created_at).await?;
    if let Some(replaced) = new.replaced {
        tx.query(DELETE).bind(replaced).execute().await?;
    }
    tx.query(INSERT)
        .bind(&session.id)
        .bind(&session.user_id)
        .bind(&session.record_id)
        .bind(&session.ip_address)
        .bind(&session.user_agent)
        .bind(session.remembered)
        .bind(session.created_at.millis())
        .bind(session.renewed_at.millis())
        .bind(session.expires_at.millis())
        .bind(session.ends_at.millis())
        .bind(session.last_seen_at.millis())
        .execute()
        .await?;
    upsert_known_device(tx, &session.user_id, new.device).await
}

impl Database {
    /// The session with this id and its user, also an expired one: the caller decides.
    pub async fn find_session(&self, id: &str) -> Result<Option<SignedIn>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(id).fetch_optional().await?)
    }

    /// Renews a session; `false` when another request has done so since `renewed_at` was `read_at`, or it was deleted.
    pub async fn renew_session(&self, renewed: &Session, read_at: Timestamp) -> Result<bool, StorageError> {
        let mut connection = self.connection().await?;
        let moved = connection
            .query(RENEW)
            .bind(&renewed.id)
            .bind(read_at.millis())
            .bind(renewed.renewed_at.millis())
            .bind(renewed.expires_at.millis())
            .execute()
            .await?;
        if moved > 0 {
            touch_user(&mut connection, &renewed.user_id, renewed.renewed_at).await?;
        }
        Ok(moved > 0)
    }

    /// Deletes a session and its record. One that is gone is no error.
    pub async fn end_session(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(DELETE).bind(id).execute().await?;
        Ok(())
    }

    /// A user's sessions that have not expired, the last used first.
    pub async fn sessions_of(&self, user_id: &str, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).bind(now.millis()).fetch_all().await?)
    }

    /// Revokes one session of a user; whether it existed.
    pub async fn revoke_session(
        &self,
        user_id: &str,
        id: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        let ended = tx.query(DELETE_ONE_OF_USER).bind(user_id).bind(id).execute().await?;
        if ended == 0 {
            return Ok(false);
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Revokes every session of a user but `except`.
    pub async fn revoke_sessions(
        &self,
        user_id: &str,
        except: Option<&str>,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        // A deleted user has no sessions.
        let _ = lock_user(&mut tx, user_id).await?;
        tx.query(DELETE_OF_USER).bind(user_id).bind(except.unwrap_or_default()).execute().await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records that a session was used.
    pub async fn touch_session(&self, id: &str, now: Timestamp) -> Result<(), StorageError> {
        self.connection().await?.query(TOUCH).bind(id).bind(now.millis()).execute().await?;
        Ok(())
    }
}
