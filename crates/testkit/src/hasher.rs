//! Password hashing that costs nothing and counts what it does.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::{
    HashKind, Hasher, HasherBusy,
    contract::{NewPassword, PasswordAttempt},
};
use sha2::{Digest, Sha256, Sha512};

/// Salted SHA-256 in a string of PHC form. For tests only: it keeps no password safe.
///
/// It also knows hashes that look like those of a former Better Auth ([`FastHasher::former`]): they verify, are not
/// current, and are renewed.
#[derive(Debug, Default)]
pub struct FastHasher {
    hashed: AtomicUsize,
    verified: AtomicUsize,
    compared: Mutex<Vec<HashKind>>,
    busy: AtomicBool,
}

/// How often a hasher has done what costs time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// New passwords hashed.
    pub hashed: usize,
    /// Attempts hashed and compared, those without an account among them.
    pub verified: usize,
}

/// What a current hash begins with.
const CURRENT: &str = "$fast$";
/// Stands for an account that does not exist.
const DECOY: &str = "$fast$decoy$";

impl FastHasher {
    /// What it has done so far.
    pub fn work(&self) -> Work {
        Work { hashed: self.hashed.load(Ordering::SeqCst), verified: self.verified.load(Ordering::SeqCst) }
    }

    /// The kinds of all comparisons and burnt ones so far, in their order: what time would tell. Hashes of its own
    /// count as Argon2id.
    pub fn compared(&self) -> Vec<HashKind> {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A hash of [`HashKind::Scrypt`] form, `SALT:KEY`, that this hasher takes for one of a former server.
    pub fn former(password: &str) -> String {
        former("00112233445566778899aabbccddeeff", password)
    }

    /// From now on behaves as one whose queue is full, or no longer.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    fn admit(&self) -> Result<(), HasherBusy> {
        if self.busy.load(Ordering::SeqCst) { Err(HasherBusy) } else { Ok(()) }
    }

    fn note(&self, kind: HashKind) {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
    }

    fn make(&self, password: &str) -> String {
        let salt = format!("{:016x}", self.hashed.fetch_add(1, Ordering::SeqCst));
        phc(&salt, password)
    }
}

#[async_trait]
impl Hasher for FastHasher {
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy> {
        self.admit()?;
        Ok(self.make(password.expose()))
    }

    async fn verify(&self, attempt: PasswordAttempt, phc_string: Option<String>) -> Result<bool, HasherBusy> {
        self.admit()?;
        self.verified.fetch_add(1, Ordering::SeqCst);
        let stored = phc_string.as_deref().unwrap_or(DECOY);
        self.note(HashKind::of(stored));
        Ok(match (HashKind::of(stored), stored.split_once(':')) {
            (HashKind::Scrypt, Some((salt, _))) => former(salt, attempt.expose()) == stored,
            _ => phc(stored.split('$').nth(2).unwrap_or_default(), attempt.expose()) == stored,
        })
    }

    async fn dummy_verify(&self, _attempt: PasswordAttempt, kind: HashKind) -> Result<(), HasherBusy> {
        self.admit()?;
        self.note(kind);
        Ok(())
    }

    fn is_current(&self, phc: &str) -> bool {
        phc.starts_with(CURRENT)
    }

    async fn renew(&self, attempt: PasswordAttempt, phc: &str) -> Result<Option<String>, HasherBusy> {
        if self.is_current(phc) || !HashKind::of(phc).proves(&attempt) {
            return Ok(None);
        }
        self.admit()?;
        Ok(Some(self.make(attempt.expose())))
    }
}

fn phc(salt: &str, password: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update("$").chain_update(password).finalize();
    format!("{CURRENT}{salt}${digest:x}")
}

fn former(salt: &str, password: &str) -> String {
    let digest = Sha512::new().chain_update(salt).chain_update(":").chain_update(password).finalize();
    format!("{salt}:{digest:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(text: &str) -> PasswordAttempt {
        PasswordAttempt::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = FastHasher::default();
        let password = || NewPassword::parse("quiet paper", NewPassword::MIN).unwrap();
        let (one, other) = (hasher.hash(password()).await.unwrap(), hasher.hash(password()).await.unwrap());
        assert_ne!(one, other, "salted");
        assert_eq!(hasher.verify(attempt("quiet paper"), Some(one.clone())).await, Ok(true));
        assert_eq!(hasher.verify(attempt("loud paper"), Some(one)).await, Ok(false));
        assert_eq!(hasher.verify(attempt("quiet paper"), None).await, Ok(false));
        assert_eq!(hasher.work(), Work { hashed: 2, verified: 3 });
    }

    #[tokio::test]
    async fn a_former_hash_verifies_and_is_renewed_once() {
        let hasher = FastHasher::default();
        let former = FastHasher::former("quiet paper");
        assert_eq!(hasher.verify(attempt("quiet paper"), Some(former.clone())).await, Ok(true));
        assert_eq!(hasher.verify(attempt("loud paper"), Some(former.clone())).await, Ok(false));
        let renewed = hasher.renew(attempt("quiet paper"), &former).await.unwrap().unwrap();
        assert_eq!(hasher.verify(attempt("quiet paper"), Some(renewed.clone())).await, Ok(true));
        assert_eq!(hasher.renew(attempt("quiet paper"), &renewed).await, Ok(None));
        assert_eq!(hasher.compared(), [HashKind::Scrypt, HashKind::Scrypt, HashKind::Argon2id]);
    }
}
