//! Every variable. `.env.example` and the tables of `docs/CONFIGURATION.md` are written from these declarations:
//! `INSTA_UPDATE=always cargo test --lib config` does it, and a test compares them.

mod accounts;
mod limits;
mod server;

pub use self::{accounts::*, limits::*, server::*};

use super::variable::{Declaration, Section};

/// The sections, in the order of the documents.
pub(super) fn sections() -> impl Iterator<Item = &'static Section> {
    server::SECTIONS.iter().chain(&accounts::SECTIONS).chain(&limits::SECTIONS).chain([&server::OTHER])
}

/// Better Auth's name for the secret of the audience `default`.
pub(super) const JWT_SECRET: &str = "JWT_SECRET";
/// The previous one.
pub(super) const JWT_SECRET_PREVIOUS: &str = "JWT_SECRET_PREVIOUS";

/// The prefix of the variables of audiences.
pub(super) const AUDIENCE_PREFIX: &str = "BOOKPLATE_AUDIENCE_";
/// The prefix of the variables of clients.
pub(super) const CLIENT_PREFIX: &str = "BOOKPLATE_CLIENT_";

/// Every declaration.
pub(super) fn all() -> impl Iterator<Item = &'static Declaration> {
    sections().flat_map(|section| section.variables).copied()
}

/// The variables of an audience's secret and of the previous one.
pub(super) fn audience_secret(audience: &str) -> [String; 2] {
    secret_of(AUDIENCE_PREFIX, audience)
}

/// The variables of a client's secret and of the previous one.
pub(super) fn client_secret(id: &str) -> [String; 2] {
    secret_of(CLIENT_PREFIX, id)
}

fn secret_of(prefix: &str, name: &str) -> [String; 2] {
    let upper: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    [format!("{prefix}{upper}_SECRET"), format!("{prefix}{upper}_SECRET_PREVIOUS")]
}

/// Whether Bookplate reads a variable of this name, or refuses it as unknown.
pub(super) fn is_ours(name: &str) -> bool {
    all().any(|known| known.name == name || known.old_name == Some(name))
        || name.starts_with("BOOKPLATE_")
        || [JWT_SECRET, JWT_SECRET_PREVIOUS].contains(&name)
}
