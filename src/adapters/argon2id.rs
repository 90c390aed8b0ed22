//! Argon2id with bounded concurrency and a bounded queue.

use std::{sync::Arc, thread::available_parallelism};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use async_trait::async_trait;
use contract::{NewPassword, PasswordAttempt};
use domain::{Entropy, Hasher, HasherBusy};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::SystemEntropy;

/// Memory of one hash in KiB, passes and lanes: OWASP's second recommendation for Argon2id.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Passwords that may wait for each one being hashed: at some 30 ms a hash, about two seconds.
const QUEUE_PER_WORKER: usize = 64;
/// What an account that does not exist is compared with: the parameters above, a salt and a key that match nothing.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ym9va3BsYXRlLW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes on as many threads as there are cores, so that sign-ins never take the machine from everything else. Each
/// hash holds 19 MiB while it runs; a full queue answers at once instead of growing.
#[derive(Debug)]
pub struct Argon2id {
    workers: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Argon2id {
    /// As many workers as the machine has cores.
    pub fn for_this_machine() -> Self {
        Self::with_workers(available_parallelism().map_or(1, usize::from))
    }

    /// A given number of workers and the queue that belongs to it.
    pub fn with_workers(workers: usize) -> Self {
        let queue = workers.saturating_mul(QUEUE_PER_WORKER);
        Self { workers: Arc::new(Semaphore::new(workers)), queue: Arc::new(Semaphore::new(queue)) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HasherBusy> {
        let _place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| HasherBusy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| HasherBusy)?;
        let hashed = spawn_blocking(move || {
            // The permit goes with the work: a request that is dropped must not let another thread start.
            let _worker = worker;
            work()
        });
        hashed.await.map_err(|_| HasherBusy)
    }
}

#[async_trait]
impl Hasher for Argon2id {
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy> {
        self.run(move || hash(&password)).await?.ok_or(HasherBusy)
    }

    async fn verify(&self, attempt: PasswordAttempt, phc: Option<String>) -> Result<bool, HasherBusy> {
        self.run(move || verify(&attempt, phc.as_deref())).await
    }
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &NewPassword) -> Option<String> {
    let mut salt = [0; 16];
    SystemEntropy.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).ok()?;
    let hashed = argon2id().hash_password(password.expose().as_bytes(), &salt).ok()?;
    Some(hashed.to_string())
}

fn verify(attempt: &PasswordAttempt, phc: Option<&str>) -> bool {
    let matches = PasswordHash::new(phc.unwrap_or(NOBODY))
        .is_ok_and(|stored| argon2id().verify_password(attempt.expose().as_bytes(), &stored).is_ok());
    matches && phc.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_has_the_agreed_parameters_and_verifies() {
        let hasher = Argon2id::with_workers(1);
        let phc = hasher.hash(NewPassword::parse("correct-horse-1").unwrap()).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let right = PasswordAttempt::parse("correct-horse-1").unwrap();
        let wrong = PasswordAttempt::parse("correct-horse-2").unwrap();
        assert!(hasher.verify(right, Some(phc.clone())).await.unwrap());
        assert!(!hasher.verify(wrong, Some(phc)).await.unwrap());
    }

    #[tokio::test]
    async fn security_07_a_password_is_compared_in_full_beyond_72_bytes_and_nul() {
        let hasher = Argon2id::with_workers(1);
        let long = format!("{}\0{}", "x".repeat(100), "a");
        let phc = hasher.hash(NewPassword::parse(&long).unwrap()).await.unwrap();
        let other = PasswordAttempt::parse(&format!("{}\0{}", "x".repeat(100), "b")).unwrap();
        assert!(!hasher.verify(other, Some(phc)).await.unwrap());
    }

    #[test]
    fn the_hash_nobody_has_is_one_that_takes_the_full_work() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&nobody).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY, PASSES, LANES));
        assert_eq!(nobody.hash.unwrap().len(), 32);
        assert!(!verify(&PasswordAttempt::parse("anything").unwrap(), None));
    }

    #[tokio::test]
    async fn security_28_a_full_queue_answers_at_once() {
        let hasher = Argon2id { workers: Arc::new(Semaphore::new(0)), queue: Arc::new(Semaphore::new(0)) };
        assert_eq!(hasher.hash(NewPassword::parse("correct-horse-1").unwrap()).await, Err(HasherBusy));
    }
}
