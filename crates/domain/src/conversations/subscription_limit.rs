//! The limit on how many subscriptions one user has at once in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// More than anybody has pages open, and too few to keep everybody else from theirs.
const MAX_PER_USER: usize = 100;

/// The number of subscriptions of each user who has one.
#[derive(Debug, Default)]
pub(super) struct SubscriptionLimit(Mutex<HashMap<String, usize>>);

impl SubscriptionLimit {
    /// A permit for one more subscription; `None` when the user has as many as allowed.
    pub(super) fn acquire(self: &Arc<Self>, user_id: &str) -> Option<SubscriptionPermit> {
        let mut counts = self.lock();
        let count = counts.entry(user_id.to_owned()).or_default();
        if *count == MAX_PER_USER {
            return None;
        }
        *count += 1;
        Some(SubscriptionPermit { limit: Arc::clone(self), user_id: user_id.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one subscription, released when dropped.
#[derive(Debug)]
pub(super) struct SubscriptionPermit {
    limit: Arc<SubscriptionLimit>,
    user_id: String,
}

impl SubscriptionPermit {
    pub(super) fn user_id(&self) -> &str {
        &self.user_id
    }
}

impl Drop for SubscriptionPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.lock();
        if let Some(count) = counts.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user_id);
            }
        }
    }
}
