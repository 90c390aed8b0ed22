//! Which answers scripts of other origins may read (Fetch standard, CORS protocol).

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::app_state::AppState;

/// What scripts of trusted origins may send and read in a group of routes.
#[derive(Debug)]
pub struct CorsPolicy {
    /// Methods of its routes.
    pub methods: &'static [Method],
    /// Request headers besides `Content-Type` and `Authorization`.
    pub request_headers: &'static [&'static str],
    /// Response headers that scripts may read.
    pub response_headers: &'static [&'static str],
}

/// Lets browsers on trusted origins, and no others, read answers and send cookies along.
pub fn cors(state: &AppState, policy: &'static CorsPolicy) -> CorsLayer {
    let origins = state.site.trusted_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let names = |names: &'static [&'static str]| names.iter().copied().map(HeaderName::from_static);
    let allowed = [header::CONTENT_TYPE, header::AUTHORIZATION].into_iter();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods(policy.methods.to_vec())
        .allow_headers(allowed.chain(names(policy.request_headers)).collect::<Vec<_>>())
        .expose_headers(names(policy.response_headers).collect::<Vec<_>>())
        .max_age(Duration::from_mins(10))
}
