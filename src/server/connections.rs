//! The connections that are open.

use std::{collections::HashMap, future::pending, sync::Arc};

use tokio::task::{Id, JoinSet};

use super::connection_state::ConnectionState;

/// One connection in so many is sent away at a time, so that looking for them is paid for by the next few.
const SHARE: usize = 100;

/// The connections that are open, each with the task that serves it. Dropped, they are closed.
pub struct ConnectionSet {
    most: usize,
    tasks: JoinSet<()>,
    activities: HashMap<Id, Arc<ConnectionState>>,
    leaving: usize,
}

impl ConnectionSet {
    /// None yet, and at no time more than `most`.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), tasks: JoinSet::new(), activities: HashMap::new(), leaving: 0 }
    }

    /// Serves another one.
    pub fn add(
        &mut self,
        activity: Arc<ConnectionState>,
        serving: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = self.tasks.spawn(serving);
        self.activities.insert(task.id(), activity);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether there may be no more.
    pub fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Sends some away that wait for nothing of ours, unless some are leaving: so many silent clients cannot keep others
    /// out.
    pub fn evict_idle(&mut self) {
        if self.leaving > 0 {
            return;
        }
        let mut free: Vec<_> =
            self.activities.values().filter_map(|it| Some((it.eviction_priority()?, it))).collect();
        let count = self.len().div_ceil(SHARE).min(free.len());
        if count == 0 {
            return;
        }
        if count < free.len() {
            free.select_nth_unstable_by_key(count, |(worth, _)| *worth);
        }
        for (_, activity) in free.into_iter().take(count) {
            activity.evict();
            self.leaving += 1;
        }
    }

    /// Waits until one of them is closed; without any, for ever.
    pub async fn one_closed(&mut self) {
        let Some(closed) = self.tasks.join_next_with_id().await else { return pending().await };
        let id = closed.map_or_else(|error| error.id(), |(id, ())| id);
        if self.activities.remove(&id).is_some_and(|activity| activity.is_evicted()) {
            self.leaving = self.leaving.saturating_sub(1);
        }
    }

    /// Waits until all of them are closed.
    pub async fn all_closed(&mut self) {
        while !self.is_empty() {
            self.one_closed().await;
        }
    }
}
