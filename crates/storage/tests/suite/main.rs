//! What the tables promise, on SQLite and on PostgreSQL alike.
//!
//! One binary: each would link the whole of sqlx again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test, a failure is a panic")]

mod accounts;
mod admin;
mod append_batch;
mod audit_log;
mod better_auth;
mod cleanup;
mod concurrency;
mod connections;
mod conversation_imports;
mod conversations;
mod credentials;
mod devices;
mod fixtures;
mod limits;
mod mail_queue;
mod migrations;
mod one_time_tokens;
mod races;
mod schema;
mod session_store;
mod sessions;
mod shared_database;
mod signing_keys;
mod stored_bytes;
mod tls;
mod upgrade;
mod user_imports;
