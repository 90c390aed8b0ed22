//! The rules of a registration, for clients of the file and for those registered by command.

use std::collections::BTreeSet;

use domain::{Client, ClientKind};
use url::Url;

use super::address;
use crate::config::{PublicOrigin, list::Problem, loader::shown, origin::BOOK_IN_DEVELOPMENT};

/// The longest name, in characters.
const MAX_NAME: usize = 120;
/// The most entries of one list.
const MAX_ENTRIES: usize = 20;

/// What a client is registered beside.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// Our own origin; `None` when it cannot be used, which is a mistake of its own.
    pub origin: Option<&'a PublicOrigin>,
    /// Our own origin and those of `BOOKPLATE_TRUSTED_ORIGINS`.
    pub trusted: &'a [String],
    /// The names of the declared audiences.
    pub audiences: &'a [String],
    /// The other clients.
    pub clients: &'a [Client],
}

impl Registration<'_> {
    /// Everything that is wrong with a client, with remedies.
    pub fn mistakes(&self, client: &Client, has_secret: bool) -> Vec<Problem> {
        let kind = match has_secret {
            true => ClientKind::Confidential,
            false => client.kind(),
        };
        let mut found = Vec::new();
        found.extend(self.check_id(client));
        found.extend(check_name(client));
        found.extend(self.check_origins(client));
        found.extend(check_redirect_uris(client, kind));
        found.extend(check_uris("post-logout redirect URI", &client.post_logout_redirect_uris, kind).1);
        found.extend(self.check_audiences(client));
        let of_client = |(problem, remedy)| (format!("client {}: {problem}", shown(&client.id)), remedy);
        found.into_iter().map(of_client).collect()
    }

    fn check_id(&self, client: &Client) -> Option<Problem> {
        if !Client::is_id(&client.id) {
            return Some((
                "the id cannot be used".to_owned(),
                "Use a to z, 0 to 9 and - (at most 32)".to_owned(),
            ));
        }
        if self.audiences.contains(&client.id) {
            let problem =
                "an audience has this name, and services could take an ID token for an access token";
            return Some((
                problem.to_owned(),
                "Choose another id: it is the aud of the client's ID tokens".to_owned(),
            ));
        }
        let is_taken = self.clients.iter().any(|other| other.id == client.id);
        is_taken.then(|| ("declared twice".to_owned(), "Remove one, or give it another id".to_owned()))
    }

    fn check_origins(&self, client: &Client) -> Vec<Problem> {
        let mut found = check_list("origin", &client.origins);
        for origin in &client.origins {
            let problem = match address::check_origin(origin) {
                Ok(()) => self.conflict(client, origin),
                Err(problem) => Some(problem),
            };
            found.extend(problem.map(|(problem, remedy)| (format!("origin: {problem}"), remedy)));
        }
        found
    }

    /// Why an origin cannot be this client's, given whose else it is.
    fn conflict(&self, client: &Client, origin: &str) -> Option<Problem> {
        if self.origin.is_some_and(|own| own.as_str() == origin) {
            let problem = format!("{origin} is Bookplate's own");
            return Some((problem, "Name the origin of the client's pages, or none".to_owned()));
        }
        // The book in development is trusted without being listed; declared as such a client, it no longer is.
        let is_listed = origin != BOOK_IN_DEVELOPMENT && self.trusted.iter().any(|listed| listed == origin);
        if !client.first_party && is_listed {
            let problem = format!(
                "{origin} is among BOOKPLATE_TRUSTED_ORIGINS, whose pages act with a reader's cookie and need no consent"
            );
            return Some((problem, "Remove it there, or write first_party = true".to_owned()));
        }
        let other = self.clients.iter().find(|other| {
            other.first_party != client.first_party && other.origins.iter().any(|it| it == origin)
        })?;
        let problem = format!(
            "{origin} is an origin of the client {} too, and only one of the two is first-party; browsers cannot tell \
             their pages apart",
            shown(&other.id)
        );
        Some((problem, "Give the client that asks for consent an origin of its own".to_owned()))
    }

    fn check_audiences(&self, client: &Client) -> Vec<Problem> {
        let mut found = check_list("audience", &client.audiences);
        for name in client.audiences.iter().filter(|name| !self.audiences.contains(name)) {
            let problem = format!("the audience {} is not declared", shown(name));
            let remedy = match self.audiences {
                [] => "Declare it with [[audiences]], or leave it out".to_owned(),
                known => format!("Declare it with [[audiences]], or name one of: {}", known.join(", ")),
            };
            found.push((problem, remedy));
        }
        found
    }
}

fn check_name(client: &Client) -> Option<Problem> {
    let fits = (1..=MAX_NAME).contains(&client.name.chars().count());
    let is_shown = fits && !client.name.chars().any(char::is_control);
    let remedy = || format!("Give what readers are shown on one line, at most {MAX_NAME} characters");
    (!is_shown).then(|| ("the name cannot be shown".to_owned(), remedy()))
}

fn check_redirect_uris(client: &Client, kind: ClientKind) -> Vec<Problem> {
    let (urls, mut found) = check_uris("redirect URI", &client.redirect_uris, kind);
    if client.redirect_uris.is_empty() {
        let remedy = "Give redirect_uris, such as [\"https://book.example.org/callback\"]";
        found.push(("it has no redirect URI, so nobody could sign in".to_owned(), remedy.to_owned()));
    }
    let foreign =
        urls.iter().filter_map(address::origin_of).filter(|origin| !client.origins.contains(origin));
    for origin in foreign.filter(|_| kind == ClientKind::Browser).collect::<BTreeSet<_>>() {
        let problem = format!("a redirect URI is on {origin}, whose pages could not fetch the token");
        found.push((problem, format!("Add {origin} to its origins, or remove the URI")));
    }
    found
}

/// The usable addresses of a list, and what is wrong with the others.
fn check_uris(what: &str, uris: &[String], kind: ClientKind) -> (Vec<Url>, Vec<Problem>) {
    let (mut urls, mut found) = (Vec::new(), check_list(what, uris));
    for uri in uris {
        match address::check_redirect_uri(uri, kind) {
            Ok(url) => urls.push(url),
            Err((problem, remedy)) => found.push((format!("{what}: {problem}"), remedy)),
        }
    }
    (urls, found)
}

/// What is wrong with a list, whatever its entries are.
fn check_list(what: &str, entries: &[String]) -> Vec<Problem> {
    let mut found = Vec::new();
    if entries.len() > MAX_ENTRIES {
        let problem = format!("it has {} entries of the kind {what}", entries.len());
        found.push((problem, format!("Give at most {MAX_ENTRIES}")));
    }
    let mut seen = BTreeSet::new();
    for entry in entries.iter().filter(|entry| !seen.insert(*entry)) {
        found.push((format!("the {what} {} is given twice", shown(entry)), "Remove one".to_owned()));
    }
    found
}
