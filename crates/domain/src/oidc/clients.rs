//! The register of clients.

use std::sync::Arc;

use super::Client;

/// How far the pages of a client are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OriginTrust {
    /// With what readers have allowed the client, by its tokens.
    Consent,
    /// With the reader's cookie: they are the operator's own.
    FirstParty,
}

/// Finds registered clients.
#[derive(Debug, Clone)]
pub struct Clients {
    declared: Arc<[Arc<Client>]>,
}

impl Clients {
    /// The clients that the configuration declares.
    pub fn new(declared: Vec<Client>) -> Self {
        Self { declared: declared.into_iter().map(Arc::new).collect() }
    }

    /// The client of a `client_id`.
    pub fn find(&self, id: &str) -> Option<Arc<Client>> {
        self.declared.iter().find(|client| client.id == id).cloned()
    }

    /// The client whose pages have this origin. Of several, as when two books share a host, the one declared first.
    pub fn find_by_origin(&self, origin: &str) -> Option<Arc<Client>> {
        self.declared.iter().find(|client| client.origins.iter().any(|it| it == origin)).cloned()
    }

    /// How far pages of this origin are trusted; `None` when it is no client's.
    pub fn origin_trust(&self, origin: &str) -> Option<OriginTrust> {
        let has_origin = |client: &&Arc<Client>| client.origins.iter().any(|it| it == origin);
        // Pages of one origin cannot be told apart, so the client that is trusted least decides.
        let trust = |client: &Arc<Client>| match client.first_party {
            true => OriginTrust::FirstParty,
            false => OriginTrust::Consent,
        };
        self.declared.iter().filter(has_origin).map(trust).min()
    }

    /// Whether this is the origin of first-party clients, whose pages may send a reader's cookie.
    pub fn trusts_origin(&self, origin: &str) -> bool {
        self.origin_trust(origin) == Some(OriginTrust::FirstParty)
    }
}
