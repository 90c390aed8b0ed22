//! Failures that no input causes: of the database, the hasher, the signer.

use contract::{Code, Problem, Problems};

use crate::{HasherBusy, SignerError, StorageError};

/// A failure of the server, whatever the request.
#[derive(Debug, thiserror::Error)]
pub enum InternalError {
    /// Too many passwords are waiting to be hashed.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A bug or a broken dependency.
    #[error("{0}")]
    Fault(String),
}

/// Seconds after which the hasher's queue, at its longest, has drained.
const HASHER_RETRY: u32 = 2;
/// Seconds after which a database that is restarting usually answers.
const DATABASE_RETRY: u32 = 5;

impl From<InternalError> for Problem {
    /// Logs the failure, because the response must not carry its details.
    fn from(failure: InternalError) -> Self {
        match failure {
            InternalError::Busy => Self::retry_in(Code::Busy, HASHER_RETRY),
            InternalError::Storage(error @ StorageError::Unavailable(_)) => {
                tracing::warn!(%error, "storage unavailable");
                Self::retry_in(Code::Unavailable, DATABASE_RETRY)
            }
            InternalError::Storage(error @ StorageError::Full(_)) => {
                tracing::error!(%error, "storage full");
                Self::new(Code::InsufficientStorage)
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
