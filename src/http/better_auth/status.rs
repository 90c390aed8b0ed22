//! `GET /ok` and `GET /error`.

use axum::{
    extract::{Query, rejection::QueryRejection},
    response::Response,
};
use contract::routes;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::request::ok_json;

/// The query of error.
#[derive(Debug, Deserialize)]
pub struct ErrorQuery {
    error: Option<String>,
}

/// Liveness.
pub async fn ok() -> Response {
    ok_json(json!({ "ok": true }))
}

/// Leads a browser that a failed link brought here to the home page, with the code of the failure and nothing else of
/// what the address says.
pub async fn error(query: Result<Query<ErrorQuery>, QueryRejection>) -> Response {
    let code = query.ok().and_then(|Query(query)| query.error).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\'');
    let known = !code.is_empty() && code.len() <= 64 && code.chars().all(plain);
    let location = format!("{}?error={}", routes::HOME, if known { &code } else { "UNKNOWN" });
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
