//! Argon2id with bounded concurrency and a bounded queue.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{Output, ParamsString, Salt, SaltString},
};
use async_trait::async_trait;
use contract::{NewPassword, PasswordAttempt};
use domain::{Entropy, Hasher, HasherBusy};
use subtle::ConstantTimeEq;
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

/// Hashes on as many threads as there are cores, so that sign-ins never take the machine from everything else. A full
/// queue answers at once instead of growing.
///
/// Each worker's 19 MiB are kept and used again: given back after every hash, they would stay with the allocator, once
/// for every thread that ever hashed.
#[derive(Debug)]
pub struct Argon2id {
    workers: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Memory>>>,
}

/// What one hash is computed in.
type Memory = Vec<Block>;

impl Argon2id {
    /// As many workers as the machine has cores.
    pub fn for_this_machine() -> Self {
        Self::with_workers(available_parallelism().map_or(1, usize::from))
    }

    /// A given number of workers and the queue that belongs to it.
    pub fn with_workers(workers: usize) -> Self {
        let queue = Arc::new(Semaphore::new(workers.saturating_mul(QUEUE_PER_WORKER)));
        Self { workers: Arc::new(Semaphore::new(workers)), queue, memory: Arc::default() }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HasherBusy> {
        let _place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| HasherBusy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| HasherBusy)?;
        let shelf = Arc::clone(&self.memory);
        let hashed = spawn_blocking(move || {
            // The permit goes with the work: a request that is dropped must not let another thread start.
            let _worker = worker;
            let mut memory = shelf.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let outcome = work(&mut memory);
            shelf.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            outcome
        });
        hashed.await.map_err(|_| HasherBusy)
    }
}

#[async_trait]
impl Hasher for Argon2id {
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy> {
        self.run(move |memory| hash(&password, memory)).await?.ok_or(HasherBusy)
    }

    async fn verify(&self, attempt: PasswordAttempt, phc: Option<String>) -> Result<bool, HasherBusy> {
        self.run(move |memory| verify(&attempt, phc.as_deref(), memory)).await
    }
}

fn hash(password: &NewPassword, memory: &mut Memory) -> Option<String> {
    let mut salt = [0; 16];
    SystemEntropy.fill(&mut salt);
    let params = Params::new(MEMORY, PASSES, LANES, None).ok()?;
    let mut key = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(&params, password.expose(), &salt, &mut key, memory)?;
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

fn verify(attempt: &PasswordAttempt, phc: Option<&str>, memory: &mut Memory) -> bool {
    matches(attempt, phc.unwrap_or(NOBODY), memory).unwrap_or_default() && phc.is_some()
}

/// `None` for what is not an Argon2id hash of the version in use.
fn matches(attempt: &PasswordAttempt, phc: &str, memory: &mut Memory) -> Option<bool> {
    let stored = PasswordHash::new(phc).ok()?;
    if stored.algorithm != Algorithm::Argon2id.ident() || stored.version != Some(Version::V0x13.into()) {
        return None;
    }
    let params = Params::try_from(&stored).ok()?;
    let expected = stored.hash?;
    let mut salt = [0; Salt::MAX_LENGTH];
    let salt = stored.salt?.decode_b64(&mut salt).ok()?;
    let mut key = vec![0; expected.len()];
    compute(&params, attempt.expose(), salt, &mut key, memory)?;
    Some(key.ct_eq(expected.as_bytes()).into())
}

fn compute(params: &Params, password: &str, salt: &[u8], key: &mut [u8], memory: &mut Memory) -> Option<()> {
    memory.resize(params.block_count(), Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, key, memory).ok()
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
        assert!(!verify(&PasswordAttempt::parse("anything").unwrap(), None, &mut Memory::new()));
    }

    #[tokio::test]
    async fn security_28_a_full_queue_answers_at_once() {
        let hasher = Argon2id::with_workers(0);
        assert_eq!(hasher.hash(NewPassword::parse("correct-horse-1").unwrap()).await, Err(HasherBusy));
    }

    #[tokio::test]
    async fn security_28_two_hundred_sign_ins_at_once_use_the_memory_of_the_workers_alone() {
        let hasher = Arc::new(Argon2id::with_workers(2));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let hasher = Arc::clone(&hasher);
            let attempt = PasswordAttempt::parse("anything").unwrap();
            tasks.spawn(async move { hasher.verify(attempt, None).await });
        }
        let outcomes = tasks.join_all().await;
        assert!(outcomes.contains(&Ok(false)));
        assert!(hasher.memory.lock().unwrap().len() <= 2);
    }
}
