//! Clients as they are stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::StoredClient;

use super::{Client, ClientSecretHash, ClientSource, RegisteredClient};

/// Everything about a client but its id and its secrets. What a later release adds is ignored, so that one can go back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declaration {
    name: String,
    redirect_uris: Vec<String>,
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    audiences: Vec<String>,
    #[serde(default)]
    first_party: bool,
}

/// The JSON of a client's declaration.
pub(super) fn declaration_of(client: &Client) -> Result<Value, serde_json::Error> {
    let client = client.clone();
    serde_json::to_value(Declaration {
        name: client.name,
        redirect_uris: client.redirect_uris,
        origins: client.origins,
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        audiences: client.audiences,
        first_party: client.first_party,
    })
}

/// The client of a row; `None` when it cannot be read, which is logged.
pub(super) fn client_of(stored: &StoredClient) -> Option<RegisteredClient> {
    let client = read(stored);
    if client.is_none() {
        tracing::error!(client = stored.id, "a registered client cannot be read and is not known");
    }
    let StoredClient { created_at, updated_at, .. } = *stored;
    let source = ClientSource::Command { created_at, updated_at };
    client.map(|client| RegisteredClient { client: Arc::new(client), source })
}

fn read(stored: &StoredClient) -> Option<Client> {
    let declaration: Declaration = Declaration::deserialize(&stored.declaration).ok()?;
    // A secret that cannot be read must not make a confidential client a public one.
    let hashes = [&stored.secret_hash, &stored.previous_secret_hash].into_iter().flatten();
    let secrets = hashes.map(|hash| ClientSecretHash::parse(hash)).collect::<Option<_>>()?;
    Some(Client {
        id: stored.id.clone(),
        name: declaration.name,
        redirect_uris: declaration.redirect_uris,
        origins: declaration.origins,
        post_logout_redirect_uris: declaration.post_logout_redirect_uris,
        audiences: declaration.audiences,
        first_party: declaration.first_party,
        secrets,
    })
}
