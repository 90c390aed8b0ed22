//! OpenID Connect and OAuth 2.0 below `/oauth2`, and what is discovered below `/.well-known`.

mod authorize;
mod discovery;
mod logout;
mod refresh_cookie;
mod request;
mod token;
mod token_status;
mod userinfo;

use axum::{
    Router,
    http::{HeaderValue, Method, header},
    middleware::from_fn_with_state,
};
use contract::{
    Code, Problem,
    routes::{
        AUTHORIZE, END_SESSION_ENDPOINT, INTROSPECT, JWKS, OAUTH_METADATA, OPENID_CONFIGURATION, REVOKE,
        TOKEN_ENDPOINT, USERINFO,
    },
};
use tower_http::{
    cors::{Any, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use super::{
    app_state::AppState,
    better_auth::jwks,
    cors::{CorsOrigins, CorsPolicy, cors},
    errors::OAuthErrorResponse,
    routes::{self, Route},
};

/// Where the one cookie that counts is the client's own.
const TOKENS: CorsPolicy = CorsPolicy {
    origins: CorsOrigins::ClientsWithCookies,
    methods: &[Method::POST],
    request_headers: &[],
    response_headers: &["retry-after", "www-authenticate"],
};

/// Where an access token counts.
const RESOURCES: CorsPolicy = CorsPolicy {
    origins: CorsOrigins::TrustedAndClients,
    methods: &[Method::GET, Method::POST],
    request_headers: &[],
    response_headers: &["retry-after", "www-authenticate"],
};

/// What anybody may read.
fn documents() -> Vec<Route> {
    vec![
        Route::new(OPENID_CONFIGURATION).alias(OAUTH_METADATA).get(discovery::metadata),
        Route::new(JWKS).get(jwks),
    ]
}

/// Where the pages of a browser client send requests with their refresh cookie.
fn token_endpoints() -> Vec<Route> {
    vec![
        Route::new(TOKEN_ENDPOINT).post(token::token).counted_as(TOKEN_ENDPOINT),
        Route::new(REVOKE).post(token_status::revoke).counted_as(REVOKE),
    ]
}

/// Where the pages of a client send requests with an access token.
fn resources() -> Vec<Route> {
    vec![Route::new(USERINFO).get(userinfo::userinfo).post(userinfo::userinfo).counted_as(USERINFO)]
}

/// Where readers are sent, and what only programs with a secret ask.
fn others() -> Vec<Route> {
    vec![
        Route::new(AUTHORIZE).get(authorize::authorize).post(request::redirect_to_get).counted_as(AUTHORIZE),
        Route::new(END_SESSION_ENDPOINT)
            .get(logout::log_out)
            .post(request::redirect_to_get)
            .counted_as(END_SESSION_ENDPOINT),
        Route::new(INTROSPECT).post(token_status::introspect).counted_as(INTROSPECT),
    ]
}

/// The router of these paths.
pub fn router(state: &AppState) -> Router<AppState> {
    let for_anybody = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]);
    Router::new()
        .merge(group(documents()).layer(for_anybody))
        .merge(group(token_endpoints()).layer(cors(state, &TOKENS)))
        .merge(group(resources()).layer(cors(state, &RESOURCES)))
        .merge(group(others()).layer(from_fn_with_state(state.clone(), request::refresh_client)))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

/// A router of some routes. Its fallback stands below the layers that are added to it, so that they see preflights.
fn group(routes: Vec<Route>) -> Router<AppState> {
    routes::router(routes).method_not_allowed_fallback(wrong_method)
}

async fn wrong_method() -> OAuthErrorResponse {
    Problem::new(Code::MethodNotAllowed).into()
}
