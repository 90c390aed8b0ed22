//! Signed-in browsers: how a session is named, how long it lives, how it ends.

use std::sync::Arc;

use contract::{SessionBody, Timestamp};
use storage::{Database, RecordKey, RecordStore, Session, SignedIn, User};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{BrowserState, Failure, Ports, Secret};

const DAY: i64 = 86_400;
/// Seconds a remembered session lives after it was opened or renewed.
const REMEMBERED: i64 = 7 * DAY;
/// Seconds a session lives that ends with the browser window.
const UNREMEMBERED: i64 = DAY;
/// Seconds after which a remembered session that is used is renewed.
const RENEW_AFTER: i64 = DAY;
/// Seconds after which a session ends however often it was renewed.
const ABSOLUTE: i64 = 90 * DAY;

/// Opens, finds, renews and ends sessions.
///
/// A session is named by a HANDLE of 128 random bits, which is public. What opens it is made from the handle and the
/// server's secret whenever it is needed, so neither the database nor a list of sessions holds anything that does:
/// the cookie is `TOKEN.HMAC(secret, TOKEN)`, where TOKEN is the handle, followed by KEY when bearer sessions are on.
#[derive(Debug, Clone)]
pub struct Sessions {
    database: Database,
    records: Arc<RecordStore>,
    ports: Ports,
    secret: Arc<Secret>,
    bearer: bool,
}

/// Where a request comes from, for the list of sessions.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// Network address; empty when unknown.
    pub ip_address: String,
    /// `User-Agent`; empty when unknown.
    pub user_agent: String,
}

/// A browser at the door: where it comes from, and the session it brings along, which a new one replaces.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// Where it comes from.
    pub device: Device,
    /// The session it brings along.
    pub presented: Option<Presented>,
}

/// The handle of a session whose secret part was shown and is right. Says nothing about whether the session lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented(Uuid);

/// When to move a session's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// When it is remembered and a day has passed since the last time.
    WhenDue,
    /// Not now.
    Never,
    /// Now.
    Now,
}

/// A living session.
#[derive(Debug, Clone)]
pub struct Resolved {
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
    ) -> Result<Self, Failure> {
        let records = RecordStore::new(database).await?;
        Ok(Self { database: database.clone(), records, ports: ports.clone(), secret, bearer })
    }

    /// A session that is not stored yet, under a new handle.
    pub(crate) fn draft(&self, user_id: &str, device: &Device, remembered: bool) -> Session {
        let handle = Uuid::from_bytes(self.ports.random_bytes());
        let now = self.ports.clock.now();
        let ends_at = now.plus_seconds(ABSOLUTE);
        Session {
            id: handle.to_string(),
            user_id: user_id.to_owned(),
            record_id: self.key(handle).stored_name(),
            ip_address: bounded(&device.ip_address),
            user_agent: bounded(&device.user_agent),
            remembered,
            created_at: now,
            renewed_at: now,
            expires_at: expiry(now, remembered, ends_at),
            ends_at,
        }
    }

    /// Stores a session that takes the place of the one the browser brought along.
    pub(crate) async fn open(
        &self,
        session: Session,
        user: User,
        visit: &Visit,
    ) -> Result<SignedIn, Failure> {
        self.database.open_session(&session, visit.replaced().as_deref()).await?;
        Ok(self.opened(session, user).await)
    }

    /// Gives a stored session the record its browser's belongings go into. Without one the session lives all the same:
    /// a failure here must not tell a reader that an account was not opened which was.
    pub(crate) async fn opened(&self, session: Session, user: User) -> SignedIn {
        if let Some(presented) = named(&session.id)
            && let Err(error) = self.records.open(self.key(presented.0)).await
        {
            tracing::warn!(%error, session = %session.id, "the browser's record was not made");
        }
        tracing::info!(user = %user.id, session = %session.id, "session opened");
        SignedIn { session, user }
    }

    /// The living session of a browser. An expired one is removed.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn resolve(
        &self,
        presented: &Presented,
        renewal: Renewal,
    ) -> Result<Option<Resolved>, Failure> {
        let id = presented.id();
        let Some(mut signed_in) = self.database.find_session(&id).await? else { return Ok(None) };
        let session = &mut signed_in.session;
        let now = self.ports.clock.now();
        if session.expires_at <= now || session.ends_at <= now {
            self.database.end_session(&id).await?;
            return Ok(None);
        }
        let due = match renewal {
            Renewal::Now => true,
            Renewal::WhenDue => session.remembered && now.seconds_since(session.renewed_at) >= RENEW_AFTER,
            Renewal::Never => false,
        };
        if due {
            let read_at = session.renewed_at;
            session.renewed_at = now;
            session.expires_at = expiry(now, session.remembered, session.ends_at);
            if !self.database.renew_session(session, read_at).await? {
                // Renewed by another request at this moment, or ended: what stands there now counts.
                let newer = self.database.find_session(&id).await?;
                return Ok(newer.map(|signed_in| Resolved { signed_in, renewed: false }));
            }
        }
        Ok(Some(Resolved { signed_in, renewed: due }))
    }

    /// Ends a session in the database. Ending one that is gone is no error.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn end(&self, presented: &Presented) -> Result<(), Failure> {
        self.database.end_session(&presented.id()).await?;
        tracing::info!(session = %presented.0, "session ended");
        Ok(())
    }

    /// What a browser carries besides who it is.
    pub fn browser_state(&self, presented: &Presented) -> BrowserState {
        BrowserState::new(Arc::clone(&self.records).browser(self.key(presented.0)))
    }

    /// SESSION as the wire shows it.
    pub fn body(&self, session: &Session) -> SessionBody {
        SessionBody {
            id: session.id.clone(),
            token: self.token(&session.id),
            user_id: session.user_id.clone(),
            expires_at: session.expires_at,
            created_at: session.created_at,
            updated_at: session.renewed_at,
            ip_address: session.ip_address.clone(),
            user_agent: session.user_agent.clone(),
        }
    }

    /// The token of a session as the wire shows it. Opens the session only when bearer sessions are on.
    pub fn token(&self, session_id: &str) -> String {
        let Ok(handle) = Uuid::parse_str(session_id) else { return String::new() };
        if self.bearer {
            format!("{}{}", handle.simple(), self.key(handle).hex())
        } else {
            handle.simple().to_string()
        }
    }

    /// The value of the session cookie before percent-encoding.
    pub fn cookie_value(&self, session_id: &str) -> String {
        self.signed_value(&self.token(session_id))
    }

    /// Seconds the session has left, a begun one counted whole: the `Max-Age` of a remembered one's cookie.
    pub fn seconds_left(&self, session: &Session) -> i64 {
        let millis = session.expires_at.millis().saturating_sub(self.ports.clock.now().millis());
        millis.saturating_add(999).div_euclid(1000).max(0)
    }

    /// `VALUE.SIGNATURE`, the form of every signed cookie on the wire.
    pub fn signed_value(&self, value: &str) -> String {
        format!("{value}.{}", self.secret.sign(value))
    }

    /// Reads a session cookie's value, percent-decoded. Anything wrong is no session.
    pub fn read_cookie(&self, value: &str) -> Option<Presented> {
        let (token, signature) = value.rsplit_once('.')?;
        if !self.secret.signed(token, signature) {
            return None;
        }
        // With the option switched either way since, the handle is still the first half. Nothing else of ours that is
        // signed has either length.
        let handle = token.get(..HANDLE).filter(|_| token.len() == HANDLE || token.len() == 2 * HANDLE)?;
        handle_of(handle).map(Presented)
    }

    /// Reads a session token sent as a bearer, signed or bare; `None` when bearer sessions are off.
    pub fn read_bearer(&self, value: &str) -> Option<Presented> {
        if !self.bearer {
            return None;
        }
        if value.contains('.') {
            return self.read_cookie(value);
        }
        let (handle, key) = value.split_at_checked(HANDLE)?;
        let handle = handle_of(handle)?;
        bool::from(self.key(handle).hex().as_bytes().ct_eq(key.as_bytes())).then_some(Presented(handle))
    }

    /// Whether session tokens are accepted as bearers and handed out in headers.
    pub const fn bearer_enabled(&self) -> bool {
        self.bearer
    }

    fn key(&self, handle: Uuid) -> RecordKey {
        let derived = self.secret.derive(&format!("session:{handle}"));
        let (head, _) = derived.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        RecordKey::new(*head)
    }
}

/// Letters of a handle in a token: 16 bytes in lower-case hex.
const HANDLE: usize = 32;

fn handle_of(text: &str) -> Option<Uuid> {
    let lower_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if lower_hex && text.len() == HANDLE { Uuid::try_parse(text).ok() } else { None }
}

/// The session a stored row or a verified token's `sid` claim names.
pub(crate) fn named(id: &str) -> Option<Presented> {
    Uuid::parse_str(id).ok().map(Presented)
}

fn expiry(now: Timestamp, remembered: bool, ends_at: Timestamp) -> Timestamp {
    now.plus_seconds(if remembered { REMEMBERED } else { UNREMEMBERED }).min(ends_at)
}

/// What a client says of itself is kept only so far.
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}

impl Presented {
    /// The id of the session's row.
    pub fn id(&self) -> String {
        self.0.to_string()
    }
}

impl Visit {
    pub(crate) fn replaced(&self) -> Option<String> {
        self.presented.as_ref().map(Presented::id)
    }
}
