//! Bookplate's tables, on SQLite and on PostgreSQL.
//!
//! Every SQL text is written once, in the dialect the two databases share, as a constant that a test prepares on both.
//! A public method is one transaction with a domain name; none is held while anything but the database works.

mod accounts;
mod better_auth;
pub mod conversations;
mod credentials;
mod database;
mod devices;
mod error;
mod events;
mod holding;
mod imports;
mod limits;
mod links;
mod mails;
mod migrate;
mod operator;
mod pool;
mod privacy;
mod records;
mod sessions;
mod signing_keys;
mod upkeep;

pub use accounts::{Ban, Credentials, NewAccount, SignInMethod, User};
pub use better_auth::{BetterAuth, ForeignBan, ForeignError, ForeignReader};
pub use credentials::{NewPasswordHash, Spent};
pub use database::{ConnectError, Database};
pub use devices::KnownDevice;
pub use error::StorageError;
pub use events::{Event, Trace};
pub use imports::Placed;
pub use links::Link;
pub use mails::QueuedMail;
pub use migrate::MigrateError;
pub use pool::{Aside, Engine, Pool};
pub use privacy::{Belongings, StoredLink, StoredMethod, WaitingMail};
pub use records::{RecordKey, RecordStore};
pub use sessions::{Opening, Session, SignedIn};
pub use signing_keys::StoredKey;
pub use tower_sessions::Session as BrowserSession;
pub use upkeep::{Cutoffs, Swept};

/// Every SQL text of this crate that both databases know, for the test that prepares each on both databases.
pub fn statements() -> Vec<&'static str> {
    [
        accounts::STATEMENTS,
        credentials::STATEMENTS,
        devices::STATEMENTS,
        events::STATEMENTS,
        holding::STATEMENTS,
        imports::STATEMENTS,
        limits::STATEMENTS,
        links::STATEMENTS,
        mails::STATEMENTS,
        migrate::STATEMENTS,
        operator::STATEMENTS,
        privacy::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        upkeep::STATEMENTS,
        &conversations::statements(),
    ]
    .concat()
}

/// Those that only this database knows, for the same test.
pub fn own_statements(database: &Database) -> Vec<&'static str> {
    match database {
        Database::Sqlite(_) => conversations::statements_of_sqlite(),
        Database::Postgres(_) => conversations::statements_of_postgres(),
    }
}
