//! The site's files, from the program itself.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::compression;

/// A file of the site.
pub struct File {
    /// Its address.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Whether its name changes with its content.
    pub immutable: bool,
    /// A weak validator (RFC 9110 section 8.8.3), as the compressed forms share it; with its quotes.
    pub etag: &'static str,
    /// Uncompressed.
    pub identity: &'static [u8],
    /// Compressed with Brotli.
    pub brotli: Option<&'static [u8]>,
    /// Compressed with gzip.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The file a request asks for, or `None`.
pub fn find(path: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().and_then(|at| FILES.get(at))
}

/// The response for a file, in the best coding that the client accepts; 304 when its `If-None-Match` names the file.
pub fn serve(file: &'static File, request: &Request) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|etag| etag.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|it| it.trim() == file.etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (bytes, encoding) = variant(file, request.headers());
        let mut response = Response::new(Body::from(bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let keep = if file.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::ETAG, HeaderValue::from_static(file.etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn variant(file: &'static File, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = compression::accepted(headers);
    let brotli = file.brotli.filter(|_| accepted.contains(&"br")).map(|bytes| (bytes, Some("br")));
    let gzip = || file.gzip.filter(|_| accepted.contains(&"gzip")).map(|bytes| (bytes, Some("gzip")));
    brotli.or_else(gzip).unwrap_or((file.identity, None))
}
