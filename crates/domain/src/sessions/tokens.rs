//! Session tokens and cookies.

use std::sync::Arc;

use contract::SessionBody;
use storage::{RecordKey, Session};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{SessionHandle, Sessions};
use crate::{FlashStore, Secret};

impl Sessions {
    /// The flash message of a session.
    pub fn browser_state(&self, session: &Session) -> FlashStore {
        let handle = Uuid::parse_str(&session.id).unwrap_or_default();
        let key = self.key(handle);
        // The record of a session from before a secret rotation keeps its id.
        let key =
            if key.stored_id() == session.record_id { key } else { self.old_key(handle).unwrap_or(key) };
        FlashStore::new(Arc::clone(&self.records).browser(key))
    }

    /// The session as the JSON API shows it.
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

    /// The session's token in the JSON API. It opens the session only when bearer sessions are on.
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

    /// Whether a token, or the bare id, is of this session.
    pub fn names(&self, token: &str, session: &Session) -> bool {
        handle_in(token).is_some_and(|handle| handle.to_string() == session.id)
    }

    /// `VALUE.SIGNATURE`, the form of every signed cookie.
    pub fn signed_value(&self, value: &str) -> String {
        format!("{value}.{}", self.secret.sign(value))
    }

    /// Parses the percent-decoded value of a session cookie; `None` unless its signature is valid.
    pub fn read_cookie(&self, value: &str) -> Option<SessionHandle> {
        let (token, signature) = value.rsplit_once('.')?;
        let outdated = self.secret.signed_by(token, signature)?.is_previous();
        // The handle is the first half, whether or not bearer sessions were on when the cookie was set. No other signed
        // value has either length.
        let handle = token.get(..HANDLE).filter(|_| token.len() == HANDLE || token.len() == 2 * HANDLE)?;
        handle_of(handle).map(|handle| SessionHandle { handle, outdated })
    }

    /// Parses a session token sent as a bearer token, signed or bare; `None` when bearer sessions are off.
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

    /// Whether session tokens are accepted as bearer tokens and returned in headers.
    pub const fn bearer_enabled(&self) -> bool {
        self.bearer
    }

    pub(super) fn key(&self, handle: Uuid) -> RecordKey {
        record_key(&self.secret.derive(&purpose(handle)))
    }

    /// The key derived from the previous secret.
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

/// The length of a handle in a token: 16 bytes in lower-case hex.
const HANDLE: usize = 32;

fn handle_of(text: &str) -> Option<Uuid> {
    let lower_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if lower_hex && text.len() == HANDLE { Uuid::try_parse(text).ok() } else { None }
}

/// The handle in a token of the session list, or a bare id.
pub(super) fn handle_in(token: &str) -> Option<Uuid> {
    token.get(..HANDLE).and_then(handle_of).or_else(|| Uuid::parse_str(token).ok())
}
