//! Bookplate's tables, on SQLite and on PostgreSQL.
//!
//! Every SQL text is written once, in the dialect the two databases share, as a constant that a test prepares on both.
//! A public method is one transaction with a domain name; none is held while anything but the database works.

mod accounts;
mod database;
mod error;
mod migrate;
mod records;
mod sessions;
mod signing_keys;

pub use accounts::{Credentials, NewAccount, User};
pub use database::{ConnectError, Database};
pub use error::StorageError;
pub use migrate::MigrateError;
pub use records::{RecordKey, RecordStore};
pub use sessions::{Session, SignedIn};
pub use signing_keys::StoredKey;
pub use tower_sessions::Session as BrowserSession;

/// Every SQL text of this crate, for the test that prepares each on both databases.
pub fn statements() -> Vec<&'static str> {
    [accounts::STATEMENTS, sessions::STATEMENTS, signing_keys::STATEMENTS, migrate::STATEMENTS].concat()
}
