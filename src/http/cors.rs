//! Which answers scripts of other origins may read (Fetch standard, CORS protocol).

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method, header};
use domain::OriginTrust;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::{
    app_state::{AppState, Site},
    csrf::TrustedOrigins,
};
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
    fn access(self, trusted: &TrustedOrigins, origin: &HeaderValue) -> Option<CorsAccess> {
        let origin = origin.to_str().ok()?;
        if self == Self::ClientsWithCookies {
            return trusted.is_client(origin).then_some(CorsAccess::WithCookies);
        }
        match trusted.trust_of(origin)? {
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

/// Lets scripts of the policy's origins, and no others, read answers. Which origins these are is asked at each request, because
/// clients come and go while the server runs.
pub fn cors(state: &AppState, policy: &'static CorsPolicy) -> CorsLayer {
    let origins = policy.origins;
    let access = move |site: &Site, origin: &HeaderValue| origins.access(&site.trusted_origins, origin);
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
    use domain::{Client, Clients};

    use super::*;

    fn client(id: &str, origin: &str, first_party: bool) -> Client {
        Client {
            id: id.into(),
            name: id.into(),
            redirect_uris: Vec::new(),
            origins: vec![origin.into()],
            post_logout_redirect_uris: Vec::new(),
            audiences: Vec::new(),
            first_party,
            secrets: Vec::new(),
        }
    }

    #[test]
    fn security_33_each_policy_names_its_origins() {
        let clients = Clients::new(vec![
            client("own", "https://own.example", true),
            client("other", "https://other.example", false),
            // Listed too, before it became a client; and our own, before the public origin changed.
            client("listed", "https://listed.example", false),
            client("before", "https://accounts.example", false),
        ]);
        let listed = ["https://accounts.example", "https://chat.example", "https://listed.example"];
        let trusted = TrustedOrigins::new(listed.map(str::to_owned).into(), clients);
        let (with, without) = (Some(CorsAccess::WithCookies), Some(CorsAccess::WithoutCookies));
        for (origin, expected) in [
            ("https://accounts.example", [with, with, with]),
            ("https://chat.example", [with, with, None]),
            ("https://own.example", [with, with, with]),
            ("https://other.example", [None, without, with]),
            ("https://listed.example", [None, without, with]),
            ("https://evil.example", [None, None, None]),
            ("https://own.example/", [None, None, None]),
            ("https://OWN.example", [None, None, None]),
            ("null", [None, None, None]),
            ("", [None, None, None]),
        ] {
            let header = HeaderValue::from_static(origin);
            let access =
                [CorsOrigins::Trusted, CorsOrigins::TrustedAndClients, CorsOrigins::ClientsWithCookies]
                    .map(|origins| origins.access(&trusted, &header));
            assert_eq!(access, expected, "{origin}");
        }
    }
}
