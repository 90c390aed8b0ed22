//! Hashes that came along from Better Auth. They are compared, never made: the next sign-in replaces them.

use std::hint::black_box;

use domain::HashKind;
use scrypt::{Params, scrypt};
use subtle::ConstantTimeEq;

/// The binary logarithm of scrypt's N, then r, p and the bytes of the key, as Better Auth has them: 32 MiB a comparison.
const LOG_N: u8 = 14;
const R: u32 = 16;
const P: u32 = 1;
const KEY: usize = 64;

/// Whether an attempt matches `SALT:KEY`, both in hex; `None` for what has another form. The salt is the text itself,
/// not what its hex digits stand for.
pub(super) fn verify_scrypt(attempt: &str, stored: &str) -> Option<bool> {
    let (salt, key) = stored.split_once(':')?;
    let expected = hex_bytes(key)?;
    Some(scrypt_key(attempt, salt)?.ct_eq(&expected).into())
}

/// The work of [`verify_scrypt`].
pub(super) fn dummy_verify_scrypt(attempt: &str) {
    black_box(scrypt_key(attempt, "626f6f6b706c6174652d6e6f626f6479"));
}

fn scrypt_key(attempt: &str, salt: &str) -> Option<[u8; KEY]> {
    let params = Params::new(LOG_N, R, P, KEY).ok()?;
    let mut key = [0; KEY];
    scrypt(attempt.as_bytes(), salt.as_bytes(), &params, &mut key).ok()?;
    Some(key)
}

fn hex_bytes(text: &str) -> Option<[u8; KEY]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Whether an attempt matches a bcrypt hash; `None` for what is none. As in the implementations for Node, a NUL is a
/// byte like any other, and what follows the 72nd byte is not looked at.
pub(super) fn verify_bcrypt(attempt: &str, stored: &str) -> Option<bool> {
    bcrypt::verify(attempt, stored).ok()
}

/// The work of [`verify_bcrypt`] on a hash of this cost, which is taken for the highest we compute if it is above.
pub(super) fn dummy_verify_bcrypt(attempt: &str, cost: u8) {
    let cost = cost.min(HashKind::MAX_BCRYPT_COST);
    black_box(bcrypt::hash_with_salt(attempt, cost.into(), *b"bookplate-nobody").ok());
}
