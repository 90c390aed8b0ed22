//! The connections that are open, and which of them is closed when there are too many.

use std::{
    collections::HashMap,
    future::pending,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use tokio::task::{Id, JoinSet};

use super::{ServerLimits, connection_state::ConnectionState};

/// One connection in so many is evicted at a time, so that the search for them is paid once for several newcomers.
const EVICTED_AT_A_TIME: usize = 100;

/// The open connections, each with the task that serves it. Dropping the set closes them.
pub struct ConnectionSet {
    most: usize,
    most_per_peer: usize,
    trusted_proxies: Vec<IpNet>,
    tasks: JoinSet<()>,
    open: HashMap<Id, Connection>,
    /// How many connections a peer has, without those that are evicted.
    peers: HashMap<Peer, usize>,
    /// How many are evicted and not closed yet.
    leaving: usize,
}

struct Connection {
    state: Arc<ConnectionState>,
    /// `None` for a trusted proxy, which speaks for many clients.
    peer: Option<Peer>,
}

/// One client's network: an IPv6 address stands for its /64, which is what one subscriber has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl ConnectionSet {
    /// An empty set with the bounds of `limits`.
    pub fn new(limits: &ServerLimits) -> Self {
        Self {
            most: limits.connections.max(1),
            most_per_peer: limits.connections_per_peer.max(1),
            trusted_proxies: limits.trusted_proxies.clone(),
            tasks: JoinSet::new(),
            open: HashMap::new(),
            peers: HashMap::new(),
            leaving: 0,
        }
    }

    /// Whose share of the connections one from `address` counts for; `None` for a trusted proxy.
    pub fn peer(&self, address: IpAddr) -> Option<Peer> {
        let address = address.to_canonical();
        let is_proxy = self.trusted_proxies.iter().any(|network| network.contains(&address));
        (!is_proxy).then(|| Peer::of(address))
    }

    /// Whether `peer` may have another connection. One that has as many as it may loses the one that has been idle
    /// longest; the answer is `false` when all of them have a request under way.
    pub fn has_room_for(&mut self, peer: Option<Peer>) -> bool {
        let Some(peer) = peer else { return true };
        self.peers.get(&peer).is_none_or(|count| *count < self.most_per_peer) || self.evict(Some(peer)) > 0
    }

    /// Serves another connection.
    pub fn add(
        &mut self,
        peer: Option<Peer>,
        state: Arc<ConnectionState>,
        serving: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = self.tasks.spawn(serving);
        self.open.insert(task.id(), Connection { state, peer });
        if let Some(peer) = peer {
            *self.peers.entry(peer).or_default() += 1;
        }
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

    /// Closes those that have been without a request under way for longest, so that silent clients cannot keep others
    /// out. Does nothing while evicted ones are still closing: they make room.
    pub fn evict_idle(&mut self) {
        if self.leaving == 0 {
            self.evict(None);
        }
    }

    /// Evicts idle connections, of all peers or of one, and returns how many.
    fn evict(&mut self, peer: Option<Peer>) -> usize {
        let considered = || self.open.values().filter(|it| peer.is_none() || it.peer == peer);
        let mut idle: Vec<_> = considered().filter_map(|it| Some((it.state.idle_since()?, it))).collect();
        let count = considered().count().div_ceil(EVICTED_AT_A_TIME).min(idle.len());
        if 0 < count && count < idle.len() {
            idle.select_nth_unstable_by_key(count, |(since, _)| *since);
        }
        for (_, connection) in idle.into_iter().take(count) {
            connection.state.evict();
            release(&mut self.peers, connection.peer);
            self.leaving += 1;
        }
        count
    }

    /// Waits until one of them is closed; without any, for ever.
    pub async fn one_closed(&mut self) {
        let Some(closed) = self.tasks.join_next_with_id().await else { return pending().await };
        let id = closed.map_or_else(|error| error.id(), |(id, ())| id);
        let Some(connection) = self.open.remove(&id) else { return };
        if connection.state.is_evicted() {
            self.leaving = self.leaving.saturating_sub(1);
        } else {
            release(&mut self.peers, connection.peer);
        }
    }

    /// Waits until all of them are closed.
    pub async fn all_closed(&mut self) {
        while !self.is_empty() {
            self.one_closed().await;
        }
    }
}

/// Counts one connection less for a peer, and forgets a peer that has none.
fn release(peers: &mut HashMap<Peer, usize>, peer: Option<Peer>) {
    if let Some(peer) = peer
        && let Some(count) = peers.get_mut(&peer)
    {
        *count = count.saturating_sub(1);
        if *count == 0 {
            peers.remove(&peer);
        }
    }
}
