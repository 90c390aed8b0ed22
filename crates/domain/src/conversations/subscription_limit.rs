//! The limits on how many subscriptions there are at once in this process, and on what they hold in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use storage::conversations::ConversationScope;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// More than anybody looks at, and too few to keep everybody else from theirs.
const MAX_PER_USER: usize = 10;
/// A school or an office behind one address; a chatbot's server that follows conversations for its readers.
const MAX_PER_NETWORK: usize = 1000;
/// Half of the connections that a server has by default.
const MAX_TOTAL: usize = 5000;

/// KiB of events that are too large for every subscription to hold, of all subscriptions together.
const LARGE_EVENTS: u32 = 16 * 1024;
/// How long a subscription waits for its turn with such an event.
const LARGE_EVENT_WAIT: Duration = Duration::from_secs(30);

/// Who subscribes.
#[derive(Debug, Clone, Copy)]
pub struct Subscriber<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// The conversations that may be subscribed to.
    pub scope: ConversationScope<'a>,
    /// The network the request comes from: an IPv4 address or the /64 of an IPv6 address; `None` if unknown, which counts for
    /// no network.
    pub network: Option<&'a str>,
}

/// The numbers of subscriptions: all of them, each user's and each network's.
#[derive(Debug)]
pub(super) struct SubscriptionLimit {
    counts: Mutex<Counts>,
    large_events: Arc<Semaphore>,
}

#[derive(Debug)]
struct Counts {
    total: usize,
    max_total: usize,
    users: HashMap<String, usize>,
    networks: HashMap<String, usize>,
}

impl Default for SubscriptionLimit {
    fn default() -> Self {
        let counts =
            Counts { total: 0, max_total: MAX_TOTAL, users: HashMap::new(), networks: HashMap::new() };
        Self { counts: Mutex::new(counts), large_events: Arc::new(Semaphore::new(LARGE_EVENTS as usize)) }
    }
}

impl SubscriptionLimit {
    /// Sets how many subscriptions there may be at once.
    pub(super) fn set_total(&self, max: usize) {
        self.lock().max_total = max;
    }

    /// A permit for one more subscription; `None` when there are as many as allowed, of the user, of the network, or in all.
    pub(super) fn acquire(self: &Arc<Self>, subscriber: Subscriber<'_>) -> Option<SubscriptionPermit> {
        let Subscriber { user_id, network, .. } = subscriber;
        let mut counts = self.lock();
        let count = |counts: &HashMap<String, usize>, key: &str| counts.get(key).copied().unwrap_or_default();
        if counts.total >= counts.max_total
            || count(&counts.users, user_id) >= MAX_PER_USER
            || network.is_some_and(|network| count(&counts.networks, network) >= MAX_PER_NETWORK)
        {
            return None;
        }
        counts.total += 1;
        *counts.users.entry(user_id.to_owned()).or_default() += 1;
        if let Some(network) = network {
            *counts.networks.entry(network.to_owned()).or_default() += 1;
        }
        Some(SubscriptionPermit {
            limit: Arc::clone(self),
            user_id: user_id.to_owned(),
            network: network.map(str::to_owned),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one subscription, released when dropped.
#[derive(Debug)]
pub(super) struct SubscriptionPermit {
    limit: Arc<SubscriptionLimit>,
    user_id: String,
    network: Option<String>,
}

impl SubscriptionPermit {
    pub(super) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The right to hold events of so many bytes, if there is room for them now.
    pub(super) fn try_hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.limit.large_events).try_acquire_many_owned(kibibytes(bytes)).ok()
    }

    /// Waits for the right to hold events of so many bytes; `None` when it takes too long.
    pub(super) async fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.limit.large_events).acquire_many_owned(kibibytes(bytes));
        timeout(LARGE_EVENT_WAIT, permit).await.ok()?.ok()
    }
}

/// The largest events have all of the room to themselves.
fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(LARGE_EVENTS)
}

impl Drop for SubscriptionPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.lock();
        counts.total = counts.total.saturating_sub(1);
        release(&mut counts.users, &self.user_id);
        if let Some(network) = &self.network {
            release(&mut counts.networks, network);
        }
    }
}

/// Counts one less, and forgets who has none.
fn release(counts: &mut HashMap<String, usize>, key: &str) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(user_id: &'a str, network: Option<&'a str>) -> Subscriber<'a> {
        Subscriber { user_id, scope: ConversationScope::All, network }
    }

    #[test]
    fn subscriptions_are_limited_for_each_user_each_network_and_in_all() {
        let limit = Arc::new(SubscriptionLimit::default());
        let mut permits = Vec::new();
        for user in 0..100 {
            let user = format!("u{user}");
            permits.extend((0..10).map(|_| limit.acquire(of(&user, Some("192.0.2.1"))).unwrap()));
            assert!(limit.acquire(of(&user, Some("192.0.2.2"))).is_none(), "the eleventh of {user}");
        }
        assert!(limit.acquire(of("other", Some("192.0.2.1"))).is_none(), "the network has a thousand");
        permits.push(limit.acquire(of("other", Some("192.0.2.2"))).unwrap());
        limit.set_total(1002);
        permits.push(limit.acquire(of("other", None)).unwrap());
        assert!(limit.acquire(of("third", None)).is_none(), "there are as many as allowed");
        permits.clear();
        let counts = limit.lock();
        assert!(counts.total == 0 && counts.users.is_empty() && counts.networks.is_empty(), "{counts:?}");
    }

    #[test]
    fn large_events_share_what_is_held_in_memory() {
        let limit = Arc::new(SubscriptionLimit::default());
        let permit = limit.acquire(of("ada", None)).unwrap();
        let held: Vec<_> = (0..32).map(|_| permit.try_hold(512 << 10).unwrap()).collect();
        assert!(permit.try_hold(1).is_none());
        drop(held);
        assert!(permit.try_hold(usize::MAX).is_some(), "one that is larger than all of it");
    }
}
