//! Places in a list that a client carries to the next page.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::ConversationError;
use crate::Secret;

/// Makes and reads cursors. Each is bound to its reader and list: taken to another one, it is refused (the MAC does not
/// hide the place, it keeps it from being made up).
#[derive(Debug, Clone)]
pub(super) struct Cursors {
    secret: Arc<Secret>,
}

const MAC: usize = 12;
const PLACE: usize = 16;

impl Cursors {
    pub(super) const fn new(secret: Arc<Secret>) -> Self {
        Self { secret }
    }

    /// What leads back to a place of a list.
    pub(super) fn write(&self, user_id: &str, list: &str, place: (i64, i64)) -> String {
        let place = [place.0.to_be_bytes(), place.1.to_be_bytes()].concat();
        let mac = self.mac(user_id, list, &place);
        URL_SAFE_NO_PAD.encode([place.as_slice(), &mac].concat())
    }

    /// The place that a cursor leads to; `None` without one.
    ///
    /// # Errors
    /// [`ConversationError::Cursor`].
    pub(super) fn read(
        &self,
        user_id: &str,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<(i64, i64)>, ConversationError> {
        let Some(cursor) = cursor else { return Ok(None) };
        self.place(user_id, list, cursor).map(Some).ok_or(ConversationError::Cursor)
    }

    fn place(&self, user_id: &str, list: &str, cursor: &str) -> Option<(i64, i64)> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (place, mac) = bytes.split_at_checked(PLACE)?;
        let is_ours: bool = self.mac(user_id, list, place).as_slice().ct_eq(mac).into();
        let (first, second) = place.split_at_checked(8).filter(|_| is_ours)?;
        Some((i64::from_be_bytes(first.try_into().ok()?), i64::from_be_bytes(second.try_into().ok()?)))
    }

    fn mac(&self, user_id: &str, list: &str, place: &[u8]) -> Vec<u8> {
        let place = URL_SAFE_NO_PAD.encode(place);
        let whole = self.secret.derive(&format!("cursor:{user_id}\n{list}\n{place}"));
        whole.iter().take(MAC).copied().collect()
    }
}
