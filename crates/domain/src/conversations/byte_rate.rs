//! How many bytes a user may write within a while.
//!
//! Counted in memory, by each process for itself: a write for each would cost more than it protects. A quota's window begins
//! anew with each attempt, which would refuse a user who writes steadily; here what is left grows with the time that passes
//! (the generic cell rate algorithm).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Clock, Quota};

/// Users in memory from which on those who have everything left are removed.
const MAX_USERS: usize = 20_000;
const MICROS: i64 = 1_000_000;

/// Refuses users who write too much within a while.
#[derive(Clone)]
pub(super) struct ByteRate {
    /// Bytes and seconds; `None` for no limit.
    quota: Option<Quota>,
    clock: Arc<dyn Clock>,
    /// When each user has everything left again, in Unix microseconds.
    full_at: Arc<Mutex<HashMap<String, i64>>>,
}

impl ByteRate {
    pub(super) fn new(quota: Option<Quota>, clock: Arc<dyn Clock>) -> Self {
        Self { quota, clock, full_at: Arc::default() }
    }

    /// Counts what a user is about to write.
    ///
    /// # Errors
    /// Seconds until there is room for it, rounded up. Something larger than the whole quota counts as much as that.
    pub(super) fn count(&self, user_id: &str, bytes: usize) -> Result<(), u32> {
        let Some(Quota { count, seconds }) = self.quota else { return Ok(()) };
        let window = i64::from(seconds) * MICROS;
        let now = self.clock.now().millis() * 1000;
        // How long it takes until so much is left again.
        let cost = (bytes as u128 * u128::from(window.unsigned_abs())).div_ceil(u128::from(count.max(1)));
        let cost = i64::try_from(cost).unwrap_or(i64::MAX).min(window);
        let mut users = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= MAX_USERS {
            users.retain(|_, full_at| *full_at > now);
        }
        // A clock that was set back must not keep a user waiting for longer than a window.
        let full_at = users.get(user_id).map_or(now, |full_at| (*full_at).clamp(now, now + window));
        let excess = (full_at - now) + cost - window;
        if excess > 0 {
            users.insert(user_id.to_owned(), full_at);
            let wait = excess.unsigned_abs().div_ceil(MICROS.unsigned_abs());
            return Err(u32::try_from(wait).unwrap_or(u32::MAX));
        }
        users.insert(user_id.to_owned(), full_at + cost);
        Ok(())
    }
}

impl std::fmt::Debug for ByteRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteRate").field("quota", &self.quota).finish_non_exhaustive()
    }
}
