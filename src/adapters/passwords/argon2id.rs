//! Argon2id (RFC 9106) in PHC strings: what new passwords are hashed with.

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{Output, ParamsString, Salt, SaltString},
};
use domain::Entropy;
use subtle::ConstantTimeEq;

use crate::adapters::SystemEntropy;

/// Memory of one hash in KiB, passes and lanes: OWASP's second recommendation for Argon2id.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What an account that does not exist is compared with: the parameters above, a salt and a key that match nothing.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ym9va3BsYXRlLW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What one hash is computed in.
pub(super) type Memory = Vec<Block>;

/// A PHC string with a new salt.
pub(super) fn hash(password: &str, memory: &mut Memory) -> Option<String> {
    let mut salt = [0; 16];
    SystemEntropy.fill(&mut salt);
    let params = Params::new(MEMORY, PASSES, LANES, None).ok()?;
    let mut key = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(&params, password, &salt, &mut key, memory)?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&key).ok()?),
    };
    Some(phc.to_string())
}

/// Whether an attempt matches; `None` for what is not an Argon2id hash of the version in use.
pub(super) fn verify(attempt: &str, phc: &str, memory: &mut Memory) -> Option<bool> {
    let (stored, params) = read(phc)?;
    let expected = stored.hash?;
    let mut salt = [0; Salt::MAX_LENGTH];
    let salt = stored.salt?.decode_b64(&mut salt).ok()?;
    let mut key = vec![0; expected.len()];
    compute(&params, attempt, salt, &mut key, memory)?;
    Some(key.ct_eq(expected.as_bytes()).into())
}

/// The work of a comparison that nothing matches.
pub(super) fn dummy_verify(attempt: &str, memory: &mut Memory) {
    std::hint::black_box(verify(attempt, NOBODY, memory));
}

/// Whether a hash has the parameters of today.
pub(super) fn is_current(phc: &str) -> bool {
    read(phc).is_some_and(|(stored, params)| {
        (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES)
            && stored.salt.is_some()
            && stored.hash.is_some_and(|hash| hash.len() == Params::DEFAULT_OUTPUT_LEN)
    })
}

fn read(phc: &str) -> Option<(PasswordHash<'_>, Params)> {
    let stored = PasswordHash::new(phc).ok()?;
    let ours =
        stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
    let params = ours.then(|| Params::try_from(&stored).ok()).flatten()?;
    Some((stored, params))
}

fn compute(params: &Params, password: &str, salt: &[u8], key: &mut [u8], memory: &mut Memory) -> Option<()> {
    memory.resize(params.block_count(), Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, key, memory).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_nobody_has_is_one_that_takes_the_full_work() {
        assert!(is_current(NOBODY));
        assert_eq!(verify("anything", NOBODY, &mut Memory::new()), Some(false));
    }
}
