//! The memory that bodies of more than [`MAX_BODY`] bytes share, so that no client and no kind of request takes all of it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::{Code, Problem, Reason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of all of them together, in this process.
const TOTAL: usize = 64 * 1024;
/// KiB of imports together.
const IMPORTS: usize = TOTAL / 2;
/// KiB that an import holds at most while it arrives.
const IMPORT: u32 = 2 * 1024;
/// `Retry-After` when there is no room, in seconds.
const RETRY_AFTER: u32 = 5;

/// What large bodies hold now.
#[derive(Debug)]
pub struct LargeBodies {
    total: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    /// The users with a large body under way.
    users: Mutex<HashSet<String>>,
}

impl Default for LargeBodies {
    fn default() -> Self {
        Self {
            total: Arc::new(Semaphore::new(TOTAL)),
            imports: Arc::new(Semaphore::new(IMPORTS)),
            users: Mutex::default(),
        }
    }
}

impl LargeBodies {
    /// The beginning of a user's large body.
    ///
    /// # Errors
    /// `SERVICE_BUSY` while another one of this user is under way.
    pub fn begin(self: &Arc<Self>, user_id: &str) -> Result<LargeBody, Problem> {
        if !self.users().insert(user_id.to_owned()) {
            return Err(busy(
                "Another large request of this reader is under way. Send this one when it is done.",
            ));
        }
        Ok(LargeBody { bodies: Arc::clone(self), user_id: user_id.to_owned(), memory: None, import: None })
    }

    /// The beginning of a user's import, with all the memory that it needs.
    ///
    /// # Errors
    /// `SERVICE_BUSY` while another large body of this user is under way, or when there is no room for another import.
    pub fn begin_import(self: &Arc<Self>, user_id: &str) -> Result<LargeBody, Problem> {
        let mut body = self.begin(user_id)?;
        let import = Arc::clone(&self.imports).try_acquire_many_owned(IMPORT);
        body.import = Some(import.map_err(|_| full())?);
        body.take(IMPORT)?;
        Ok(body)
    }

    fn users(&self) -> MutexGuard<'_, HashSet<String>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A large body that is under way, and the memory that it has taken; released when dropped.
#[derive(Debug)]
pub struct LargeBody {
    bodies: Arc<LargeBodies>,
    user_id: String,
    memory: Option<OwnedSemaphorePermit>,
    import: Option<OwnedSemaphorePermit>,
}

impl LargeBody {
    /// Takes memory until it has as many bytes.
    ///
    /// # Errors
    /// `SERVICE_BUSY` when there is no room.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let wanted = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let taken = self.memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        match wanted.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX)) {
            0 => Ok(()),
            more => self.take(more),
        }
    }

    fn take(&mut self, kibibytes: u32) -> Result<(), Problem> {
        let more = Arc::clone(&self.bodies.total).try_acquire_many_owned(kibibytes).map_err(|_| full())?;
        match &mut self.memory {
            Some(memory) => memory.merge(more),
            None => self.memory = Some(more),
        }
        Ok(())
    }
}

impl Drop for LargeBody {
    fn drop(&mut self) {
        self.bodies.users().remove(&self.user_id);
    }
}

fn full() -> Problem {
    busy("Too many large requests are under way. Send this one again shortly.")
}

fn busy(sentence: &str) -> Problem {
    let reason = Some(Reason::Sentence(sentence.to_owned()));
    Problem { reason, ..Problem::retry_in(Code::Busy, RETRY_AFTER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_9_large_bodies_share_their_memory_and_imports_have_half_of_it() {
        let bodies = Arc::new(LargeBodies::default());
        let mut held: Vec<_> =
            (0..16).map(|user| bodies.begin_import(&format!("importer {user}")).unwrap()).collect();
        let refused = bodies.begin_import("importer 16").unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::Busy, Some(5)));
        // The one that was refused holds nothing.
        drop(bodies.begin("importer 16").unwrap());
        for user in 0..16 {
            let mut body = bodies.begin(&format!("writer {user}")).unwrap();
            for bytes in [70_000, 1 << 20, 2 << 20] {
                body.grow_to(bytes).unwrap();
            }
            held.push(body);
        }
        let mut last = bodies.begin("last").unwrap();
        assert_eq!(last.grow_to(70_000).unwrap_err().code, Code::Busy);
        held.pop();
        last.grow_to(2 << 20).unwrap();
        assert_eq!(last.grow_to((2 << 20) + 1).unwrap_err().code, Code::Busy);
        drop((held, last));
        assert_eq!((bodies.total.available_permits(), bodies.imports.available_permits()), (TOTAL, IMPORTS));
    }

    #[test]
    fn security_9_a_reader_has_one_large_body_at_a_time() {
        let bodies = Arc::new(LargeBodies::default());
        let first = bodies.begin("ada").unwrap();
        assert_eq!(bodies.begin("ada").unwrap_err().code, Code::Busy);
        assert_eq!(bodies.begin_import("ada").unwrap_err().code, Code::Busy);
        drop(bodies.begin("grace").unwrap());
        drop(first);
        drop(bodies.begin_import("ada").unwrap());
    }
}
