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

/// States that pass by themselves. PostgreSQL (appendix A of its manual): two transactions in each other's way, out of
/// connections, shutting down or starting. SQLite: busy or locked for longer than the busy timeout, whose result codes
/// carry more detail in their upper bytes.
fn is_passing(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(|database| database.code()) else { return false };
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 5 | 6),
        _ => matches!(code.as_ref(), "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03"),
    }
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
