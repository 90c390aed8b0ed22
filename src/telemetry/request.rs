//! The id and span of a request.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use domain::Entropy;
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use tokio::time::Instant;
use tracing::{Instrument, Span, field};

use crate::adapters::SystemEntropy;

/// Carries a request's id from a trusted proxy, and to the client.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over.
const MAX_ID: usize = 64;

/// Runs a request in a span with its id, method and matched route, logs its status and duration at `debug`, and answers
/// with the id as `X-Request-Id`. The path, the query, headers and bodies may hold secrets and are not logged.
pub async fn trace_request(
    State(trusted_proxies): State<Arc<[IpNet]>>,
    request: Request,
    next: Next,
) -> Response {
    let id = trusted_id(&request, &trusted_proxies).unwrap_or_else(random_id);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    // An error span, so that every log line carries the id, whatever the level.
    let span = tracing::error_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        route,
        status = field::Empty,
        duration_ms = field::Empty,
    );
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let span = Span::current();
        span.record("status", response.status().as_u16());
        span.record("duration_ms", duration_ms);
        tracing::debug!("answered");
        response.headers_mut().insert(X_REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

/// The id that a trusted proxy sent, if it is well-formed: 1 to 64 letters, digits, `-`, `_` and `.`.
fn trusted_id(request: &Request, trusted_proxies: &[IpNet]) -> Option<HeaderValue> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let is_trusted = trusted_proxies.iter().any(|network| network.contains(&peer));
    let mut ids = request.headers().get_all(X_REQUEST_ID).iter();
    // Of two, one may be the client's own.
    let id = ids.next().filter(|_| is_trusted && ids.next().is_none())?;
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(is_allowed)).then(|| id.clone())
}

/// 128 random bits in hexadecimal.
fn random_id() -> HeaderValue {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    let id = format!("{:032x}", u128::from_be_bytes(bytes));
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
