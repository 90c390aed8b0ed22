//! Who looks at a conversation is told that it has changed.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

/// The conversations that are being looked at in this process, and what other processes have still to be told.
#[derive(Debug)]
pub(super) struct Hub {
    /// Tells this process's own words from those of others.
    pub(super) instance: String,
    tells: bool,
    watched: Mutex<HashMap<i64, watch::Sender<i64>>>,
    /// The last revision of each conversation that has changed, by number.
    untold: Mutex<HashMap<i64, i64>>,
    pub(super) something_to_tell: Notify,
    closing: watch::Sender<bool>,
}

impl Hub {
    /// `tells` says whether there may be other processes that can be told.
    pub(super) fn new(instance: String, tells: bool) -> Self {
        Self {
            instance,
            tells,
            watched: Mutex::default(),
            untold: Mutex::default(),
            something_to_tell: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// A conversation has changed here: tells who looks at it, here at once, elsewhere soon.
    pub(super) fn announce(&self, no: i64, revision: i64) {
        self.changed(no, revision);
        if self.tells {
            lock(&self.untold).insert(no, revision);
            self.something_to_tell.notify_one();
        }
    }

    /// A conversation has changed, here or elsewhere.
    pub(super) fn changed(&self, no: i64, revision: i64) {
        if let Some(watchers) = lock(&self.watched).get(&no) {
            watchers.send_if_modified(|last| {
                let newer = revision > *last;
                *last = revision.max(*last);
                newer
            });
        }
    }

    /// Nobody knows what was missed: everybody has to look.
    pub(super) fn all_changed(&self) {
        for watchers in lock(&self.watched).values() {
            watchers.send_modify(|_| ());
        }
    }

    /// Looks at a conversation from now on.
    pub(super) fn watch(&self, no: i64, revision: i64) -> watch::Receiver<i64> {
        let mut watched = lock(&self.watched);
        watched.entry(no).or_insert_with(|| watch::Sender::new(revision)).subscribe()
    }

    /// Somebody has looked away: when it was the last one, the conversation is forgotten.
    pub(super) fn unwatch(&self, no: i64) {
        let mut watched = lock(&self.watched);
        if watched.get(&no).is_some_and(|watchers| watchers.receiver_count() == 0) {
            watched.remove(&no);
        }
    }

    /// They could not be told just now.
    pub(super) fn tell_again(&self, untold: HashMap<i64, i64>) {
        let mut waiting = lock(&self.untold);
        for (no, revision) in untold {
            waiting.entry(no).and_modify(|newer| *newer = revision.max(*newer)).or_insert(revision);
        }
        self.something_to_tell.notify_one();
    }

    /// Nobody looks any longer: the server ends.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until nobody is to look any longer.
    pub(super) async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// What other processes have still to be told.
    pub(super) fn take_untold(&self) -> HashMap<i64, i64> {
        std::mem::take(&mut *lock(&self.untold))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
