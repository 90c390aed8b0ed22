//! Signed-in browsers. The row here alone decides whether a session lives.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, StorageError, User,
    database::{in_transaction, on_pool},
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

pub(crate) const INSERT: &str = "insert into bookplate_sessions
    (id, user_id, record_id, ip_address, user_agent, remembered, created_at, renewed_at, expires_at, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub(crate) const DELETE: &str = "delete from bookplate_sessions where id = $1";
const FIND: &str =
    "select s.id as session_id, s.user_id as session_user_id, s.record_id, s.ip_address, s.user_agent,
    s.remembered, s.created_at as session_created_at, s.renewed_at, s.expires_at, s.ends_at,
    u.id, u.email, u.email_verified, u.name, u.image, u.answers, u.created_at, u.updated_at
    from bookplate_sessions s join bookplate_users u on u.id = s.user_id
    where s.id = $1";
const RENEW: &str = "update bookplate_sessions set renewed_at = $3, expires_at = $4
    where id = $1 and renewed_at = $2";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, DELETE, FIND, RENEW];

/// Inserts a session on an open transaction, ending the one the same browser brought along.
macro_rules! insert {
    ($connection:ident, $session:expr, $replaced:expr) => {{
        let session: &$crate::Session = $session;
        if let Some(replaced) = $replaced {
            let replaced: &str = replaced;
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
            .execute(&mut *$connection)
            .await?;
    }};
}
pub(crate) use insert;

impl Database {
    /// Opens a session and ends the one the same browser brought along.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn open_session(&self, session: &Session, replaced: Option<&str>) -> Result<(), StorageError> {
        in_transaction!(self, |connection| insert!(connection, session, replaced));
        Ok(())
    }

    /// The session with this id and its reader, expired ones too: the rule is the caller's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_session(&self, id: &str) -> Result<Option<SignedIn>, StorageError> {
        Ok(on_pool!(self, |pool| sqlx::query_as(FIND).bind(id).fetch_optional(pool).await?))
    }

    /// Moves a session's end; `false` when another request has just done so (the session was renewed at another moment
    /// than `read_at`) or it has ended meanwhile.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn renew_session(&self, renewed: &Session, read_at: Timestamp) -> Result<bool, StorageError> {
        let moved = on_pool!(self, |pool| {
            sqlx::query(RENEW)
                .bind(&renewed.id)
                .bind(read_at.millis())
                .bind(renewed.renewed_at.millis())
                .bind(renewed.expires_at.millis())
                .execute(pool)
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
        on_pool!(self, |pool| {
            sqlx::query(DELETE).bind(id).execute(pool).await?;
        });
        Ok(())
    }
}
