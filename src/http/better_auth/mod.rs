//! The JSON door: the Better Auth wire under `/api/auth`, and the older names that lead to the same services.

pub mod body;
mod deletion;
mod email;
mod password;
mod profile;
mod query;
mod request;
mod sessions;
mod sign_in;
mod sign_up;
mod status;
mod tokens;

pub use query::Query;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use super::{
    app_state::AppState,
    browser_effects::{self, SessionTransport},
    rate_limit,
};

/// Every path below `/api/auth`. Whatever is not here is a 404 without a body, a wrong method too.
pub fn routes(state: &AppState) -> Router<AppState> {
    let router =
        table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    router
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state((state.clone(), SessionTransport::CookiesAndToken), browser_effects::apply))
        .layer(from_fn_with_state(state.clone(), rate_limit::api))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(cors(state))
        .layer(from_fn(only_preflights))
}

/// Every path below `/api/auth` with its methods.
pub fn table() -> Vec<(&'static str, MethodRouter<AppState>)> {
    vec![
        ("/sign-up/email", post(sign_up::sign_up)),
        ("/signup/email", post(sign_up::sign_up)),
        ("/sign-in/email", post(sign_in::sign_in)),
        ("/signin/email", post(sign_in::sign_in)),
        ("/sign-out", post(sessions::sign_out)),
        ("/signout", post(sessions::sign_out)),
        ("/get-session", get(sessions::get_session).post(sessions::deferred_refresh)),
        ("/session", get(sessions::get_session)),
        ("/session/refresh", post(sessions::refresh)),
        ("/list-sessions", get(sessions::list)),
        ("/revoke-session", post(sessions::revoke)),
        ("/revoke-sessions", post(sessions::revoke_all)),
        ("/revoke-other-sessions", post(sessions::revoke_others)),
        ("/update-user", post(profile::update_user)),
        ("/list-accounts", get(profile::list_accounts)),
        ("/unlink-account", post(profile::unlink_account)),
        ("/change-password", post(password::change_password)),
        ("/verify-password", post(password::verify_password)),
        ("/request-password-reset", post(password::request_password_reset)),
        ("/reset-password", post(password::reset_password)),
        ("/reset-password/{token}", get(password::reset_link)),
        ("/change-email", post(email::change_email)),
        ("/send-verification-email", post(email::send_verification)),
        ("/verify-email", get(email::verify_email)),
        ("/delete-user", post(deletion::delete_user)),
        ("/delete-user/callback", get(deletion::callback)),
        ("/user", get(profile::user)),
        ("/token", get(tokens::token)),
        ("/jwks", get(tokens::jwks)),
        ("/ok", get(status::ok)),
        ("/error", get(status::error)),
    ]
}

/// `CorsLayer` takes every OPTIONS for a preflight and answers it with 200. One that says no method is none (Fetch
/// standard, CORS protocol), and a wrong method like any other.
async fn only_preflights(request: Request, next: Next) -> Response {
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && request.headers().contains_key(header::ORIGIN);
    if request.method() == Method::OPTIONS && !is_preflight {
        return not_found().await.into_response();
    }
    next.run(request).await
}

/// Browsers on trusted origins, and no others, may read answers and send cookies along.
fn cors(state: &AppState) -> CorsLayer {
    let origins = state.site.trusted_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
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
