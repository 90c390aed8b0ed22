//! Errors of OAuth 2.0 and OpenID Connect.

use contract::{Code, Problem};
use strum::IntoStaticStr;

use crate::InternalError;

/// A registered error code, sent in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OAuthErrorCode {
    /// RFC 6749 sections 4.1.2.1 and 5.2.
    InvalidRequest,
    /// RFC 6749 section 5.2.
    InvalidClient,
    /// RFC 6749 section 5.2.
    InvalidGrant,
    /// RFC 6749 section 5.2.
    UnauthorizedClient,
    /// RFC 6749 section 5.2.
    UnsupportedGrantType,
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749 section 5.2.
    InvalidScope,
    /// RFC 8707 section 2.
    InvalidTarget,
    /// RFC 6749 section 4.1.2.1.
    AccessDenied,
    /// RFC 6749 section 4.1.2.1.
    ServerError,
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable,
    /// OpenID Connect Core 1.0 section 3.1.2.6.
    LoginRequired,
    /// OpenID Connect Core 1.0 section 3.1.2.6.
    ConsentRequired,
    /// OpenID Connect Core 1.0 section 3.1.2.6.
    RequestNotSupported,
    /// OpenID Connect Core 1.0 section 3.1.2.6.
    RequestUriNotSupported,
    /// OpenID Connect Core 1.0 section 3.1.2.6.
    RegistrationNotSupported,
    /// RFC 6750 section 3.1.
    InvalidToken,
    /// RFC 6750 section 3.1.
    InsufficientScope,
}

impl OAuthErrorCode {
    /// The code on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// An error of OAuth 2.0 with what a developer reads about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The code.
    pub code: OAuthErrorCode,
    /// What is wrong and what to do: printable ASCII without `"` and `\` (RFC 6749 section 5.2).
    pub description: &'static str,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
}

impl OAuthError {
    /// An error that stays until the request is changed.
    pub const fn new(code: OAuthErrorCode, description: &'static str) -> Self {
        Self { code, description, retry_after: None }
    }

    /// `invalid_request`.
    pub(crate) const fn invalid_request(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidRequest, description)
    }

    /// `invalid_grant`.
    pub(crate) const fn invalid_grant(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidGrant, description)
    }
}

/// The failure is logged with its details, which the client must not learn.
impl From<InternalError> for OAuthError {
    fn from(failure: InternalError) -> Self {
        Problem::from(failure).into()
    }
}

impl From<storage::StorageError> for OAuthError {
    fn from(failure: storage::StorageError) -> Self {
        InternalError::from(failure).into()
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        let (code, description) = match problem.code {
            Code::TooManyRequests => {
                (OAuthErrorCode::TemporarilyUnavailable, "Too many requests. Wait, then try again.")
            }
            Code::MethodNotAllowed => (
                OAuthErrorCode::InvalidRequest,
                "This address cannot be asked that way. Use the method of the specification.",
            ),
            Code::Busy | Code::Unavailable => {
                (OAuthErrorCode::TemporarilyUnavailable, "The server is busy. Try again shortly.")
            }
            Code::Internal | Code::InsufficientStorage => {
                (OAuthErrorCode::ServerError, "The server failed. Try again shortly.")
            }
            _ => (
                OAuthErrorCode::InvalidRequest,
                "The request cannot be read. Send a form, UTF-8, within 64 KB.",
            ),
        };
        Self { code, description, retry_after: problem.retry_after }
    }
}
