//! The error envelope of OAuth 2.0, `{"error", "error_description"}` (RFC 6749 section 5.2, RFC 6750 section 3): at the
//! endpoints below `/oauth2` that programs use.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem};
use domain::{InternalError, OAuthError, OAuthErrorCode};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An error response, ready to be returned with `?`.
#[derive(Debug)]
pub struct OAuthErrorResponse {
    error: OAuthError,
    status: StatusCode,
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
}

impl From<OAuthError> for OAuthErrorResponse {
    fn from(error: OAuthError) -> Self {
        let status = match error.code {
            OAuthErrorCode::InvalidClient | OAuthErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
            OAuthErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
            OAuthErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            OAuthErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { error, status }
    }
}

/// A request that could not be read or was one too many, under its own status.
impl From<Problem> for OAuthErrorResponse {
    fn from(problem: Problem) -> Self {
        let status = super::status(problem.code);
        Self { error: problem.into(), status }
    }
}

impl From<InternalError> for OAuthErrorResponse {
    fn from(failure: InternalError) -> Self {
        OAuthError::from(failure).into()
    }
}

impl From<contract::Problems> for OAuthErrorResponse {
    fn from(problems: contract::Problems) -> Self {
        problems.first().clone().into()
    }
}

impl OAuthErrorResponse {
    /// The challenge of the error (RFC 9110 section 11.6.1).
    fn challenge(&self) -> Option<HeaderValue> {
        let OAuthError { code, description, .. } = &self.error;
        match code {
            OAuthErrorCode::InvalidClient => Some(HeaderValue::from_static("Basic realm=\"clients\"")),
            OAuthErrorCode::InvalidToken | OAuthErrorCode::InsufficientScope => HeaderValue::try_from(
                format!("Bearer error=\"{}\", error_description=\"{description}\"", code.name()),
            )
            .ok(),
            _ => None,
        }
    }
}

impl IntoResponse for OAuthErrorResponse {
    fn into_response(self) -> Response {
        let challenge = self.challenge();
        let body = Body { error: self.error.code.name(), error_description: self.error.description };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        let retry_after = self.error.retry_after.map(HeaderValue::from);
        headers.extend(retry_after.map(|seconds| (header::RETRY_AFTER, seconds)));
        response
    }
}

/// A request without a token (RFC 6750 section 3): no error is named.
pub fn unauthorized() -> Response {
    let mut response = super::status(Code::Unauthorized).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
