//! `GET /ok` and `GET /error`.

use axum::{
    extract::{Query, rejection::QueryRejection},
    response::Response,
};
use contract::routes;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{operation::get_operation, request::ok_json};
use crate::http::openapi::{
    operation::{Auth, Operation, Tag},
    values,
};

/// The query of error.
#[derive(Debug, Deserialize)]
pub struct ErrorQuery {
    error: Option<String>,
}

/// The server answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    #[schema(schema_with = values::always_true)]
    ok: bool,
}

/// Liveness.
pub async fn ok() -> Response {
    ok_json(Alive { ok: true })
}

/// The description of [`ok`].
pub fn ok_operation() -> Operation {
    get_operation("/api/auth/ok", "getOk", Tag::Service, "Whether the server answers", Auth::Public).response(
        200,
        "It does.",
        &Alive { ok: true },
    )
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

/// The description of [`error`].
pub fn error_operation() -> Operation {
    get_operation("/api/auth/error", "getError", Tag::Service, "Where a link that failed leads", Auth::Public)
        .query_text("error", false, "The code of the failure.")
        .empty_response(302, "To the first page, which says that the link did not work.")
}
