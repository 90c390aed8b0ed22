//! Signed-in browsers: how a session is named, how long it lives, how it ends.

mod revoke;
mod tokens;

pub use revoke::{SessionsRevoked, SignedOut};
pub use tokens::SessionHandle;
pub(crate) use tokens::parse_session_id;

use std::sync::Arc;

use contract::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Database, Session, SessionRecordStore, SignedIn, User};
use uuid::Uuid;

use crate::{DeviceId, InternalError, Ports, Secret, events::AuditLog};

const DAY: i64 = 86_400;
/// Seconds after which a session is no longer fresh, however often it was renewed.
const FRESH: i64 = DAY;
/// Seconds within which being used again is not noted.
const SEEN_LATELY: i64 = 300;

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
/// A session is named by a HANDLE of 128 random bits, which is public. What opens it is made from the handle and the
/// server's secret whenever it is needed, so neither the database nor a list of sessions holds anything that does:
/// the cookie is `TOKEN.HMAC(secret, TOKEN)`, where TOKEN is the handle, followed by KEY when bearer sessions are on.
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

/// Where a request comes from, for the list of sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// Network address; empty when unknown.
    pub ip_address: String,
    /// `User-Agent`; empty when unknown.
    pub user_agent: String,
}

/// A browser at the door: where it comes from, and the session it brings along, which a new one replaces.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// Where it comes from.
    pub device: ClientMetadata,
    /// The session it brings along.
    pub presented: Option<SessionHandle>,
    /// The browser itself, by its long-lived cookie; `None` for a caller that is no browser.
    pub browser: Option<DeviceId>,
}

/// When to move a session's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// When it is remembered and [`SessionSettings::renew_after`] has passed since the last time.
    WhenDue,
    /// Not now.
    Never,
    /// Now.
    Now,
}

/// A living session.
#[derive(Debug, Clone)]
pub struct ActiveSession {
    /// The session and its reader.
    pub signed_in: SignedIn,
    /// Whether its end has just moved, so the browser needs its cookie again.
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

    /// A session that is not stored yet, under a new handle.
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

    /// Gives a stored session the record its browser's belongings go into. Without one the session lives all the same:
    /// a failure here must not tell a reader that an account was not opened which was.
    pub(crate) async fn create_session_record(&self, session: Session, user: User) -> SignedIn {
        if let Some(presented) = parse_session_id(&session.id)
            && let Err(error) = self.records.open(self.key(presented.handle)).await
        {
            tracing::warn!(%error, session = %session.id, "the browser's record was not made");
        }
        tracing::debug!(user = %user.id, session = %session.id, "session opened");
        SignedIn { session, user }
    }

    /// The living session of a browser. An expired one is removed.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn resolve(
        &self,
        presented: &SessionHandle,
        renewal: Renewal,
    ) -> Result<Option<ActiveSession>, InternalError> {
        let id = presented.id();
        let Some(mut signed_in) = self.database.find_session(&id).await? else { return Ok(None) };
        let session = &mut signed_in.session;
        let now = self.ports.clock.now();
        let over = session.expires_at <= now || session.ends_at <= now;
        if over || signed_in.user.ban.holds(now) {
            self.database.end_session(&id).await?;
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
            let read_at = session.renewed_at;
            (session.renewed_at, session.last_seen_at) = (now, now);
            session.expires_at = self.settings.expiry(now, session.remembered, session.ends_at);
            if !self.database.renew_session(session, read_at).await? {
                // Renewed by another request at this moment, or ended: what stands there now counts.
                let newer = self.database.find_session(&id).await?;
                return Ok(newer.map(|signed_in| ActiveSession { signed_in, renewed: false }));
            }
        } else if now.seconds_since(session.last_seen_at) >= SEEN_LATELY {
            self.database.touch_session(&id, now).await?;
        }
        // A cookie of the secret before is given anew under this one, before that secret is forgotten.
        let renewed = due || (presented.outdated && renewal != Renewal::Never);
        Ok(Some(ActiveSession { signed_in, renewed }))
    }

    /// Whether a session still lives, for who holds on to one for longer than a request.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn is_active(&self, session_id: &str) -> Result<bool, InternalError> {
        let Some(presented) = parse_session_id(session_id) else { return Ok(false) };
        Ok(self.resolve(&presented, Renewal::Never).await?.is_some())
    }

    /// Whether a session was opened within a day. Being renewed does not make it fresh again.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.ports.clock.now().seconds_since(session.created_at) < FRESH
    }

    /// Seconds the session has left, a begun one counted whole: the `Max-Age` of a remembered one's cookie.
    pub fn seconds_left(&self, session: &Session) -> i64 {
        let millis = session.expires_at.millis().saturating_sub(self.ports.clock.now().millis());
        millis.saturating_add(999).div_euclid(1000).max(0)
    }
}

/// What a client says of itself is kept only so far.
pub(crate) fn truncate_untrusted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}

impl ClientInfo {
    pub(crate) fn replaced(&self) -> Option<String> {
        self.presented.as_ref().map(SessionHandle::id)
    }
}
