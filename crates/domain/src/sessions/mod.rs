//! Sessions of signed-in browsers.

mod handle;
mod revoke;
mod tokens;

pub use handle::SessionHandle;
pub(crate) use handle::parse_session_id;
pub use revoke::{SessionsRevoked, SignedOut};

use std::sync::Arc;

use contract::Timestamp;
use storage::{Database, Session, SessionRecordStore, SignedIn, StorageError, User};
use uuid::Uuid;

use crate::{
    ClientMetadata, InternalError, Ports, Secret, audit_log::AuditLog, client_metadata::truncate_untrusted,
};

const DAY: i64 = 86_400;
/// Seconds after which a session is no longer fresh, however often it was renewed.
const FRESH: i64 = DAY;
/// Seconds between two updates of `last_seen_at`.
const SEEN_INTERVAL: i64 = 300;

/// The lifetimes of sessions, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// From opening or renewal to expiry, when the session is remembered.
    pub lifetime: i64,
    /// The age since the last renewal at which a remembered session that is used is renewed.
    pub renew_after: i64,
    /// From opening to the end, however often the session was renewed.
    pub absolute: i64,
    /// From opening to expiry, when the session ends with the browser.
    pub short: i64,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { lifetime: 7 * DAY, renew_after: DAY, absolute: 90 * DAY, short: DAY }
    }
}

impl SessionSettings {
    fn expiry(&self, now: Timestamp, remembered: bool, ends_at: Timestamp) -> Timestamp {
        now.plus_seconds(if remembered { self.lifetime } else { self.short }).min(ends_at)
    }
}

/// Opens, finds, renews and ends sessions.
///
/// A session has a public HANDLE of 128 random bits. Its credentials are computed from the handle and the server's secret
/// when needed, so neither the database nor a list of sessions contains them: the cookie is `TOKEN.HMAC(secret, TOKEN)`,
/// where TOKEN is the handle, followed by KEY when bearer sessions are on.
#[derive(Debug, Clone)]
pub struct Sessions {
    database: Database,
    records: Arc<SessionRecordStore>,
    ports: Ports,
    secret: Arc<Secret>,
    bearer: bool,
    settings: SessionSettings,
    events: AuditLog,
}

/// Whether to renew a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// If it is remembered and [`SessionSettings::renew_after`] has passed since the last renewal.
    WhenDue,
    /// No.
    Never,
    /// Yes.
    Now,
}

/// An active session.
#[derive(Debug, Clone)]
pub struct ActiveSession {
    /// The session and its user.
    pub signed_in: SignedIn,
    /// Whether it was just renewed, so that the cookie has to be set again.
    pub renewed: bool,
}

impl Sessions {
    pub(crate) async fn new(
        database: &Database,
        ports: &Ports,
        secret: Arc<Secret>,
        bearer: bool,
        settings: SessionSettings,
    ) -> Result<Self, InternalError> {
        let records = SessionRecordStore::new(database).await?;
        let events = AuditLog::new(database.clone(), ports.clone());
        Ok(Self {
            database: database.clone(),
            records,
            ports: ports.clone(),
            secret,
            bearer,
            settings,
            events,
        })
    }

    /// A new session that is not stored yet.
    pub(crate) fn new_session(&self, user_id: &str, device: &ClientMetadata, remembered: bool) -> Session {
        let handle = Uuid::from_bytes(self.ports.random_bytes());
        let now = self.ports.clock.now();
        let ends_at = now.plus_seconds(self.settings.absolute);
        Session {
            id: handle.to_string(),
            user_id: user_id.to_owned(),
            record_id: self.key(handle).stored_id(),
            ip_address: truncate_untrusted(&device.ip_address),
            user_agent: truncate_untrusted(&device.user_agent),
            remembered,
            created_at: now,
            renewed_at: now,
            expires_at: self.settings.expiry(now, remembered, ends_at),
            ends_at,
            last_seen_at: now,
        }
    }

    /// Creates the tower-sessions record of a stored session. A failure is only logged: the session works without one.
    pub(crate) async fn create_session_record(&self, session: Session, user: User) -> SignedIn {
        if let Some(presented) = parse_session_id(&session.id)
            && let Err(error) = self.records.open(self.key(presented.handle)).await
        {
            tracing::warn!(%error, session = %session.id, "the session's record was not created");
        }
        tracing::debug!(user = %user.id, session = %session.id, "session opened");
        SignedIn { session, user }
    }

    /// The active session of a handle. An expired one is deleted.
    #[tracing::instrument(name = "sessions.resolve", level = "debug", skip_all)]
    pub async fn resolve(
        &self,
        presented: &SessionHandle,
        renewal: Renewal,
    ) -> Result<Option<ActiveSession>, InternalError> {
        let id = presented.id();
        let Some(mut signed_in) = self.database.find_session(&id).await? else { return Ok(None) };
        let session = &mut signed_in.session;
        let now = self.ports.clock.now();
        let is_over = session.expires_at <= now || session.ends_at <= now;
        if is_over || signed_in.user.ban.holds(now) {
            StorageError::ignore_full(self.database.end_session(&id).await)?;
            return Ok(None);
        }
        let due = match renewal {
            Renewal::Now => true,
            Renewal::WhenDue => {
                session.remembered && now.seconds_since(session.renewed_at) >= self.settings.renew_after
            }
            Renewal::Never => false,
        };
        if due {
            let before = session.clone();
            (session.renewed_at, session.last_seen_at) = (now, now);
            session.expires_at = self.settings.expiry(now, session.remembered, session.ends_at);
            match self.database.renew_session(session, before.renewed_at).await {
                Ok(true) => {}
                Ok(false) => {
                    // Another request has just renewed or ended it.
                    let newer = self.database.find_session(&id).await?;
                    return Ok(newer.map(|signed_in| ActiveSession { signed_in, renewed: false }));
                }
                Err(StorageError::Full(_)) => {
                    *session = before;
                    return Ok(Some(ActiveSession { signed_in, renewed: false }));
                }
                Err(error) => return Err(error.into()),
            }
        } else if now.seconds_since(session.last_seen_at) >= SEEN_INTERVAL {
            StorageError::ignore_full(self.database.touch_session(&id, now).await)?;
        }
        // A cookie signed with the previous secret is replaced before the operator removes that secret.
        let renewed = due || (presented.outdated && renewal != Renewal::Never);
        Ok(Some(ActiveSession { signed_in, renewed }))
    }

    /// Whether a session is still active, for requests that last longer, such as event streams.
    #[tracing::instrument(name = "sessions.is_active", level = "debug", skip_all)]
    pub async fn is_active(&self, session_id: &str) -> Result<bool, InternalError> {
        let Some(presented) = parse_session_id(session_id) else { return Ok(false) };
        Ok(self.resolve(&presented, Renewal::Never).await?.is_some())
    }

    /// Whether a session was opened within a day. Renewal does not make it fresh again.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.ports.clock.now().seconds_since(session.created_at) < FRESH
    }

    /// Seconds until the session expires, rounded up: the `Max-Age` of a remembered session's cookie.
    pub fn seconds_left(&self, session: &Session) -> i64 {
        let millis = session.expires_at.millis().saturating_sub(self.ports.clock.now().millis());
        millis.saturating_add(999).div_euclid(1000).max(0)
    }
}
