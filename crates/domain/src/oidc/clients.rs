//! The register of clients: those of the configuration, and those registered by command.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicI64, Ordering},
};

use contract::Timestamp;
use storage::Database;

use super::{Client, record::client_of};
use crate::{InternalError, Ports, audit_log::AuditLog};

/// Seconds for which loaded clients are used without looking for changes; somewhat more than the pause of maintenance, which
/// loads them too.
const FRESH: i64 = 75;
/// Milliseconds between two looks for clients that are not known, however many ask for one.
const LOOKUP_INTERVAL: i64 = 1000;

/// How far the pages of a client are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OriginTrust {
    /// With what readers have allowed the client, by its tokens.
    Consent,
    /// With the reader's cookie: they are the operator's own.
    FirstParty,
}

/// Where a client was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSource {
    /// `bookplate.toml`.
    Configuration,
    /// `bookplate client add`.
    Command {
        /// When it was registered.
        created_at: Timestamp,
        /// When it was changed last.
        updated_at: Timestamp,
    },
}

/// A client and where it was registered.
#[derive(Debug, Clone)]
pub struct RegisteredClient {
    /// The client.
    pub client: Arc<Client>,
    /// Where it was registered.
    pub source: ClientSource,
}

/// Finds and registers clients. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(super) register: Arc<Register>,
}

#[derive(Debug)]
pub(super) struct Register {
    pub(super) database: Database,
    pub(super) ports: Ports,
    pub(super) events: AuditLog,
    declared: Vec<RegisteredClient>,
    /// The declared ones first.
    known: RwLock<Arc<[RegisteredClient]>>,
    /// When they were loaded last, in Unix milliseconds.
    loaded_at: AtomicI64,
    /// When one that is not known was looked for last, in Unix milliseconds.
    looked_up_at: AtomicI64,
    reloading: tokio::sync::Mutex<()>,
}

impl Clients {
    pub(crate) async fn open(
        database: Database,
        ports: Ports,
        declared: Vec<Client>,
    ) -> Result<Self, InternalError> {
        let declared: Vec<RegisteredClient> = declared
            .into_iter()
            .map(|client| RegisteredClient { client: Arc::new(client), source: ClientSource::Configuration })
            .collect();
        let register = Register {
            events: AuditLog::new(database.clone(), ports.clone()),
            database,
            ports,
            known: RwLock::new(declared.as_slice().into()),
            declared,
            loaded_at: AtomicI64::new(i64::MIN),
            looked_up_at: AtomicI64::new(i64::MIN),
            reloading: tokio::sync::Mutex::default(),
        };
        let clients = Self { register: Arc::new(register) };
        clients.reload().await?;
        Ok(clients)
    }

    /// Loads the clients again that were registered by command. One that is declared takes precedence over one that is
    /// registered under the same id; [`Clients::registered_twice`] tells of them.
    #[tracing::instrument(name = "clients.reload", level = "debug", skip_all)]
    pub async fn reload(&self) -> Result<(), InternalError> {
        let register = &self.register;
        let now = register.ports.clock.now().millis();
        let stored = register.database.registered_clients().await?;
        let is_declared = |id: &str| register.declared.iter().any(|it| it.client.id == id);
        let stored = stored.iter().filter(|stored| !is_declared(&stored.id)).filter_map(client_of);
        let known: Vec<RegisteredClient> = register.declared.iter().cloned().chain(stored).collect();
        *register.known.write().unwrap_or_else(PoisonError::into_inner) = known.into();
        register.loaded_at.store(now, Ordering::SeqCst);
        Ok(())
    }

    /// Loads the clients again when they were loaded more than [`FRESH`] seconds ago, so that one that was removed while
    /// nobody was there is not known to the first who comes back. When the database fails, they stay as they are.
    pub async fn reload_if_stale(&self) {
        let is_stale = || self.since(&self.register.loaded_at) > FRESH * 1000;
        self.reload_when(is_stale, &self.register.loaded_at).await;
    }

    /// Loads the clients again because somebody asks for one that is not known, at most once a second.
    async fn look_up(&self) {
        let is_due = || self.since(&self.register.looked_up_at) >= LOOKUP_INTERVAL;
        self.reload_when(is_due, &self.register.looked_up_at).await;
    }

    async fn reload_when(&self, is_due: impl Fn() -> bool, time: &AtomicI64) {
        if !is_due() {
            return;
        }
        // Whoever comes meanwhile waits for the same clients.
        let _reloading = self.register.reloading.lock().await;
        if !is_due() {
            return;
        }
        time.store(self.register.ports.clock.now().millis(), Ordering::SeqCst);
        if let Err(error) = self.reload().await {
            tracing::warn!(%error, "the registered clients cannot be loaded again");
        }
    }

    /// Milliseconds since a time.
    fn since(&self, time: &AtomicI64) -> i64 {
        self.register.ports.clock.now().millis().saturating_sub(time.load(Ordering::SeqCst))
    }

    /// The client of a `client_id`. One that is not known is looked for in the database, at most once a second, so that one
    /// that has just been registered can be used.
    pub async fn find_or_reload(&self, id: &str) -> Option<Arc<Client>> {
        self.reload_if_stale().await;
        if let Some(client) = self.find(id) {
            return Some(client);
        }
        self.look_up().await;
        self.find(id)
    }

    /// Makes sure that the trust in an origin is up to date before [`Clients::origin_trust`] is asked.
    pub async fn refresh_origin(&self, origin: &str) {
        self.reload_if_stale().await;
        if self.origin_trust(origin).is_none() {
            self.look_up().await;
        }
    }

    /// The client of a `client_id` among those that were loaded. [`Clients::find_or_reload`] looks further.
    pub fn find(&self, id: &str) -> Option<Arc<Client>> {
        let known = self.known();
        known.iter().find(|it| it.client.id == id).map(|it| Arc::clone(&it.client))
    }

    /// The client whose pages have this origin. Of several, as when two books share a host, the one declared first.
    pub fn find_by_origin(&self, origin: &str) -> Option<Arc<Client>> {
        let known = self.known();
        known.iter().find(|it| it.client.has_origin(origin)).map(|it| Arc::clone(&it.client))
    }

    /// How far pages of this origin are trusted; `None` when it is no client's.
    pub fn origin_trust(&self, origin: &str) -> Option<OriginTrust> {
        // Pages of one origin cannot be told apart, so the client that is trusted least decides.
        let trust = |it: &RegisteredClient| match it.client.first_party {
            true => OriginTrust::FirstParty,
            false => OriginTrust::Consent,
        };
        self.known().iter().filter(|it| it.client.has_origin(origin)).map(trust).min()
    }

    /// Whether this is the origin of first-party clients, whose pages may send a reader's cookie.
    pub fn trusts_origin(&self, origin: &str) -> bool {
        self.origin_trust(origin) == Some(OriginTrust::FirstParty)
    }

    /// Every client as it was loaded, the declared ones first.
    pub fn known(&self) -> Arc<[RegisteredClient]> {
        Arc::clone(&self.register.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ids of clients that are both declared and registered by command.
    pub async fn registered_twice(
        database: &Database,
        declared: &[Client],
    ) -> Result<Vec<String>, InternalError> {
        let stored = database.registered_clients().await?;
        let is_declared = |id: &String| declared.iter().any(|client| client.id == *id);
        Ok(stored.into_iter().map(|stored| stored.id).filter(is_declared).collect())
    }

    /// Whether the configuration declares a client of this id.
    pub(super) fn is_declared(&self, id: &str) -> bool {
        self.register.declared.iter().any(|it| it.client.id == id)
    }
}
