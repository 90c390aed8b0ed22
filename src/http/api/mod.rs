//! The JSON door: the Better Auth wire under `/api/auth`, and the older names that lead to the same services.

pub mod body;
mod call;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod status;
mod tokens;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    routing::{get, post},
};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use super::state::Edge;

/// Every path below `/api/auth`. Whatever is not here is a 404 without a body, a wrong method too.
pub fn routes(edge: &Edge) -> Router<Edge> {
    Router::new()
        .route("/sign-up/email", post(sign_up::sign_up))
        .route("/signup/email", post(sign_up::sign_up))
        .route("/sign-in/email", post(sign_in::sign_in))
        .route("/signin/email", post(sign_in::sign_in))
        .route("/sign-out", post(sessions::sign_out))
        .route("/signout", post(sessions::sign_out))
        .route("/get-session", get(sessions::get_session).post(sessions::deferred_refresh))
        .route("/session", get(sessions::get_session))
        .route("/session/refresh", post(sessions::refresh))
        .route("/update-user", post(profile::update_user))
        .route("/user", get(profile::user))
        .route("/token", get(tokens::token))
        .route("/jwks", get(tokens::jwks))
        .route("/ok", get(status::ok))
        .route("/error", get(status::error))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(cors(edge))
}

/// Browsers on trusted origins, and no others, may read answers and send cookies along.
fn cors(edge: &Edge) -> CorsLayer {
    let origins = edge.site.trusted_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let exposed = ["set-auth-token", "set-auth-jwt", "retry-after", "x-retry-after"];
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_secs(600))
}

/// Nothing, without a body.
pub async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}
