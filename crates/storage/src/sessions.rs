//! Signed-in browsers. The row here alone decides whether a session lives.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    AuditRecord, Database, KnownDevice, StorageError, User,
    accounts::user_columns,
    audit_log::insert_audit_record,
    database::{in_transaction, on_pool},
    locks::lock_user,
};

/// One signed-in browser.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// The public handle: 128 random bits in the form of a UUID.
    #[sqlx(rename = "session_id")]
    pub id: String,
    /// The reader.
    #[sqlx(rename = "session_user_id")]
    pub user_id: String,
    /// Name of the tower-sessions record that goes with it; opens nothing.
    pub record_id: String,
    /// Where it was opened; empty when unknown.
    pub ip_address: String,
    /// What it was opened with; empty when unknown.
    pub user_agent: String,
    /// Whether it outlives the browser window and is renewed.
    pub remembered: bool,
    /// When it was opened.
    #[sqlx(rename = "session_created_at", try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was last renewed.
    #[sqlx(try_from = "i64")]
    pub renewed_at: Timestamp,
    /// When it ends unless renewed.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it ends however often it is renewed.
    #[sqlx(try_from = "i64")]
    pub ends_at: Timestamp,
    /// When it was last used, to within a few minutes.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
}

/// A session about to be stored.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// The session.
    pub session: &'a Session,
    /// The session its browser brought along, which ends.
    pub replaced: Option<&'a str>,
    /// The browser, from now on known to the reader.
    pub device: Option<&'a KnownDevice>,
}

/// A session together with its reader.
#[derive(Debug, Clone, FromRow)]
pub struct SignedIn {
    /// The session.
    #[sqlx(flatten)]
    pub session: Session,
    /// Its reader.
    #[sqlx(flatten)]
    pub user: User,
}

/// The columns of [`Session`], of a table called `s`.
macro_rules! session_columns {
    () => {
        "s.id as session_id, s.user_id as session_user_id, s.record_id, s.ip_address, s.user_agent, s.remembered,
    s.created_at as session_created_at, s.renewed_at, s.expires_at, s.ends_at, s.last_seen_at"
    };
}
pub(crate) use session_columns;

pub(crate) const INSERT: &str = "insert into bookplate_sessions
    (id, user_id, record_id, ip_address, user_agent, remembered, created_at, renewed_at, expires_at, ends_at,
    last_seen_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
pub(crate) const DELETE: &str = "delete from bookplate_sessions where id = $1";
/// Every session of a reader but one.
pub(crate) const DELETE_OF_USER: &str = "delete from bookplate_sessions where user_id = $1 and id <> $2";
const DELETE_ONE_OF_USER: &str = "delete from bookplate_sessions where user_id = $1 and id = $2";
const FIND: &str = concat!(
    "select ",
    session_columns!(),
    ", ",
    user_columns!(),
    " from bookplate_sessions s join bookplate_users u on u.id = s.user_id where s.id = $1"
);
const OF_USER: &str = concat!(
    "select ",
    session_columns!(),
    " from bookplate_sessions s where s.user_id = $1 and s.expires_at > $2 and s.ends_at > $2
    order by s.last_seen_at desc, s.id"
);
const RENEW: &str = "update bookplate_sessions set renewed_at = $3, expires_at = $4, last_seen_at = $3
    where id = $1 and renewed_at = $2";
const TOUCH: &str = "update bookplate_sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, DELETE, DELETE_OF_USER, DELETE_ONE_OF_USER, FIND, OF_USER, RENEW, TOUCH];

/// Stores a session on an open connection, ends the one the same browser brought along, and knows the browser.
macro_rules! insert_session {
    ($connection:ident, $opening:expr) => {{
        let opening: &$crate::NewSession<'_> = $opening;
        let session = opening.session;
        if let Some(replaced) = opening.replaced {
            sqlx::query($crate::sessions::DELETE).bind(replaced).execute(&mut *$connection).await?;
        }
        sqlx::query($crate::sessions::INSERT)
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
            .execute(&mut *$connection)
            .await?;
        $crate::devices::upsert_known_device!($connection, &session.user_id, opening.device);
    }};
}
pub(crate) use insert_session;

impl Database {
    /// The session with this id and its reader, expired ones too: the rule is the caller's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_session(&self, id: &str) -> Result<Option<SignedIn>, StorageError> {
        Ok(on_pool!(self, |connection| sqlx::query_as(FIND).bind(id).fetch_optional(connection).await?))
    }

    /// Moves a session's end; `false` when another request has just done so (the session was renewed at another moment
    /// than `read_at`) or it has ended meanwhile.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn renew_session(&self, renewed: &Session, read_at: Timestamp) -> Result<bool, StorageError> {
        let moved = on_pool!(self, |connection| {
            sqlx::query(RENEW)
                .bind(&renewed.id)
                .bind(read_at.millis())
                .bind(renewed.renewed_at.millis())
                .bind(renewed.expires_at.millis())
                .execute(connection)
                .await?
                .rows_affected()
        });
        Ok(moved > 0)
    }

    /// Ends a session, and with it what its browser carried. Ending one that is gone is no error.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn end_session(&self, id: &str) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(DELETE).bind(id).execute(connection).await?;
        });
        Ok(())
    }

    /// A reader's living sessions, the last used first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sessions_of(&self, user_id: &str, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(OF_USER).bind(user_id).bind(now.millis()).fetch_all(connection).await?
        }))
    }

    /// Ends one session of a reader; whether there was such a one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn revoke_session(
        &self,
        user_id: &str,
        id: &str,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        Ok(in_transaction!(self, |connection| {
            let ended =
                sqlx::query(DELETE_ONE_OF_USER).bind(user_id).bind(id).execute(&mut *connection).await?;
            if ended.rows_affected() == 0 {
                return Ok(false);
            }
            insert_audit_record!(connection, record);
            true
        }))
    }

    /// Ends every session of a reader, except one when it is named.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn revoke_sessions(
        &self,
        user_id: &str,
        except: Option<&str>,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        in_transaction!(self, |connection| {
            // Of a reader who is gone there are no sessions.
            let _ = lock_user!(connection, user_id);
            sqlx::query(DELETE_OF_USER)
                .bind(user_id)
                .bind(except.unwrap_or_default())
                .execute(&mut *connection)
                .await?;
            insert_audit_record!(connection, record);
        });
        Ok(())
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn touch_session(&self, id: &str, now: Timestamp) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(TOUCH).bind(id).bind(now.millis()).execute(connection).await?;
        });
        Ok(())
    }
}
