//! Pagination cursors.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::ConversationError;
use crate::Secret;

/// Makes and reads cursors: the sort key of the last item and a MAC that binds it to its user and list, in base64url. The
/// MAC does not hide the key; it keeps a cursor from being forged or used on another list.
#[derive(Debug, Clone)]
pub(super) struct Cursors {
    secret: Arc<Secret>,
}

/// The sort key of an item; lists that are sorted by one number leave the second 0.
type SortKey = (i64, i64);

const MAC_BYTES: usize = 12;
const KEY_BYTES: usize = 16;

impl Cursors {
    pub(super) const fn new(secret: Arc<Secret>) -> Self {
        Self { secret }
    }

    pub(super) fn write(&self, user_id: &str, list: &str, key: SortKey) -> String {
        let key = [key.0.to_be_bytes(), key.1.to_be_bytes()].concat();
        let mac = self.mac(user_id, list, &key);
        URL_SAFE_NO_PAD.encode([key.as_slice(), &mac].concat())
    }

    /// The sort key after which the page begins; `None` without a cursor.
    ///
    /// # Errors
    /// [`ConversationError::InvalidCursor`] when the MAC does not fit the user and list.
    pub(super) fn read(
        &self,
        user_id: &str,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<SortKey>, ConversationError> {
        let Some(cursor) = cursor else { return Ok(None) };
        self.verify(user_id, list, cursor).map(Some).ok_or(ConversationError::InvalidCursor)
    }

    fn verify(&self, user_id: &str, list: &str, cursor: &str) -> Option<SortKey> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (key, mac) = bytes.split_at_checked(KEY_BYTES)?;
        let is_valid: bool = self.mac(user_id, list, key).as_slice().ct_eq(mac).into();
        let (first, second) = key.split_at_checked(8).filter(|_| is_valid)?;
        Some((i64::from_be_bytes(first.try_into().ok()?), i64::from_be_bytes(second.try_into().ok()?)))
    }

    fn mac(&self, user_id: &str, list: &str, key: &[u8]) -> Vec<u8> {
        let key = URL_SAFE_NO_PAD.encode(key);
        let mac = self.secret.derive(&format!("cursor:{user_id}\n{list}\n{key}"));
        mac.iter().take(MAC_BYTES).copied().collect()
    }
}
