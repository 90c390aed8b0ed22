//! What can go wrong between a rule and its database.

use std::fmt;

/// A database failure. Nothing a client sent causes one.
#[derive(Debug)]
pub enum StorageError {
    /// The database cannot be reached, or all connections are taken: worth another try.
    Unavailable(sqlx::Error),
    /// Anything else: a fault of ours.
    Fault(sqlx::Error),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other if is_passing(&other) => Self::Unavailable(other),
            other => Self::Fault(other),
        }
    }
}

/// Server states that pass by themselves: PostgreSQL shutting down, starting or out of connections; SQLite locked for
/// longer than its busy timeout.
fn is_passing(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|database| database.code());
    code.is_some_and(|code| matches!(code.as_ref(), "57P01" | "57P02" | "57P03" | "53300" | "5" | "6"))
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(error) => write!(f, "the database does not answer: {error}"),
            Self::Fault(error) => write!(f, "the database refused a statement: {error}"),
        }
    }
}

impl std::error::Error for StorageError {}
