//! Well-known addresses (RFC 8615).

use axum::{extract::State, response::Response};
use contract::routes;
use http::{HeaderValue, StatusCode, header};

use crate::http::app_state::AppState;

/// Days until the file has to be looked at again: RFC 9116 section 2.5.5 recommends less than a year.
const EXPIRES: i64 = 180 * 86_400;

/// Redirects password managers to the page that changes a password.
pub async fn change_password() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(routes::SECURITY));
    response
}

/// `security.txt` (RFC 9116).
pub async fn security(State(state): State<AppState>) -> Response {
    let now = state.services.cleanup.now();
    let file = format!(
        "Contact: {}\nExpires: {}\nPreferred-Languages: en\nCanonical: {}{}\n",
        state.site.security_contact,
        now.plus_seconds(EXPIRES).iso(),
        state.site.origin.as_str(),
        routes::WELL_KNOWN_SECURITY,
    );
    let mut response = Response::new(file.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}
