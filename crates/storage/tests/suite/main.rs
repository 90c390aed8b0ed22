//! What the tables promise, on SQLite and on PostgreSQL alike.
//!
//! One binary: each would link the whole of sqlx again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod accounts;
mod append_batch;
mod better_auth;
mod concurrency;
mod connections;
mod conversation_imports;
mod conversations;
mod credentials;
mod devices;
mod events;
mod fixtures;
mod imports;
mod limits;
mod links;
mod mails;
mod migrations;
mod operator;
mod races;
mod records;
mod schema;
mod sessions;
mod shared_database;
mod signing_keys;
mod upgrade;
mod upkeep;
