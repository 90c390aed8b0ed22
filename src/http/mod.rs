//! The HTTP layer: every group of routes, and the layers around them in order.

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
mod cors;
pub mod csrf;
mod errors;
mod large_bodies;
mod oauth;
mod openapi;
mod pages;
mod rate_limit;
mod repeated_headers;
mod request_body;
mod routes;
mod security_headers;
mod work_time;

pub use app_state::{AppState, Site};
pub use assets::{FILES, STYLESHEET};
pub use errors::status;
pub use large_bodies::LargeBodies;
pub use pages::outbox::Outbox;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get},
};
use contract::routes::{ALIASES, API};
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;

use self::{browser_effects::SessionTransport, pages::outbox};
use crate::telemetry;

/// How long one request may take, without the arrival of a large body: longer than the hasher's queue, shorter than anyone waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What `main` serves and every HTTP test calls.
///
/// From the outside in: the request's span, headers every answer carries, a time limit, the panic handler, the refusal of
/// repeated headers, the redirect to the canonical host, the look for new clients, the browser's cookies. Then the routes, one group a line.
pub fn router(state: AppState) -> Router {
    // Leptos spawns on whatever executor is named first; a second router of the same process names it again.
    let _ = any_spawner::Executor::init_tokio();
    let mut router = routes::router(pages::routes(state.services.conversations.limits()))
        .nest(API, better_auth::router(&state))
        .merge(conversations::router(&state))
        .merge(openapi::routes(&state))
        .merge(oauth::router(&state))
        // As a fallback: as a route, it would come before those below `/api/auth`.
        .nest("/api", Router::new().fallback(conversations::not_found_fallback(&state)))
        // Nesting leaves these two addresses out.
        .route("/api/", conversations::not_found_fallback(&state))
        .route(&format!("{API}/"), any(better_auth::not_found));
    if let Some(shown) = state.site.outbox.clone() {
        router = router.route(outbox::PATH, outbox::page(&state, shown));
    }
    for (alias, page) in ALIASES {
        router = router.route(alias, get(async move |uri| canonical_host::alias(page, &uri)));
    }
    let trusted_proxies: Arc<[IpNet]> = state.site.trusted_proxies.as_slice().into();
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(from_fn_with_state((state.clone(), SessionTransport::Cookies), browser_effects::apply))
        .layer(from_fn_with_state(state.clone(), cors::refresh_origin))
        .layer(from_fn_with_state(state.clone(), canonical_host::redirect_to_canonical_host))
        .layer(from_fn_with_state(state.clone(), repeated_headers::refuse_repeated))
        .layer(CatchPanicLayer::custom(errors::better_auth::panicked))
        .layer(from_fn(|request, next| work_time::limit_all(REQUEST_TIMEOUT, request, next)))
        .layer(from_fn_with_state(state.clone(), security_headers::secure))
        .layer(from_fn_with_state(trusted_proxies, telemetry::trace_request))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_openapi_document_describes_every_route_of_the_api_and_nothing_else() {
        let limits = domain::ConversationLimits::default();
        let better_auth = better_auth::routes().into_iter().map(|route| (API, route));
        let conversations = conversations::routes(&limits).into_iter().map(|route| ("", route));
        let mut declared: BTreeSet<(String, String)> = BTreeSet::new();
        for (prefix, route) in better_auth.chain(conversations) {
            for path in route.aliases.iter().chain([&route.path]) {
                let path = format!("{prefix}{path}").replace("{message_id}", "{messageId}");
                let methods = route.methods.iter().map(|method| method.as_str().to_lowercase());
                declared.extend(methods.map(|method| (path.clone(), method)));
            }
        }
        let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            // The documents themselves have handlers of their own state, and are tested over HTTP.
            if !path.starts_with("/api/openapi") {
                let methods = operations.as_object().unwrap().keys();
                described.extend(methods.map(|method| (path.clone(), method.clone())));
            }
        }
        assert_eq!(declared, described);
    }
}
