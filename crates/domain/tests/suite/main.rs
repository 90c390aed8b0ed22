//! The rules, on real tables: SQLite and PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod accounts;
mod addresses;
mod book;
mod conversation_exports;
mod conversation_imports;
mod conversations;
mod cookies;
mod deletion;
mod forgeries;
mod guessing;
mod handing_over;
mod import_bounds;
mod imports;
mod keys;
mod limits;
mod new_devices;
mod notices;
mod operator;
mod password_changes;
mod passwords;
mod post;
mod pre_registration;
mod privacy;
mod profiles;
mod races;
mod recovery;
mod rotation;
mod search_index;
mod secrecy;
mod secret;
mod session_lists;
mod sessions;
mod strict;
mod talking;
mod tokens;
mod upkeep;
