//! Content codings (RFC 9110 section 8.4).

use std::io::Write;

use axum::{body::Body, response::Response};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;

/// The codings a client takes: those of its `Accept-Encoding` whose weight is not zero (RFC 9110 section 12.5.3).
pub fn accepted(request: &HeaderMap) -> Vec<&str> {
    let lines = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(wanted).collect()
}

fn wanted(entry: &str) -> Option<&str> {
    let mut parts = entry.split(';').map(str::trim);
    let coding = parts.next()?;
    let refused = parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
    (!refused).then_some(coding)
}

/// Compresses a page for a client that accepts gzip. Only for pages that are the same for everybody: the length of a
/// compressed page reveals something about its content (`docs/adr/0010-our-own-accept-loop.md`).
pub async fn gzipped(response: Response, request: &HeaderMap) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !accepted(request).contains(&"gzip") {
        return Response::from_parts(parts, body);
    }
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&whole).and_then(|()| encoder.finish()) {
        Ok(compressed) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(parts, Body::from(compressed))
        }
        Err(_) => Response::from_parts(parts, Body::from(whole)),
    }
}
