//! Headers every answer carries, and requests whose own headers make no sense.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem};
use http::{HeaderMap, HeaderValue, Uri, Version, header, uri::Authority};

use super::{problem::Refused, state::Edge};

/// What nothing but a page of ours may do: an answer that is not a page is not a document at all.
const NO_DOCUMENT: &str = "default-src 'none'; frame-ancestors 'none'";

/// Refuses requests whose Host cannot be read, and adds what each answer needs and has not set itself.
pub async fn secure(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let mut response = if host_is_readable(&request) {
        next.run(request).await
    } else {
        Refused::from(Problem::new(Code::MalformedRequest)).into_response()
    };
    let headers = response.headers_mut();
    let mut default = |name, value| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::CONTENT_SECURITY_POLICY, NO_DOCUMENT);
    // Same-origin forms must send their Origin, so the referrer is kept from other sites only.
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    if edge.site.origin.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// The headers of a page. `nonce` marks its own script and style.
pub fn page(nonce: Option<&str>, logo: Option<&str>, headers: &mut HeaderMap) {
    let own = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let image = logo.and_then(origin_of).map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{own}; style-src 'self'{own}; \
         img-src 'self' data:{image}; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut set = |name: &'static str, value| headers.insert(name, HeaderValue::from_static(value));
    set("cache-control", "no-store");
    set("cross-origin-opener-policy", "same-origin");
    set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

/// The origin a picture comes from, when it is not ours.
fn origin_of(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// One Host, an authority without user information whose port is a number (RFC 9112 section 3.2). HTTP/1.1 must name it;
/// HTTP/2 names it in the target, and HTTP/1.0 need not.
fn host_is_readable(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|it| is_plain(&it))
        }
        (None, None) => match request.uri().authority() {
            Some(authority) => is_plain(authority),
            None => request.version() != Version::HTTP_11,
        },
        _ => false,
    }
}

fn is_plain(authority: &Authority) -> bool {
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host);
    let port_is_a_number = port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some());
    !host.is_empty() && port_is_a_number
}
