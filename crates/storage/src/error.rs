//! Database failures.

use thiserror::Error;

/// A database failure. Nothing a client sent causes one.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database cannot be reached, or all connections are in use: worth another try.
    #[error("the database does not answer: {0}")]
    Unavailable(sqlx::Error),
    /// Anything else: a bug.
    #[error("the database refused a statement: {0}")]
    Fault(sqlx::Error),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other if is_transient(&other) => Self::Unavailable(other),
            other => Self::Fault(other),
        }
    }
}

/// Conditions that pass by themselves. PostgreSQL (appendix A of its manual): serialization failure, deadlock, out of
/// connections, shutting down or starting. SQLite: busy or locked for longer than the busy timeout; the upper bytes of its
/// result codes carry more detail.
fn is_transient(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 5 | 6),
        _ => matches!(code.as_ref(), "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03"),
    }
}
