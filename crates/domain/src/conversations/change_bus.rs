//! Who looks at a conversation is told that it has changed.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

/// How often one reader may look in one process at once: more than anybody has pages open, and too little to keep
/// everybody else from it.
const LOOKS: usize = 100;

/// The conversations that are being looked at in this process, and what other processes have still to be told.
#[derive(Debug)]
pub(super) struct ChangeBus {
    /// Tells this process's own words from those of others.
    pub(super) instance: String,
    tells: bool,
    watched: Mutex<HashMap<i64, watch::Sender<i64>>>,
    /// How many looks each reader has who has one.
    looks: Mutex<HashMap<String, usize>>,
    /// The last revision of each conversation that has changed, by number.
    untold: Mutex<HashMap<i64, i64>>,
    pub(super) something_to_tell: Notify,
    closing: watch::Sender<bool>,
}

impl ChangeBus {
    /// `tells` says whether there may be other processes that can be told.
    pub(super) fn new(instance: String, tells: bool) -> Self {
        Self {
            instance,
            tells,
            watched: Mutex::default(),
            looks: Mutex::default(),
            untold: Mutex::default(),
            something_to_tell: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// A conversation has changed here: tells who looks at it, here at once, elsewhere soon.
    pub(super) fn publish(&self, no: i64, revision: i64) {
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

    /// A reader begins to look, unless they look as often as one may.
    pub(super) fn acquire_slot(&self, user_id: &str) -> bool {
        let mut looks = lock(&self.looks);
        let count = looks.entry(user_id.to_owned()).or_default();
        let may_look = *count < LOOKS;
        *count += usize::from(may_look);
        may_look
    }

    /// A reader has stopped looking once.
    pub(super) fn leave(&self, user_id: &str) {
        let mut looks = lock(&self.looks);
        if let Some(count) = looks.get_mut(user_id) {
            *count -= 1;
            if *count == 0 {
                looks.remove(user_id);
            }
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
    pub(super) fn requeue(&self, untold: HashMap<i64, i64>) {
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
    pub(super) fn take_pending(&self) -> HashMap<i64, i64> {
        std::mem::take(&mut *lock(&self.untold))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
