//! Security headers of every response, and the refusal of requests with ambiguous headers.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header, uri::Authority};

use super::{app_state::AppState, errors::ApiError};

/// Who may embed the answers of a route, in a frame or otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedding {
    /// `X-Frame-Options`, for browsers that do not know `frame-ancestors` (RFC 7034); `None` sends none.
    pub frame_options: Option<&'static str>,
    /// Sources of the directive `frame-ancestors` (CSP Level 3 section 6.4.2.1).
    pub frame_ancestors: &'static str,
    /// `Cross-Origin-Resource-Policy` (Fetch standard). It does not concern scripts that read answers by CORS.
    pub resource_policy: &'static str,
}

impl Embedding {
    /// No frame at all, and nothing that another origin may embed.
    pub const SAME_ORIGIN: Self =
        Self { frame_options: Some("DENY"), frame_ancestors: "'none'", resource_policy: "same-origin" };
}

/// Browser features that no page uses. Those left out are needed (passkeys, the clipboard) or unknown to browsers, which
/// warn about unknown ones on every page.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
     encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), \
     usb=(), window-management=(), xr-spatial-tracking=()";

/// Refuses requests whose Host or framing cannot be read, and adds what each answer needs and has not set itself. An
/// answer of no route may be embedded nowhere.
pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = if !framing_is_plain(request.headers()) {
        // It is ambiguous where such a request ends, so nothing after it may be read as another one (request smuggling).
        let mut refused = ApiError::from(Problem::new(Code::MalformedRequest)).into_response();
        refused.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        refused
    } else if host_is_readable(&request) {
        next.run(request).await
    } else {
        ApiError::from(Problem::new(Code::MalformedRequest)).into_response()
    };
    let embedding: Embedding = response.extensions().get().copied().unwrap_or(Embedding::SAME_ORIGIN);
    let headers = response.headers_mut();
    // A response that is not a page must not act as a document.
    let policy = headers.remove(header::CONTENT_SECURITY_POLICY);
    let policy = policy.as_ref().and_then(|policy| policy.to_str().ok()).unwrap_or("default-src 'none'");
    let policy = format!("{policy}; frame-ancestors {}", embedding.frame_ancestors);
    headers
        .extend(HeaderValue::try_from(policy).ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    let mut default = |name, value| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Same-origin forms must send their Origin, so the referrer is kept from other sites only.
    default(header::REFERRER_POLICY, "same-origin");
    if let Some(options) = embedding.frame_options {
        default(header::X_FRAME_OPTIONS, options);
    }
    default(HeaderName::from_static("cross-origin-resource-policy"), embedding.resource_policy);
    if state.site.origin.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// What the policy of a page allows besides our own origin.
#[derive(Debug, Default)]
pub struct PageSources<'a> {
    /// Marks its own script and style.
    pub nonce: Option<&'a str>,
    /// The address of the book's logo.
    pub logo: Option<&'a str>,
    /// Where its form leads in the end, after redirects on our own origin.
    pub form_action: Option<&'a str>,
}

/// The headers of a page, but for who may embed it.
pub fn page(sources: &PageSources<'_>, headers: &mut HeaderMap) {
    let own = sources.nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let image = sources.logo.and_then(origin_of).map(|origin| format!(" {origin}")).unwrap_or_default();
    let action = sources.form_action.map(|source| format!(" {source}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{own}; style-src 'self'{own}; \
         img-src 'self' data:{image}; connect-src 'self'; form-action 'self'{action}; base-uri 'none'; object-src 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut set = |name: &'static str, value| headers.insert(name, HeaderValue::from_static(value));
    set("cache-control", "no-store");
    set("cross-origin-opener-policy", "same-origin");
    set("permissions-policy", PERMISSIONS);
}

/// The origin a picture comes from, when it is not ours.
fn origin_of(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Whether there is at most one transfer coding, `chunked` (RFC 9112 section 6.1). hyper accepts others before it, and with
/// a Content-Length beside it closes the connection after the response (section 6.3).
fn framing_is_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let first = codings.next();
    first.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) && codings.next().is_none()
}

/// Whether there is one Host, an authority without user information whose port is a number (RFC 9112 section 3.2). HTTP/1.1
/// requires it; HTTP/2 has it in the target, and HTTP/1.0 may omit it.
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
