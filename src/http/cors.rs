//! Which answers scripts of other origins may read (Fetch standard, CORS protocol).

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use domain::OriginTrust;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::app_state::{AppState, Site};
use crate::telemetry::X_REQUEST_ID;

/// What scripts of other origins may send and read in a group of routes.
#[derive(Debug)]
pub struct CorsPolicy {
    /// Which origins.
    pub origins: CorsOrigins,
    /// Methods of its routes.
    pub methods: &'static [Method],
    /// Request headers besides [`REQUEST_HEADERS`].
    pub request_headers: &'static [&'static str],
    /// Response headers that scripts may read, besides `X-Request-Id`.
    pub response_headers: &'static [&'static str],
}

/// The origins whose scripts may read answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Trusted origins, with cookies.
    Trusted,
    /// Trusted origins with cookies, and those of clients that ask for consent without.
    TrustedAndClients,
    /// The origins of clients alone, all with cookies: where the one cookie that counts is the client's own.
    ClientsWithCookies,
}

/// How the scripts of an origin may read answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CorsAccess {
    WithCookies,
    WithoutCookies,
}

impl CorsOrigins {
    fn access(self, trust: Option<OriginTrust>, is_client: bool) -> Option<CorsAccess> {
        if self == Self::ClientsWithCookies {
            return is_client.then_some(CorsAccess::WithCookies);
        }
        match trust? {
            OriginTrust::FirstParty => Some(CorsAccess::WithCookies),
            OriginTrust::Consent if self == Self::TrustedAndClients => Some(CorsAccess::WithoutCookies),
            OriginTrust::Consent => None,
        }
    }
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

/// Looks for a client that was registered a moment ago when an origin is not known, so that its pages can be used at once.
pub async fn refresh_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    state.site.trusted_origins.refresh(request.headers()).await;
    next.run(request).await
}

/// Lets scripts of the policy's origins, and no others, read answers. Which origins these are is asked at each request, because
/// clients come and go while the server runs.
pub fn cors(state: &AppState, policy: &'static CorsPolicy) -> CorsLayer {
    let origins = policy.origins;
    let access = move |site: &Site, origin: &HeaderValue| {
        let (origin, trusted) = (origin.to_str().ok()?, &site.trusted_origins);
        origins.access(trusted.trust_of(origin), trusted.is_client(origin))
    };
    let (for_origin, for_credentials) = (Arc::clone(&state.site), Arc::clone(&state.site));
    let names = |names: &'static [&'static str]| names.iter().copied().map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| access(&for_origin, origin).is_some()))
        .allow_credentials(AllowCredentials::predicate(move |origin, _| {
            access(&for_credentials, origin) == Some(CorsAccess::WithCookies)
        }))
        .allow_methods(policy.methods.to_vec())
        .allow_headers(REQUEST_HEADERS.into_iter().chain(names(policy.request_headers)).collect::<Vec<_>>())
        .expose_headers(names(policy.response_headers).chain([X_REQUEST_ID]).collect::<Vec<_>>())
        .max_age(Duration::from_mins(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_33_each_policy_names_its_origins() {
        let (with, without) = (Some(CorsAccess::WithCookies), Some(CorsAccess::WithoutCookies));
        let (own, consent) = (Some(OriginTrust::FirstParty), Some(OriginTrust::Consent));
        // The origin's trust, and whether it is a client's: a listed one, a first-party one, one with consent, our own that
        // was a client's before the public origin changed, and a stranger's.
        for (trust, is_client, expected) in [
            (own, false, [with, with, None]),
            (own, true, [with, with, with]),
            (consent, true, [None, without, with]),
            (None, false, [None, None, None]),
        ] {
            let access =
                [CorsOrigins::Trusted, CorsOrigins::TrustedAndClients, CorsOrigins::ClientsWithCookies]
                    .map(|origins| origins.access(trust, is_client));
            assert_eq!(access, expected, "{trust:?} {is_client}");
        }
    }
}
