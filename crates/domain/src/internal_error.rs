//! Failures that are nobody's input: the database, the hasher, the signer.

use std::fmt;

use contract::{Code, Problem, Problems};

use crate::{HasherBusy, SignerError, StorageError};

/// Why a rule could not be carried out, although nothing was wrong with what was asked.
#[derive(Debug)]
pub enum InternalError {
    /// Too many passwords are waiting to be hashed.
    Busy,
    /// The database failed.
    Storage(StorageError),
    /// A part of ours is broken.
    Fault(String),
}

/// Seconds after which the hasher's queue, at its longest, has drained.
const HASHER_RETRY: u32 = 2;
/// Seconds after which a database that is restarting usually answers.
const DATABASE_RETRY: u32 = 5;

impl From<InternalError> for Problem {
    /// Faults are logged here, once: the answer must not carry their details.
    fn from(failure: InternalError) -> Self {
        match failure {
            InternalError::Busy => Self::retry_in(Code::Busy, HASHER_RETRY),
            InternalError::Storage(error @ StorageError::Unavailable(_)) => {
                tracing::warn!(%error, "storage unavailable");
                Self::retry_in(Code::Unavailable, DATABASE_RETRY)
            }
            InternalError::Storage(error @ StorageError::Fault(_)) => {
                tracing::error!(%error, "storage fault");
                Self::new(Code::Internal)
            }
            InternalError::Fault(detail) => {
                tracing::error!(%detail, "fault");
                Self::new(Code::Internal)
            }
        }
    }
}

impl From<InternalError> for Problems {
    fn from(failure: InternalError) -> Self {
        Problem::from(failure).into()
    }
}

impl From<StorageError> for InternalError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<HasherBusy> for InternalError {
    fn from(_: HasherBusy) -> Self {
        Self::Busy
    }
}

impl From<SignerError> for InternalError {
    fn from(error: SignerError) -> Self {
        Self::Fault(error.0)
    }
}

impl fmt::Display for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many passwords are waiting to be hashed"),
            Self::Storage(error) => error.fmt(f),
            Self::Fault(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for InternalError {}
