//! The HTTP edge: every route, and the layers around them in order.

mod app_state;
mod assets;
mod authn;
mod better_auth;
mod browser_effects;
mod canonical_host;
mod client_ip;
mod compression;
mod conversations;
mod cookies;
pub mod csrf;
mod email_links;
mod errors;
mod export;
mod forms;
mod fragments;
mod openapi;
pub mod outbox;
mod pages;
mod rate_limit;
mod security_headers;
mod well_known;

pub use app_state::{AppState, Site};
pub use assets::{FILES, STYLESHEET};
pub use errors::status;

use std::time::Duration;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use contract::routes;
use http::StatusCode;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use self::browser_effects::SessionTransport;

/// How long one request may take: longer than the hasher's queue, shorter than anyone waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Pages whose form is sent to their own address.
const PAGES_WITH_A_FORM: [&str; 5] =
    [routes::SIGN_IN, routes::SIGN_UP, routes::SIGN_OUT, routes::ACCOUNT, routes::FORGOT_PASSWORD];
/// Pages a mailed link leads to, each with a form of its own.
const PAGES_OF_LINKS: [&str; 2] = [routes::RESET_PASSWORD, routes::VERIFY_EMAIL];
/// Pages whose forms are sent to addresses below them.
const PAGES: [&str; 5] =
    [routes::SECURITY, routes::SESSIONS, routes::DATA, routes::CONVERSATIONS, "/conversations/{id}"];
/// Those addresses.
const ACTIONS: [&str; 13] = [
    routes::SEND_VERIFICATION,
    routes::CHANGE_PASSWORD,
    routes::CHANGE_EMAIL,
    routes::END_SESSION,
    routes::END_OTHER_SESSIONS,
    routes::DELETE_ACCOUNT,
    routes::RENAME_CONVERSATION,
    routes::ARCHIVE_CONVERSATION,
    routes::UNARCHIVE_CONVERSATION,
    routes::DELETE_CONVERSATION,
    routes::RESTORE_CONVERSATION,
    routes::CHOOSE_BRANCH,
    routes::GIVE_FEEDBACK,
];
/// What islands of these pages ask.
const QUERIES: [&str; 2] = [routes::LIST_CONVERSATIONS, routes::LOAD_TURNS];

/// What `main` serves and every HTTP test calls.
///
/// From the outside in: the log, headers every answer carries, a bound on time, a net under faults of ours, one name for
/// the server. Then the routes.
pub fn router(state: AppState) -> Router {
    // Leptos spawns on whatever executor is named first; a second router of the same process names it again.
    let _ = any_spawner::Executor::init_tokio();
    let mut router =
        Router::new().nest(routes::API, better_auth::routes(&state)).route(routes::HOME, get(pages::show));
    router = router
        .merge(conversations::routes(&state))
        .merge(openapi::routes(&state))
        // As a fallback: as a route, it would come before the one of the JSON door.
        .nest("/api", Router::new().fallback(conversations::not_found_fallback(&state)));
    // Nesting leaves these addresses out.
    router = router
        .route("/api/", conversations::not_found_fallback(&state))
        .route(&format!("{}/", routes::API), any(better_auth::not_found));
    for form in PAGES_WITH_A_FORM {
        router = router.route(form, get(pages::show).post(forms::submit));
    }
    for page in PAGES {
        router = router.route(page, get(pages::show));
    }
    for action in ACTIONS {
        // A browser stands at this address after a form that was not accepted, and may load it again.
        router = router.route(action, get(forms::redirect_action_to_page).post(forms::submit));
    }
    for query in QUERIES {
        router = router.route(query, get(forms::redirect_action_to_page).post(fragments::ask));
    }
    for page in PAGES_OF_LINKS {
        router = router.route(page, get(email_links::open_email_link).post(forms::submit));
    }
    router = router
        .route(routes::EXPORT, post(export::export))
        .route(routes::WELL_KNOWN_CHANGE_PASSWORD, get(well_known::change_password))
        .route(routes::WELL_KNOWN_SECURITY, get(well_known::security));
    // Who sees these letters can open every account, so only on a developer's own machine.
    if let Some(file) = state.site.outbox.clone().filter(|_| state.site.origin.is_loopback()) {
        let page =
            outbox::page(file).layer(from_fn_with_state(state.clone(), canonical_host::require_loopback));
        router = router.route(outbox::PATH, page);
    }
    for (alias, page) in routes::ALIASES {
        router = router.route(alias, get(move |uri| canonical_host::alias(page, uri)));
    }
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(from_fn_with_state((state.clone(), SessionTransport::Cookies), browser_effects::apply))
        .layer(from_fn_with_state(state.clone(), canonical_host::redirect_to_canonical_host))
        .layer(CatchPanicLayer::custom(errors::panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(from_fn_with_state(state.clone(), security_headers::secure))
        .layer(from_fn(canonical_host::log))
        .with_state(state)
}
