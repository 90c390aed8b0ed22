//! Ids for conversations and messages whose own ids cannot be used.

use contract::conversations::Id;
use sha2::{Digest, Sha256};
use uuid::Builder;

/// A deterministic id, so that importing a file twice adds nothing: a UUID of version 8 (RFC 9562 section 5.8) from the
/// SHA-256 of a text.
pub(super) fn derived(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text).into();
    let mut bytes = [0; 16];
    for (byte, digested) in bytes.iter_mut().zip(digest) {
        *byte = digested;
    }
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The id itself if it is valid here, else one derived from it and its scope.
pub(super) fn valid_or_derived<K>(id: &str, scope: &str) -> Id<K> {
    Id::parse("id", id).unwrap_or_else(|_| Id::stored(derived(&format!("{scope}\n{id}"))))
}
