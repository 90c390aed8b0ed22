//! OpenID Connect and OAuth 2.0: clients, and what they are granted.

mod authorization_request;
mod authorize;
mod client;
mod client_authentication;
mod clients;
mod error;
mod interaction;
mod logout;
mod metadata;
mod parameters;
mod reauthentication;
mod record;
mod refresh_token;
mod registration;
mod scope;
mod token_endpoint;
mod token_status;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use storage::Database;

pub use authorization_request::Refusal;
pub use authorize::Authorized;
pub use client::{Client, ClientKind, ClientSecretHash};
pub use clients::{ClientSource, Clients, OriginTrust, RegisteredClient};
pub use error::{OAuthError, OAuthErrorCode};
pub use interaction::ReturnTo;
pub use logout::{LoggedOut, LogoutError};
pub use parameters::Parameters;
pub use registration::RegistrationError;
pub use scope::{Scope, Scopes};
pub use token_endpoint::IssuedTokens;

use crate::{Ports, Secret, Sessions, Tokens, audit_log::AuditLog};

/// The OpenID provider: readers sign in here for clients on other sites.
#[derive(Debug)]
pub struct Oidc {
    database: Database,
    ports: Ports,
    secret: Arc<Secret>,
    sessions: Sessions,
    tokens: Arc<Tokens>,
    clients: Clients,
    events: AuditLog,
}

impl Oidc {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        sessions: Sessions,
        tokens: Arc<Tokens>,
        clients: Clients,
    ) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, secret, sessions, tokens, clients, events }
    }

    /// The `iss` of every response and token.
    pub fn issuer(&self) -> &str {
        self.tokens.issuer()
    }
}

/// What is stored of a code: SHA-256 in lower-case hex. Codes are random, so a fast hash is enough.
fn code_hash(code: &str) -> String {
    hex::encode(Sha256::digest(code))
}
