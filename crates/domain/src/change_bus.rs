//! Publish and subscribe for changes, within this process and, through notices, between processes.

use std::{
    collections::HashMap,
    fmt::{Debug, Display},
    hash::Hash,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout_at},
};

/// The most bytes of a notice: PostgreSQL's `NOTIFY` takes fewer than 8000.
const MAX_NOTICE: usize = 7000;

/// A kind of item whose changes are published.
pub(crate) trait Topic: Debug {
    /// Identifies an item. Its text stands in notices and has neither a space nor a colon.
    type Key: Copy + Debug + Display + Eq + FromStr + Hash;
}

/// How many subscribers there are, and since when.
#[derive(Debug, Clone, Copy)]
struct Subscribers {
    count: usize,
    changed_at: Instant,
}

impl Subscribers {
    fn change(&mut self, by: isize) {
        self.count = self.count.saturating_add_signed(by);
        self.changed_at = Instant::now();
    }
}

/// Tells subscribers that an item has a newer version. What changed, they read from the database.
#[derive(Debug)]
pub(crate) struct ChangeBus<T: Topic> {
    /// Tells this process's own notices from those of others.
    process_id: String,
    /// Whether there may be other processes to notify.
    notifies: bool,
    channels: Mutex<HashMap<T::Key, watch::Sender<i64>>>,
    subscribers: watch::Sender<Subscribers>,
    /// The last version of each item that other processes have not been notified of.
    pending: Mutex<HashMap<T::Key, i64>>,
    has_pending: Notify,
    closing: watch::Sender<bool>,
}

impl<T: Topic> ChangeBus<T> {
    pub(crate) fn new(process_id: String, notifies: bool) -> Self {
        Self {
            process_id,
            notifies,
            channels: Mutex::default(),
            subscribers: watch::Sender::new(Subscribers { count: 0, changed_at: Instant::now() }),
            pending: Mutex::default(),
            has_pending: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// Publishes a change made by this process: to its own subscribers at once, to other processes with the next notice.
    pub(crate) fn publish(&self, key: T::Key, version: i64) {
        self.wake(key, version);
        if self.notifies {
            lock(&self.pending).insert(key, version);
            self.has_pending.notify_one();
        }
    }

    fn wake(&self, key: T::Key, version: i64) {
        if let Some(channel) = lock(&self.channels).get(&key) {
            channel.send_if_modified(|last| {
                let newer = version > *last;
                *last = version.max(*last);
                newer
            });
        }
    }

    /// Wakes every subscriber, because notices may have been missed.
    pub(crate) fn wake_all(&self) {
        for channel in lock(&self.channels).values() {
            channel.send_modify(|_| ());
        }
    }

    /// Subscribes to changes after this version.
    pub(crate) fn subscribe(self: &Arc<Self>, key: T::Key, version: i64) -> Watcher<T> {
        let mut channels = lock(&self.channels);
        let receiver = channels.entry(key).or_insert_with(|| watch::Sender::new(version)).subscribe();
        self.subscribers.send_modify(|it| it.change(1));
        Watcher { bus: Arc::clone(self), key, receiver: Some(receiver) }
    }

    /// Waits until there is a subscriber.
    pub(crate) async fn subscribed(&self) {
        let _ = self.subscribers.subscribe().wait_for(|it| it.count > 0).await;
    }

    /// Waits until there has been no subscriber for so long.
    pub(crate) async fn unsubscribed_for(&self, duration: Duration) {
        let mut subscribers = self.subscribers.subscribe();
        loop {
            let Ok(last) = subscribers.wait_for(|it| it.count == 0).await.map(|it| *it) else { return };
            // One that comes and goes before this is polled counts too.
            let other = subscribers.wait_for(|it| it.count > 0 || it.changed_at != last.changed_at);
            if timeout_at(last.changed_at + duration, other).await.is_err() {
                return;
            }
        }
    }

    /// Waits until other processes have to be notified.
    pub(crate) async fn pending(&self) {
        self.has_pending.notified().await;
    }

    /// Takes the changes that other processes have not been notified of.
    pub(crate) fn take_pending(&self) -> HashMap<T::Key, i64> {
        std::mem::take(&mut *lock(&self.pending))
    }

    /// Puts changes back when notifying failed; newer versions published meanwhile win.
    pub(crate) fn requeue(&self, changes: HashMap<T::Key, i64>) {
        let mut pending = lock(&self.pending);
        for (key, version) in changes {
            pending.entry(key).and_modify(|newer| *newer = version.max(*newer)).or_insert(version);
        }
        self.has_pending.notify_one();
    }

    /// Changes as notices: the process id, then ` KEY:VERSION` for each item.
    pub(crate) fn notices(&self, changes: &HashMap<T::Key, i64>) -> Vec<String> {
        let mut notices: Vec<String> = Vec::new();
        for (key, version) in changes {
            let change = format!(" {key}:{version}");
            match notices.last_mut() {
                Some(notice) if notice.len() + change.len() <= MAX_NOTICE => notice.push_str(&change),
                _ => notices.push(format!("{}{change}", self.process_id)),
            }
        }
        notices
    }

    /// Wakes subscribers to the items of another process's notice.
    pub(crate) fn apply_notice(&self, notice: &str) {
        let mut words = notice.split(' ');
        // PostgreSQL sends a process its own notices too.
        if words.next() == Some(self.process_id.as_str()) {
            return;
        }
        let changes = words.filter_map(|word| word.split_once(':'));
        for (key, version) in changes {
            if let (Ok(key), Ok(version)) = (key.parse(), version.parse()) {
                self.wake(key, version);
            }
        }
    }

    /// Ends every subscription, because the server stops.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}

/// A subscription to the changes of one item.
#[derive(Debug)]
pub(crate) struct Watcher<T: Topic> {
    bus: Arc<ChangeBus<T>>,
    key: T::Key,
    receiver: Option<watch::Receiver<i64>>,
}

impl<T: Topic> Watcher<T> {
    /// Waits until the item may have changed; `false` when the bus is closed.
    pub(crate) async fn changed(&mut self) -> bool {
        let Some(receiver) = &mut self.receiver else { return false };
        tokio::select! {
            changed = receiver.changed() => changed.is_ok(),
            () = self.bus.closed() => false,
        }
    }

    /// Takes every change published until now for seen.
    pub(crate) fn mark_seen(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            receiver.borrow_and_update();
        }
    }
}

impl<T: Topic> Drop for Watcher<T> {
    fn drop(&mut self) {
        // The receiver goes first, or it would count as a subscriber below.
        self.receiver = None;
        self.bus.subscribers.send_modify(|it| it.change(-1));
        let mut channels = lock(&self.bus.channels);
        if channels.get(&self.key).is_some_and(|channel| channel.receiver_count() == 0) {
            channels.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
