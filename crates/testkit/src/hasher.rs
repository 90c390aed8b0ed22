//! Password hashing that costs nothing and counts what it does.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::{
    Hasher, HasherBusy,
    contract::{NewPassword, PasswordAttempt},
};
use sha2::{Digest, Sha256};

/// Salted SHA-256 in a string of PHC form. For tests only: it keeps no password safe.
#[derive(Debug, Default)]
pub struct FastHasher {
    hashed: AtomicUsize,
    verified: AtomicUsize,
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

/// Stands for an account that does not exist.
const DECOY: &str = "$fast$decoy$";

impl FastHasher {
    /// What it has done so far.
    pub fn work(&self) -> Work {
        Work { hashed: self.hashed.load(Ordering::SeqCst), verified: self.verified.load(Ordering::SeqCst) }
    }

    /// From now on behaves as one whose queue is full, or no longer.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    fn admit(&self) -> Result<(), HasherBusy> {
        if self.busy.load(Ordering::SeqCst) { Err(HasherBusy) } else { Ok(()) }
    }
}

#[async_trait]
impl Hasher for FastHasher {
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy> {
        self.admit()?;
        let salt = format!("{:016x}", self.hashed.fetch_add(1, Ordering::SeqCst));
        Ok(phc(&salt, password.expose()))
    }

    async fn verify(&self, attempt: PasswordAttempt, phc_string: Option<String>) -> Result<bool, HasherBusy> {
        self.admit()?;
        self.verified.fetch_add(1, Ordering::SeqCst);
        let stored = phc_string.as_deref().unwrap_or(DECOY);
        let salt = stored.split('$').nth(2).unwrap_or_default();
        Ok(phc(salt, attempt.expose()) == stored)
    }
}

fn phc(salt: &str, password: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update("$").chain_update(password).finalize();
    format!("$fast${salt}${digest:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = FastHasher::default();
        let password = || NewPassword::parse("quiet paper").unwrap();
        let attempt = |text| PasswordAttempt::parse(text).unwrap();
        let (one, other) = (hasher.hash(password()).await.unwrap(), hasher.hash(password()).await.unwrap());
        assert_ne!(one, other, "salted");
        assert_eq!(hasher.verify(attempt("quiet paper"), Some(one.clone())).await, Ok(true));
        assert_eq!(hasher.verify(attempt("loud paper"), Some(one)).await, Ok(false));
        assert_eq!(hasher.verify(attempt("quiet paper"), None).await, Ok(false));
        assert_eq!(hasher.work(), Work { hashed: 2, verified: 3 });
    }
}
