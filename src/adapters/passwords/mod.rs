//! Password hashing with bounded concurrency and a bounded queue: Argon2id, and what a former Better Auth server left.

mod argon2id;
mod legacy_hashes;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
};

use argon2id::Memory;
use async_trait::async_trait;
use contract::{NewPassword, PasswordAttempt};
use domain::{HashKind, Hasher, HasherBusy};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Passwords that may wait for each one being hashed: at some 30 ms a hash, about two seconds.
const QUEUE_PER_WORKER: usize = 64;

/// Hashes on as many threads as there are cores, so that sign-ins never take the machine from everything else. A full
/// queue answers at once instead of growing.
///
/// Each worker's 19 MiB for Argon2id are kept and used again: given back after every hash, they would stay with the
/// allocator, once for every thread that ever hashed. The 32 MiB of scrypt cannot be lent to its crate; a block of that
/// size comes from the system and returns to it with each comparison, so there are never more than the workers need.
#[derive(Debug)]
pub struct HashingPool {
    workers: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Memory>>>,
}

impl HashingPool {
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
impl Hasher for HashingPool {
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy> {
        self.run(move |memory| argon2id::hash(password.expose(), memory)).await?.ok_or(HasherBusy)
    }

    async fn verify(&self, attempt: PasswordAttempt, phc: Option<String>) -> Result<bool, HasherBusy> {
        self.run(move |memory| verify(attempt.expose(), phc.as_deref(), memory)).await
    }

    async fn dummy_verify(&self, attempt: PasswordAttempt, kind: HashKind) -> Result<(), HasherBusy> {
        self.run(move |memory| dummy_verify(attempt.expose(), kind, memory)).await
    }

    fn is_current(&self, phc: &str) -> bool {
        argon2id::is_current(phc)
    }

    async fn renew(&self, attempt: PasswordAttempt, phc: &str) -> Result<Option<String>, HasherBusy> {
        if self.is_current(phc) || !HashKind::of(phc).proves(&attempt) {
            return Ok(None);
        }
        let hashed = self.run(move |memory| argon2id::hash(attempt.expose(), memory)).await?;
        hashed.map(Some).ok_or(HasherBusy)
    }
}

fn verify(attempt: &str, stored: Option<&str>, memory: &mut Memory) -> bool {
    let Some(stored) = stored else {
        argon2id::dummy_verify(attempt, memory);
        return false;
    };
    let matches = match HashKind::of(stored) {
        HashKind::Argon2id => argon2id::verify(attempt, stored, memory),
        HashKind::Scrypt => legacy_hashes::verify_scrypt(attempt, stored),
        HashKind::Bcrypt { .. } => legacy_hashes::verify_bcrypt(attempt, stored),
    };
    // What cannot be compared must not be known by how fast it is refused.
    matches.unwrap_or_else(|| {
        argon2id::dummy_verify(attempt, memory);
        false
    })
}

fn dummy_verify(attempt: &str, kind: HashKind, memory: &mut Memory) {
    match kind {
        HashKind::Argon2id => argon2id::dummy_verify(attempt, memory),
        HashKind::Scrypt => legacy_hashes::dummy_verify_scrypt(attempt),
        HashKind::Bcrypt { cost } => legacy_hashes::dummy_verify_bcrypt(attempt, cost),
    }
}

#[cfg(test)]
mod tests;
