//! The bytes of request bodies: which media types are read, how many bytes, and for how long. What cannot be read is answered
//! from here:
//!
//! | status | code | when |
//! |---|---|---|
//! | 400 | `BAD_REQUEST` | not JSON, or a form that is not UTF-8 |
//! | 400 | `MALFORMED_REQUEST` | the body breaks off |
//! | 408 | `REQUEST_TIMEOUT` | it does not arrive within [`BODY_TIMEOUT`] |
//! | 413 | `PAYLOAD_TOO_LARGE` | it is larger than the route's limit |
//! | 415 | `UNSUPPORTED_MEDIA_TYPE` | another Content-Type, or any Content-Encoding |
//!
//! The fields of a JSON body are read after that: [`super::better_auth::fields`] and [`contract::conversations`].

use std::time::Duration;

use axum::body::Body;
use contract::{Code, Problem, Reason};
use http::{header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use tokio::time::timeout;

use super::routes::RouteSettings;

/// How long a body may take to arrive; shorter than the limit on a whole request, so that a slow client gets a 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The media types that an endpoint reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// `application/json`.
    Json,
    /// That, and `application/x-www-form-urlencoded`.
    JsonOrForm,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a body as JSON; a form becomes an object of strings, no body becomes `None`.
pub async fn read(parts: &Parts, body: Body, accepts: Accepts) -> Result<Option<Value>, Problem> {
    let bytes = collect(parts, body).await?;
    let allowed =
        if accepts == Accepts::Json { JSON } else { "application/json, application/x-www-form-urlencoded" };
    let unsupported = |received| unsupported(received, allowed);
    let Some(content_type) = parts.headers.get(header::CONTENT_TYPE) else {
        return if bytes.is_empty() { Ok(None) } else { Err(unsupported(None)) };
    };
    let content_type = content_type.to_str().map_err(|_| unsupported(Some("?")))?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        JSON => serde_json::from_slice(&bytes).map(Some).map_err(|_| Problem::new(Code::BadRequest)),
        FORM if accepts == Accepts::JsonOrForm => form(&bytes).map(Some),
        _ => Err(unsupported(Some(content_type))),
    }
}

/// The bytes of a JSON body, at least one.
pub async fn json(parts: &Parts, body: Body) -> Result<bytes::Bytes, Problem> {
    let bytes = collect(parts, body).await?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).map(|it| it.to_str().unwrap_or("?"));
    let media_type = content_type.and_then(|it| it.split(';').next()).unwrap_or_default().trim();
    if bytes.is_empty() {
        return Err(Problem::new(Code::BadRequest));
    }
    if !media_type.eq_ignore_ascii_case(JSON) {
        return Err(unsupported(content_type, JSON));
    }
    Ok(bytes)
}

/// The bytes of a body, at most as many as its route allows. A compressed body is refused: no body is large enough to need it,
/// and a small one may decompress to any size.
pub async fn collect(parts: &Parts, body: Body) -> Result<bytes::Bytes, Problem> {
    let limit = RouteSettings::of(&parts.extensions).body_limit;
    if parts.headers.get_all(header::CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        let reason = Some(Reason::ContentEncoding);
        return Err(Problem { reason, ..Problem::new(Code::UnsupportedMediaType) });
    }
    let collected = timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
    let collected = collected.map_err(|_| Problem::new(Code::RequestTimeout))?;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        let too_large = error.downcast_ref::<LengthLimitError>().is_some();
        if too_large { Problem::body_too_large(limit) } else { Problem::new(Code::MalformedRequest) }
    })
}

fn unsupported(received: Option<&str>, allowed: &'static str) -> Problem {
    let reason = Some(Reason::ContentType { received: received.map(str::to_owned), allowed });
    Problem { reason, ..Problem::new(Code::UnsupportedMediaType) }
}

/// A form as an object of strings.
pub fn form(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(Code::BadRequest))?;
    let valid = percent_encoding::percent_decode_str(text).decode_utf8().is_ok();
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    let object = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    if valid { Ok(Value::Object(object.collect())) } else { Err(Problem::new(Code::BadRequest)) }
}
