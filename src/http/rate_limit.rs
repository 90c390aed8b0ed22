//! Rate-limit middleware: the key of a client. The rule of a request is declared with its route ([`super::routes`]).

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use axum::{
    extract::{OriginalUri, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Problem, routes};
use domain::{LimitError, Rule};
use http::request::Parts;

use super::{
    app_state::AppState,
    canonical_host, client_ip,
    errors::ApiError,
    routes::{RateLimit, Route, RouteSettings},
};

/// The rate limits of a group of routes, by the first segment of their paths: an unknown path counts like the route it
/// resembles, and no token in a path is stored.
#[derive(Debug, Clone)]
pub struct RateLimits(Arc<HashMap<&'static str, RateLimit>>);

impl RateLimits {
    /// The limits of some routes. One that names no bucket has that of its first segment.
    pub fn of(routes: &[Route]) -> Self {
        let mut limits = HashMap::new();
        for route in routes {
            let mut limit = route.settings.rate_limit;
            if limit == RateLimit::OTHER {
                limit.bucket = first_segment(route.path);
            }
            for path in route.aliases.iter().chain([&route.path]) {
                limits.insert(first_segment(path), limit);
            }
        }
        Self(Arc::new(limits))
    }

    fn find(&self, path: &str) -> RateLimit {
        self.0.get(first_segment(path)).copied().unwrap_or(RateLimit::OTHER)
    }
}

/// The first segment of a path, with the slash before it.
fn first_segment(path: &str) -> &str {
    let end = path.bytes().skip(1).position(|byte| byte == b'/').map_or(path.len(), |at| at + 1);
    path.get(..end).unwrap_or(path)
}

/// Refuses calls of the Better Auth API above the quota, before anything else is done.
pub async fn better_auth(
    State((state, limits)): State<(AppState, RateLimits)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    // `nest` has removed the prefix from the path; the log shows the whole of it.
    let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(whole)| whole);
    let path = whole.path().to_owned();
    let below = path.strip_prefix(routes::API).unwrap_or(&path);
    match check(&state, &parts, limits.find(below), &path).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

/// Counts a form, under the same rule as the call of the JSON API that does the same.
///
/// # Errors
/// `TOO_MANY_REQUESTS`.
pub async fn form(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    let limit = RouteSettings::of(&parts.extensions).rate_limit;
    check(state, parts, limit, parts.uri.path()).await
}

/// Rate-limits unauthenticated requests by IP address, so that tokens cannot be brute-forced.
///
/// # Errors
/// `TOO_MANY_REQUESTS`.
pub async fn check_anonymous(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    check(state, parts, RateLimit::OTHER, parts.uri.path()).await
}

async fn check(state: &AppState, parts: &Parts, limit: RateLimit, path: &str) -> Result<(), Problem> {
    // Without a socket, as in tests, there is no address to count by.
    let Some(address) = client_ip::address(parts, &state.site.trusted_proxies) else { return Ok(()) };
    let client = client_key(address);
    let limits = &state.services.limits;
    let outcome = match limit.rule {
        Rule::Requests => limits.check_request(Rule::Requests, &client, limit.bucket),
        rule => limits.check(rule, &client).await,
    };
    if let Err(LimitError::Exceeded { .. }) = &outcome {
        tracing::info!(address = %address, path = canonical_host::loggable(path), "too many requests");
    }
    Ok(outcome?)
}

/// The network that a request comes from, as its client is counted under; `None` without a socket.
pub fn client_network(state: &AppState, parts: &Parts) -> Option<String> {
    client_ip::address(parts, &state.site.trusted_proxies).map(client_key)
}

/// The key that a client is counted under: its IPv4 address, or the /64 of its IPv6 address, which is what one subscriber
/// has.
fn client_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::better_auth;

    fn limit(path: &str) -> RateLimit {
        RateLimits::of(&better_auth::routes()).find(path)
    }

    #[test]
    fn security_25_variants_of_a_path_share_its_rule() {
        for path in ["/sign-in/email", "/signin/email", "/sign-in", "/sign-in/nothing"] {
            assert_eq!(limit(path).rule, Rule::SignIn, "{path}");
        }
        assert_eq!(limit("/sign-up/email").rule, Rule::SignUp);
        assert_eq!(limit("/get-session").rule, Rule::Requests);
    }

    #[test]
    fn security_25_an_ipv6_client_is_its_network_of_64_bits() {
        let one = client_key("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(one, "2001:db8:1:2::/64");
        assert_eq!(one, client_key("2001:db8:1:2:ffff::1".parse().unwrap()));
        assert_ne!(one, client_key("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(client_key("203.0.113.9".parse().unwrap()), "203.0.113.9");
    }

    #[test]
    fn made_up_paths_share_one_bucket_and_no_token_is_kept() {
        assert_eq!(limit("/get-session").bucket, "/get-session");
        assert_eq!(limit("/reset-password/Secret0").bucket, "/reset-password");
        assert_eq!(limit("/x%20y"), RateLimit::OTHER);
        assert_eq!(limit("/made-up"), RateLimit::OTHER);
        assert_eq!(limit("/revoke-sessions").bucket, "/revoke-sessions");
        assert_eq!(limit("/signout"), limit("/sign-out"));
        assert_eq!(limit("/session/refresh"), limit("/get-session"));
    }

    #[test]
    fn routes_that_begin_alike_are_counted_alike() {
        let routes = better_auth::routes();
        let limits = RateLimits::of(&routes);
        for route in &routes {
            let found = limits.find(route.path);
            assert_eq!(found.rule, route.settings.rate_limit.rule, "{}", route.path);
        }
    }
}
