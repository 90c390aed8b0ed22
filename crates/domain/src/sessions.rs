//! Signed-in browsers: how a session is named, how long it lives, how it ends.

use std::sync::Arc;

use contract::{SessionBody, Timestamp};
use storage::{Database, RecordKey, RecordStore, Session, SignedIn, User};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    BrowserState, DeviceId, EventKind, Failure, Ports, Secret,
    events::{self, Events},
};

const DAY: i64 = 86_400;
/// Seconds a remembered session lives after it was opened or renewed.
const REMEMBERED: i64 = 7 * DAY;
/// Seconds a session lives that ends with the browser window.
const UNREMEMBERED: i64 = DAY;
/// Seconds after which a remembered session that is used is renewed.
const RENEW_AFTER: i64 = DAY;
/// Seconds after which a session ends however often it was renewed.
const ABSOLUTE: i64 = 90 * DAY;
/// Seconds after which a session is no longer fresh, however often it was renewed.
const FRESH: i64 = DAY;
/// Seconds within which being used again is not noted.
const SEEN_LATELY: i64 = 300;

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
    events: Events,
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
    /// The browser itself, by its long-lived cookie; `None` for a caller that is no browser.
    pub browser: Option<DeviceId>,
}

/// The handle of a session whose secret part was shown and is right. Says nothing about whether the session lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    handle: Uuid,
    /// Whether it was shown under the secret before this one, and has to be given to the browser anew.
    outdated: bool,
}

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
        let events = Events::new(database.clone(), ports.clone());
        Ok(Self { database: database.clone(), records, ports: ports.clone(), secret, bearer, events })
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
            last_seen_at: now,
        }
    }

    /// Gives a stored session the record its browser's belongings go into. Without one the session lives all the same:
    /// a failure here must not tell a reader that an account was not opened which was.
    pub(crate) async fn opened(&self, session: Session, user: User) -> SignedIn {
        if let Some(presented) = named(&session.id)
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
        let over = session.expires_at <= now || session.ends_at <= now;
        if over || signed_in.user.ban.holds(now) {
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
            (session.renewed_at, session.last_seen_at) = (now, now);
            session.expires_at = expiry(now, session.remembered, session.ends_at);
            if !self.database.renew_session(session, read_at).await? {
                // Renewed by another request at this moment, or ended: what stands there now counts.
                let newer = self.database.find_session(&id).await?;
                return Ok(newer.map(|signed_in| Resolved { signed_in, renewed: false }));
            }
        } else if now.seconds_since(session.last_seen_at) >= SEEN_LATELY {
            self.database.touch_session(&id, now).await?;
        }
        // A cookie of the secret before is given anew under this one, before that secret is forgotten.
        let renewed = due || (presented.outdated && renewal != Renewal::Never);
        Ok(Some(Resolved { signed_in, renewed }))
    }

    /// Ends the session a browser brings along, at its own wish. Ending one that is gone is no error.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn sign_out(&self, presented: &Presented, device: &Device) -> Result<(), Failure> {
        if let Some(signed_in) = self.database.find_session(&presented.id()).await? {
            self.end(EventKind::SignOut, &signed_in.user.id, &presented.id(), device).await?;
        }
        Ok(())
    }

    /// A reader's living sessions, the last used first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn list(&self, user_id: &str) -> Result<Vec<Session>, Failure> {
        Ok(self.database.sessions_of(user_id, self.ports.clock.now()).await?)
    }

    /// Ends the session of a reader that a token, or the id in it, names. One that is not the reader's is left alone.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn revoke(&self, user_id: &str, token: &str, device: &Device) -> Result<(), Failure> {
        match handle_in(token) {
            Some(handle) => {
                self.end(EventKind::SessionEnd, user_id, &handle.to_string(), device).await
            }
            None => Ok(()),
        }
    }

    /// Whether a token, or the id in it, names this session.
    pub fn names(&self, token: &str, session: &Session) -> bool {
        handle_in(token).is_some_and(|handle| handle.to_string() == session.id)
    }

    /// Ends every session of a reader, except one when it is named.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&Session>,
        device: &Device,
    ) -> Result<(), Failure> {
        let trace = self.events.done(EventKind::SessionEnd, user_id, device);
        self.database.revoke_sessions(user_id, except.map(|it| it.id.as_str()), &trace).await?;
        events::log(&trace);
        Ok(())
    }

    /// Whether a session was opened within a day. Being renewed does not make it fresh again.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.ports.clock.now().seconds_since(session.created_at) < FRESH
    }

    async fn end(
        &self,
        kind: EventKind,
        user_id: &str,
        session_id: &str,
        device: &Device,
    ) -> Result<(), Failure> {
        let trace = self.events.done(kind, user_id, device);
        if self.database.revoke_session(user_id, session_id, &trace).await? {
            events::log(&trace);
        }
        Ok(())
    }

    /// What a browser carries besides who it is.
    pub fn browser_state(&self, session: &Session) -> BrowserState {
        let handle = Uuid::parse_str(&session.id).unwrap_or_default();
        let key = self.key(handle);
        // A session from before the secret was changed keeps its belongings under the name they were given then.
        let key = if key.stored_name() == session.record_id { key } else { self.old_key(handle).unwrap_or(key) };
        BrowserState::new(Arc::clone(&self.records).browser(key))
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
        let outdated = self.secret.signed_by(token, signature)?.is_previous();
        // With the option switched either way since, the handle is still the first half. Nothing else of ours that is
        // signed has either length.
        let handle = token.get(..HANDLE).filter(|_| token.len() == HANDLE || token.len() == 2 * HANDLE)?;
        handle_of(handle).map(|handle| Presented { handle, outdated })
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
        let is = |own: RecordKey| bool::from(own.hex().as_bytes().ct_eq(key.as_bytes()));
        let outdated = !is(self.key(handle));
        (!outdated || self.old_key(handle).is_some_and(is)).then_some(Presented { handle, outdated })
    }

    /// Whether session tokens are accepted as bearers and handed out in headers.
    pub const fn bearer_enabled(&self) -> bool {
        self.bearer
    }

    fn key(&self, handle: Uuid) -> RecordKey {
        record_key(&self.secret.derive(&purpose(handle)))
    }

    /// The key under the secret before this one.
    fn old_key(&self, handle: Uuid) -> Option<RecordKey> {
        self.secret.derive_previous(&purpose(handle)).map(|derived| record_key(&derived))
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// 128 random bits.
    pub(crate) fn draw(&self) -> Uuid {
        Uuid::from_bytes(self.ports.random_bytes())
    }
}

fn purpose(handle: Uuid) -> String {
    format!("session:{handle}")
}

fn record_key(derived: &[u8; 32]) -> RecordKey {
    let (head, _) = derived.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    RecordKey::new(*head)
}

/// Letters of a handle in a token: 16 bytes in lower-case hex.
const HANDLE: usize = 32;

fn handle_of(text: &str) -> Option<Uuid> {
    let lower_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if lower_hex && text.len() == HANDLE { Uuid::try_parse(text).ok() } else { None }
}

/// The handle in a token as a list shows it, or given by itself.
fn handle_in(token: &str) -> Option<Uuid> {
    token.get(..HANDLE).and_then(handle_of).or_else(|| Uuid::parse_str(token).ok())
}

/// The session a stored row or a verified token's `sid` claim names.
pub(crate) fn named(id: &str) -> Option<Presented> {
    Uuid::parse_str(id).ok().map(|handle| Presented { handle, outdated: false })
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
        self.handle.to_string()
    }
}

impl Visit {
    pub(crate) fn replaced(&self) -> Option<String> {
        self.presented.as_ref().map(Presented::id)
    }
}
