//! Bookplate's tables, on SQLite and on PostgreSQL.
//!
//! SQL is written once, in the dialect that the two databases share, as constants that a test prepares on both.
//! A public method is one transaction with a name of the domain; none is held while anything but the database works.

mod accepted_terms;
mod accounts;
mod activity;
mod address;
mod admin;
mod audit_log;
mod better_auth;
mod cleanup;
mod clients;
mod connect_error;
mod connection;
mod consents;
pub mod conversations;
mod credentials;
mod data_export;
mod database;
mod devices;
mod error;
mod grants;
mod idle_accounts;
mod idle_connections;
mod imports;
mod invitations;
mod limits;
mod locks;
mod mail_queue;
mod migrate;
mod notifications;
mod one_time_tokens;
mod pool;
mod session_store;
mod sessions;
mod signing_keys;
mod tls;
mod users;
mod verification_codes;

pub use accepted_terms::AcceptedTerms;
pub use accounts::{Admission, CreateAccountOutcome, Credentials, NewAccount, SignInMethod};
pub use activity::{Activity, in_background};
pub use address::{Address, AddressError, PostgresAddress};
pub use audit_log::{AuditEvent, AuditRecord};
pub use better_auth::{BetterAuth, ForeignBan, ForeignError, ImportedUser};
pub use cleanup::{CleanupCounts, RetentionCutoffs};
pub use clients::StoredClient;
pub use connect_error::ConnectError;
pub use consents::Consent;
pub use credentials::{ConsumeOutcome, NewPasswordHash};
pub use data_export::{StoredLink, StoredMethod, UserDataRows, WaitingMail};
pub use database::Database;
pub use devices::KnownDevice;
pub use error::StorageError;
pub use grants::{AuthorizationCode, Grant, RedeemOutcome};
pub use idle_accounts::IdleCutoffs;
pub use imports::ImportUserOutcome;
pub use invitations::Invitation;
pub use mail_queue::QueuedMail;
pub use migrate::MigrateError;
pub use notifications::{Listener, Notification};
pub use one_time_tokens::Link;
pub use pool::{Backend, Pool, SqlxPoolPermit};
pub use session_store::{RecordKey, SessionRecordStore};
pub use sessions::{NewSession, Session, SignedIn};
pub use signing_keys::StoredKey;
pub use tls::{Resolver, SystemResolver};
pub use tower_sessions::Session as BrowserSession;
pub use users::{Ban, User};
pub use verification_codes::{GuessedCode, NewCode};

/// The statements that are the same on both databases, for the test that prepares each.
pub fn statements() -> Vec<&'static str> {
    [
        accepted_terms::STATEMENTS,
        accounts::STATEMENTS,
        consents::STATEMENTS,
        credentials::STATEMENTS,
        devices::STATEMENTS,
        audit_log::STATEMENTS,
        grants::STATEMENTS,
        locks::STATEMENTS,
        idle_accounts::STATEMENTS,
        imports::STATEMENTS,
        clients::STATEMENTS,
        invitations::STATEMENTS,
        limits::STATEMENTS,
        one_time_tokens::STATEMENTS,
        verification_codes::STATEMENTS,
        mail_queue::STATEMENTS,
        migrate::STATEMENTS,
        admin::STATEMENTS,
        data_export::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        cleanup::STATEMENTS,
        &conversations::statements(),
    ]
    .concat()
}

/// The statements of this database alone, for the same test.
pub fn own_statements(database: &Database) -> Vec<&'static str> {
    match database {
        Database::Sqlite(_) => conversations::statements_of_sqlite(),
        Database::Postgres(_) => [notifications::POSTGRES, &conversations::statements_of_postgres()].concat(),
    }
}
