//! The rules, on real tables: SQLite and PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod accounts;
mod book;
mod cookies;
mod forgeries;
mod imports;
mod keys;
mod notices;
mod operator;
mod passwords;
mod profiles;
mod secrecy;
mod secret;
mod sessions;
mod tokens;
