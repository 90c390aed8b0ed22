//! How often a client may ask: which rule a path falls under, and who the client is.

use std::net::{IpAddr, Ipv6Addr};

use axum::{
    extract::{OriginalUri, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Problem, routes};
use domain::{LimitError, Rule};
use http::request::Parts;

use super::{app_state::AppState, canonical_host, client_ip, errors::ApiError};

/// Refuses a call on the JSON door above the quota, before anything else looks at it.
pub async fn api(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // The router has taken the prefix off by now.
    let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(whole)| whole);
    let path = whole.path().to_owned();
    match check(&state, &parts, rule(&path), &path).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

/// Counts a form under the same rule as the call on the JSON door that does the same.
///
/// # Errors
/// `TOO_MANY_REQUESTS`.
pub async fn form(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    let rule = match parts.uri.path() {
        routes::SIGN_IN => Rule::SignIn,
        routes::SIGN_UP => Rule::SignUp,
        routes::CHANGE_PASSWORD => Rule::ChangePassword,
        routes::CHANGE_EMAIL => Rule::ChangeEmail,
        routes::FORGOT_PASSWORD => Rule::RequestPasswordReset,
        routes::SEND_VERIFICATION => Rule::SendVerification,
        _ => Rule::Requests,
    };
    check(state, parts, rule, parts.uri.path()).await
}

/// Counts a request of somebody who has not said who they are, or not truly.
///
/// # Errors
/// `TOO_MANY_REQUESTS`.
pub async fn check_anonymous(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    check(state, parts, Rule::Requests, parts.uri.path()).await
}

async fn check(state: &AppState, parts: &Parts, rule: Rule, path: &str) -> Result<(), Problem> {
    // Only a router that is called without a socket knows no address; nobody shares a bucket with it.
    let Some(address) = client_ip::address(parts, &state.site.trusted_proxies) else { return Ok(()) };
    let client = client_key(address);
    let limits = &state.services.limits;
    let outcome = match rule {
        Rule::Requests => limits.check_request(rule, &client, rate_limit_bucket(path)),
        rule => limits.check(rule, &client).await,
    };
    if let Err(LimitError::Exceeded { .. }) = &outcome {
        tracing::info!(address = %address, path = canonical_host::loggable(path), "too many requests");
    }
    Ok(outcome?)
}

/// One reader's network: an IPv6 address stands for its /64, which is what one subscriber has.
fn client_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

/// The rule of a path below `/api/auth`, also under its older names.
fn rule(path: &str) -> Rule {
    let starts = |name: &str| path.strip_prefix(routes::API).is_some_and(|rest| rest.starts_with(name));
    match () {
        () if starts("/sign-in") || starts("/signin") => Rule::SignIn,
        () if starts("/sign-up") || starts("/signup") => Rule::SignUp,
        () if starts("/change-password") => Rule::ChangePassword,
        () if starts("/change-email") => Rule::ChangeEmail,
        () if starts("/request-password-reset") || starts("/forget-password") => Rule::RequestPasswordReset,
        () if starts("/send-verification-email") => Rule::SendVerification,
        () => Rule::Requests,
    }
}

/// First parts of the paths that are counted each for itself.
const KNOWN: [&str; 21] = [
    "/change-email",
    "/change-password",
    "/delete-user",
    "/get-session",
    "/jwks",
    "/list-accounts",
    "/list-sessions",
    "/ok",
    "/reset-password",
    "/revoke-other-sessions",
    "/revoke-session",
    "/revoke-sessions",
    "/session",
    "/sign-out",
    "/signout",
    "/token",
    "/unlink-account",
    "/update-user",
    "/user",
    "/verify-email",
    "/verify-password",
];

/// A path as it is counted. All that a client makes up share one bucket, and a token in a path is not kept.
fn rate_limit_bucket(path: &str) -> &'static str {
    let rest = path.strip_prefix(routes::API).unwrap_or(path);
    let head = |known: &&str| {
        rest.strip_prefix(*known).is_some_and(|after| matches!(after.bytes().next(), None | Some(b'/')))
    };
    match KNOWN.into_iter().find(head) {
        // Older names.
        Some("/signout") => "/sign-out",
        Some("/session") => "/get-session",
        known => known.unwrap_or("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_25_variants_of_a_path_share_its_rule() {
        for path in ["/api/auth/sign-in/email", "/api/auth/signin/email", "/api/auth/sign-in"] {
            assert_eq!(rule(path), Rule::SignIn, "{path}");
        }
        assert_eq!(rule("/api/auth/sign-up/email"), Rule::SignUp);
        assert_eq!(rule("/api/auth/forget-password/x"), Rule::RequestPasswordReset);
        assert_eq!(rule("/api/auth/get-session"), Rule::Requests);
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
        assert_eq!(rate_limit_bucket("/api/auth/get-session"), "/get-session");
        assert_eq!(rate_limit_bucket("/api/auth/reset-password/Secret0"), "/reset-password");
        assert_eq!(rate_limit_bucket("/api/auth/x%20y"), "other");
        assert_eq!(rate_limit_bucket("/api/auth/revoke-sessions"), "/revoke-sessions");
        assert_eq!(rate_limit_bucket("/api/auth/signout"), rate_limit_bucket("/api/auth/sign-out"));
        assert_eq!(
            rate_limit_bucket("/api/auth/session/refresh"),
            rate_limit_bucket("/api/auth/get-session")
        );
        assert_eq!(rate_limit_bucket("/account/security"), "other");
        assert_eq!(rate_limit_bucket("/api/auth/made-up"), "other");
    }
}
