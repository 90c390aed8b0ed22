//! The clients of OAuth 2.0 that the file declares: tables `[[clients]]` and their secrets.

mod address;
mod validate;

pub use validate::Registration;

use domain::{Client, ClientSecretHash};
use serde::Deserialize;

use super::{
    PublicOrigin,
    audiences::Audiences,
    loader::{Loader, RawValue},
    secret,
    source_file::SourceFile,
    variables::client_secret,
};

/// One table `[[clients]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    id: String,
    name: String,
    #[serde(default)]
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

/// The usable clients.
#[derive(Default)]
pub(super) struct Clients {
    pub(super) declared: Vec<Client>,
    /// Every id, also of unusable declarations.
    pub(super) ids: Vec<String>,
}

/// Validates the declarations and finds their secrets, which are added to those of the audiences.
pub(super) fn clients(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    declarations: Vec<(usize, Declaration)>,
    (origin, trusted): (Option<&PublicOrigin>, &[String]),
    audiences: &mut Audiences,
) -> Clients {
    let mut found = Clients::default();
    let mut seen: Vec<Client> = Vec::new();
    for (at, declaration) in declarations {
        let (client, has_secret) = declaration.with_secrets(loader, audiences);
        let registration = Registration { origin, trusted, audiences: &audiences.names, clients: &seen };
        let mistakes = registration.mistakes(&client, has_secret);
        let is_usable = mistakes.is_empty();
        for (problem, remedy) in mistakes {
            file.refuse(loader, at, &problem, remedy);
        }
        found.ids.push(client.id.clone());
        seen.push(client.clone());
        found.declared.extend(is_usable.then_some(client));
    }
    found
}

impl Declaration {
    /// The client, with the hashes of its usable secrets, and whether it is meant to have one.
    fn with_secrets(self, loader: &mut Loader<'_>, audiences: &mut Audiences) -> (Client, bool) {
        let [name, previous_name] = client_secret(&self.id);
        let given = loader.untrimmed(&name, None);
        let previous = loader.untrimmed(&previous_name, None);
        let has_secret = given.is_some();
        if !has_secret && previous.is_some() {
            let problem = format!("there is no {name} that follows it");
            loader.refuse(&previous_name, problem, "Set both, or neither");
        }
        let is_literal = given.as_ref().is_none_or(|given| secret::is_literal(loader, given, &previous_name));
        let mut checked = |found: RawValue<'_>| {
            let secret = secret::check(loader, &found.name, found.text, (found.text.len(), "bytes"))?;
            let hash = ClientSecretHash::of(&secret);
            audiences.secrets.push((found.name, secret));
            Some(hash)
        };
        let current = given.filter(|_| is_literal).and_then(&mut checked);
        let previous = previous.and_then(&mut checked);
        let client = Client {
            id: self.id,
            name: self.name.trim().to_owned(),
            redirect_uris: self.redirect_uris,
            origins: self.origins,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            audiences: self.audiences,
            first_party: self.first_party,
            secrets: current.into_iter().chain(previous).collect(),
        };
        (client, has_secret)
    }
}
