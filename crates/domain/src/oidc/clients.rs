//! The register of clients.

use std::sync::Arc;

use super::Client;

/// Finds registered clients.
#[derive(Debug, Clone)]
pub struct Clients {
    declared: Arc<[Arc<Client>]>,
}

impl Clients {
    pub(crate) fn new(declared: Vec<Client>) -> Self {
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

    /// Whether this is the origin of a first-party client, whose pages may send a reader's cookie.
    pub fn trusts_origin(&self, origin: &str) -> bool {
        self.find_by_origin(origin).is_some_and(|client| client.first_party)
    }
}
