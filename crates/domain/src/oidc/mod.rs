//! OpenID Connect and OAuth 2.0: clients, and what they are granted.

mod client;
mod clients;

pub use client::{Client, ClientKind, ClientSecretHash};
pub use clients::{Clients, OriginTrust};
