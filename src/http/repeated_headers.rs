//! Headers that may stand once in a request.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Reason, routes::API};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::{
    app_state::AppState,
    errors::{ApiError, ProblemResponse},
    pages,
};

/// The headers that decide something here and have one value (RFC 9110 section 5.3). Of two, a proxy may have judged the one
/// and Bookplate the other. Host and the framing are judged before ([`super::security_headers`]), and `Cookie` and
/// `X-Forwarded-For` are read whole, since HTTP/2 splits the one (RFC 9113 section 8.2.3) and each proxy adds to the other.
const SINGLE: [(HeaderName, &str); 9] = [
    (header::AUTHORIZATION, "Authorization"),
    (header::CONTENT_LENGTH, "Content-Length"),
    (header::CONTENT_TYPE, "Content-Type"),
    (header::ORIGIN, "Origin"),
    (header::REFERER, "Referer"),
    (HeaderName::from_static("idempotency-key"), "Idempotency-Key"),
    (HeaderName::from_static("last-event-id"), "Last-Event-ID"),
    (HeaderName::from_static("sec-fetch-mode"), "Sec-Fetch-Mode"),
    (HeaderName::from_static("sec-fetch-site"), "Sec-Fetch-Site"),
];

/// Refuses a request in which one of these headers stands more than once, in the format of errors at its path.
pub async fn refuse_repeated(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match repeated(request.headers()) {
        Some(name) => refuse(&state, request.uri(), name).await,
        None => next.run(request).await,
    }
}

fn repeated(headers: &HeaderMap) -> Option<&'static str> {
    let is_repeated = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    SINGLE.iter().find(|(name, _)| is_repeated(name)).map(|(_, shown)| *shown)
}

async fn refuse(state: &AppState, uri: &Uri, name: &'static str) -> Response {
    let problem =
        Problem { reason: Some(Reason::RepeatedHeader { name }), ..Problem::new(Code::MalformedRequest) };
    let below = |folder: &str| {
        uri.path().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut response = if below(API) {
        ApiError::from(problem).into_response()
    } else if below("/api") {
        ProblemResponse::from(problem).into_response()
    } else {
        return pages::render_problem(state, uri.clone(), problem).await;
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
