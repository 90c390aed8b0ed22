//! Which answers scripts of other origins may read (Fetch standard, CORS protocol).

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::app_state::AppState;
use crate::telemetry::X_REQUEST_ID;

/// What scripts of trusted origins may send and read in a group of routes.
#[derive(Debug)]
pub struct CorsPolicy {
    /// Methods of its routes.
    pub methods: &'static [Method],
    /// Request headers besides [`REQUEST_HEADERS`].
    pub request_headers: &'static [&'static str],
    /// Response headers that scripts may read, besides `X-Request-Id`.
    pub response_headers: &'static [&'static str],
}

/// Request headers that scripts may send to every group: those of the wire, and those that tracing libraries (W3C Trace
/// Context and Baggage, Sentry) and older HTTP libraries add to every request of a page.
const REQUEST_HEADERS: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::AUTHORIZATION,
    HeaderName::from_static("baggage"),
    HeaderName::from_static("sentry-trace"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-requested-with"),
];

/// Lets browsers on trusted origins, and no others, read answers and send cookies along.
pub fn cors(state: &AppState, policy: &'static CorsPolicy) -> CorsLayer {
    let origins = state.site.trusted_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let names = |names: &'static [&'static str]| names.iter().copied().map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods(policy.methods.to_vec())
        .allow_headers(REQUEST_HEADERS.into_iter().chain(names(policy.request_headers)).collect::<Vec<_>>())
        .expose_headers(names(policy.response_headers).chain([X_REQUEST_ID]).collect::<Vec<_>>())
        .max_age(Duration::from_mins(10))
}
