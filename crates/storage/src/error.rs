//! Database failures.

use thiserror::Error;

/// A database failure. Nothing a client sent causes one.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database cannot be reached, or all connections are in use: worth another try.
    #[error("the database does not answer: {0}")]
    Unavailable(sqlx::Error),
    /// The disk is full, or what the provider of the database allows is used up. What needs no more room still works.
    #[error("the database has no room: {0}")]
    Full(sqlx::Error),
    /// Anything else: a bug.
    #[error("the database refused a statement: {0}")]
    Fault(sqlx::Error),
}

impl StorageError {
    /// Leaves out what is written by the way, such as when a session was last used, while the database has no room: reading
    /// must go on.
    ///
    /// # Errors
    /// Every other error.
    pub fn ignore_full(written: Result<(), Self>) -> Result<(), Self> {
        match written {
            Err(Self::Full(_)) => Ok(()),
            other => other,
        }
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other if is_transient(&other) => Self::Unavailable(other),
            other if is_full(&other) => Self::Full(other),
            other => Self::Fault(other),
        }
    }
}

/// Conditions that pass by themselves. PostgreSQL (appendix A of its manual): serialization failure, deadlock, out of
/// connections, shutting down or starting. SQLite: busy or locked for longer than the busy timeout.
fn is_transient(error: &sqlx::Error) -> bool {
    match ErrorCode::of(error) {
        Some(ErrorCode::Sqlite(code)) => matches!(code, 5 | 6),
        Some(ErrorCode::Postgres(code)) => {
            matches!(code.as_str(), "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03")
        }
        None => false,
    }
}

/// No space is left: `disk_full` of PostgreSQL, which providers use for a limit of theirs as well, and `SQLITE_FULL`.
fn is_full(error: &sqlx::Error) -> bool {
    match ErrorCode::of(error) {
        Some(ErrorCode::Sqlite(code)) => code == 13,
        Some(ErrorCode::Postgres(code)) => code == "53100",
        None => false,
    }
}

/// What a database calls an error.
enum ErrorCode {
    /// A primary result code; the upper bytes of what SQLite answers carry more detail.
    Sqlite(u32),
    /// A SQLSTATE.
    Postgres(String),
}

impl ErrorCode {
    fn of(error: &sqlx::Error) -> Option<Self> {
        let code = error.as_database_error()?.code()?;
        // A SQLSTATE has five characters, and one of SQLite's codes at most four.
        Some(match code.parse::<u32>() {
            Ok(sqlite) if code.len() < 5 => Self::Sqlite(sqlite & 0xff),
            _ => Self::Postgres(code.into_owned()),
        })
    }
}
