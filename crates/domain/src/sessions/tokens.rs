//! How a session is named, and what is made from its name.

use std::sync::Arc;

use contract::SessionBody;
use storage::{RecordKey, Session};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Sessions;
use crate::{FlashStore, Secret};

/// The handle of a session whose secret part was shown and is right. Says nothing about whether the session lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHandle {
    pub(super) handle: Uuid,
    /// Whether it was shown under the secret before this one, and has to be given to the browser anew.
    pub(super) outdated: bool,
}

impl Sessions {
    /// What a browser carries besides who it is.
    pub fn browser_state(&self, session: &Session) -> FlashStore {
        let handle = Uuid::parse_str(&session.id).unwrap_or_default();
        let key = self.key(handle);
        // A session from before the secret was changed keeps its belongings under the name they were given then.
        let key =
            if key.stored_id() == session.record_id { key } else { self.old_key(handle).unwrap_or(key) };
        FlashStore::new(Arc::clone(&self.records).browser(key))
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

    /// Whether a token, or the id in it, names this session.
    pub fn names(&self, token: &str, session: &Session) -> bool {
        handle_in(token).is_some_and(|handle| handle.to_string() == session.id)
    }

    /// `VALUE.SIGNATURE`, the form of every signed cookie on the wire.
    pub fn signed_value(&self, value: &str) -> String {
        format!("{value}.{}", self.secret.sign(value))
    }

    /// Reads a session cookie's value, percent-decoded. Anything wrong is no session.
    pub fn read_cookie(&self, value: &str) -> Option<SessionHandle> {
        let (token, signature) = value.rsplit_once('.')?;
        let outdated = self.secret.signed_by(token, signature)?.is_previous();
        // With the option switched either way since, the handle is still the first half. Nothing else of ours that is
        // signed has either length.
        let handle = token.get(..HANDLE).filter(|_| token.len() == HANDLE || token.len() == 2 * HANDLE)?;
        handle_of(handle).map(|handle| SessionHandle { handle, outdated })
    }

    /// Reads a session token sent as a bearer, signed or bare; `None` when bearer sessions are off.
    pub fn read_bearer(&self, value: &str) -> Option<SessionHandle> {
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
        (!outdated || self.old_key(handle).is_some_and(is)).then_some(SessionHandle { handle, outdated })
    }

    /// Whether session tokens are accepted as bearers and handed out in headers.
    pub const fn bearer_enabled(&self) -> bool {
        self.bearer
    }

    pub(super) fn key(&self, handle: Uuid) -> RecordKey {
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
    pub(crate) fn random_handle(&self) -> Uuid {
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
pub(super) fn handle_in(token: &str) -> Option<Uuid> {
    token.get(..HANDLE).and_then(handle_of).or_else(|| Uuid::parse_str(token).ok())
}

/// The session a stored row or a verified token's `sid` claim names.
pub(crate) fn parse_session_id(id: &str) -> Option<SessionHandle> {
    Uuid::parse_str(id).ok().map(|handle| SessionHandle { handle, outdated: false })
}

impl SessionHandle {
    /// The id of the session's row.
    pub fn id(&self) -> String {
        self.handle.to_string()
    }
}
