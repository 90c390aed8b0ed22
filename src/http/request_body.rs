//! The bytes of request bodies: which media types are read, how many bytes, and for how long. What cannot be read is answered
//! from here:
//!
//! | status | code | when |
//! |---|---|---|
//! | 400 | `BAD_REQUEST` | not JSON, or a form that is not UTF-8 |
//! | 400 | `MALFORMED_REQUEST` | the body breaks off |
//! | 408 | `REQUEST_TIMEOUT` | nothing of it arrives for [`PATIENCE`], or less than its rule demands |
//! | 413 | `PAYLOAD_TOO_LARGE` | it is larger than the route's limit |
//! | 415 | `UNSUPPORTED_MEDIA_TYPE` | another Content-Type, or any Content-Encoding |
//! | 503 | `SERVICE_BUSY` | it is a large one, and there is no room for it now ([`super::large_bodies`]) |
//!
//! A body of up to [`MAX_BODY`] bytes has [`PATIENCE`] in all. A large one may take as long as it needs while it keeps coming:
//! it has [`PATIENCE`] more than it would need at [`MIN_RATE`]. So a slow line is served, and one that sends byte by byte is not.
//!
//! The fields of a JSON body are read after that: [`super::better_auth::fields`] and [`contract::conversations`].

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use contract::{Code, Problem, Reason};
use http::{header, request::Parts};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::{
    large_bodies::{LargeBodies, LargeBody},
    routes::{BodyRule, MAX_BODY, RouteSettings},
    work_time::WorkTime,
};
use crate::server::ClientConnection;

/// How long a client may be silent, and how long a small body may take; shorter than the limit on a whole request, so that a
/// slow client gets a 408.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes in a second that a large body has to bring on average.
const MIN_RATE: usize = 32 * 1024;
/// How long a client whose body is refused may pause before it is answered.
const DISCARD_PAUSE: Duration = Duration::from_secs(1);

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

/// The bytes of a user's JSON body, at least one. When they are many, they count as a large body until they are dropped.
pub async fn json(
    parts: &Parts,
    body: Body,
    large: &Arc<LargeBodies>,
    user_id: &str,
) -> Result<Bytes, Problem> {
    let bytes = collect_large(parts, body, large, user_id).await?;
    if bytes.is_empty() {
        return Err(Problem::new(Code::BadRequest));
    }
    expect_json(parts)?;
    Ok(bytes)
}

/// Refuses a body that is not declared as JSON.
pub fn expect_json(parts: &Parts) -> Result<(), Problem> {
    let content_type = parts.headers.get(header::CONTENT_TYPE).map(|it| it.to_str().unwrap_or("?"));
    let media_type = content_type.and_then(|it| it.split(';').next()).unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(JSON) { Ok(()) } else { Err(unsupported(content_type, JSON)) }
}

/// The bytes of a small body.
pub async fn collect(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let mut arriving = ArrivingBody::new(parts, body)?;
    let mut bytes = Vec::new();
    while let Some(piece) = arriving.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// A body in memory, which counts there until it is dropped.
struct HeldBody {
    bytes: Vec<u8>,
    _large: LargeBody,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

async fn collect_large(
    parts: &Parts,
    body: Body,
    large_bodies: &Arc<LargeBodies>,
    user_id: &str,
) -> Result<Bytes, Problem> {
    let mut arriving = ArrivingBody::new(parts, body)?;
    let (mut bytes, mut large) = (Vec::new(), None);
    if arriving.is_declared_large() {
        large = Some(arriving.or_discard(large_bodies.begin(user_id)).await?);
        bytes.reserve_exact(arriving.declared.min(arriving.rule.limit()));
    }
    while let Some(piece) = arriving.next().await? {
        let length = bytes.len() + piece.len();
        if length > MAX_BODY {
            let begun = large.take().map_or_else(|| large_bodies.begin(user_id), Ok);
            let grown = begun.and_then(|mut large| large.grow_to(length).map(|()| large));
            if grown.is_err() {
                // The memory is free for others while the client is heard to its end.
                bytes = Vec::new();
            }
            large = Some(arriving.or_discard(grown).await?);
        }
        if bytes.capacity() < length {
            bytes.reserve_exact(length.next_multiple_of(MAX_BODY) - bytes.len());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(match large {
        Some(large) => Bytes::from_owner(HeldBody { bytes, _large: large }),
        None => bytes.into(),
    })
}

/// A body on its way, by the rule of its route. A compressed one is refused: no body is large enough to need it, and a small
/// one may decompress to any size.
pub struct ArrivingBody {
    body: Body,
    rule: BodyRule,
    /// Its length by its header; 0 when there is none.
    declared: usize,
    received: usize,
    /// How long the client was waited for.
    waited: Duration,
    time: Option<WorkTime>,
    connection: Option<ClientConnection>,
}

impl ArrivingBody {
    /// A body of which nothing has been read.
    ///
    /// # Errors
    /// `UNSUPPORTED_MEDIA_TYPE` when it is compressed.
    pub fn new(parts: &Parts, body: Body) -> Result<Self, Problem> {
        if parts.headers.get_all(header::CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
            let reason = Some(Reason::ContentEncoding);
            return Err(Problem { reason, ..Problem::new(Code::UnsupportedMediaType) });
        }
        let declared =
            parts.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
        let rule = RouteSettings::of(&parts.extensions).body;
        let is_large = rule != BodyRule::Small;
        Ok(Self {
            body,
            rule,
            declared: declared.unwrap_or_default(),
            received: 0,
            waited: Duration::ZERO,
            time: parts.extensions.get().filter(|_| is_large).cloned(),
            connection: parts.extensions.get().filter(|_| is_large).cloned(),
        })
    }

    /// Whether it will have more than [`MAX_BODY`] bytes.
    pub const fn is_declared_large(&self) -> bool {
        self.declared > MAX_BODY
    }

    /// How many bytes have come.
    pub const fn received(&self) -> usize {
        self.received
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// `REQUEST_TIMEOUT`, `PAYLOAD_TOO_LARGE`, or `MALFORMED_REQUEST` when it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.declared > self.rule.limit() {
            return Err(Problem::body_too_large(self.rule.limit()));
        }
        loop {
            let began = Instant::now();
            let frame = timeout(self.patience(), self.body.frame());
            let frame = match &self.time {
                Some(time) => time.wait_for(frame).await,
                None => frame.await,
            };
            self.waited += began.elapsed();
            let Some(frame) = frame.map_err(|_| Problem::new(Code::RequestTimeout))? else { return Ok(None) };
            let frame = frame.map_err(|_| Problem::new(Code::MalformedRequest))?;
            let Ok(bytes) = frame.into_data() else { continue };
            self.received = self.received.saturating_add(bytes.len());
            if self.received > self.rule.limit() {
                return Err(Problem::body_too_large(self.rule.limit()));
            }
            if let Some(connection) = self.connection.as_ref().filter(|_| self.received > MAX_BODY) {
                connection.extend_exchange();
            }
            return Ok(Some(bytes));
        }
    }

    /// How much longer the client may be silent.
    fn patience(&self) -> Duration {
        let whole = match self.rule {
            BodyRule::Small => PATIENCE,
            BodyRule::Large(_) | BodyRule::Streamed(_) => {
                let at_least = u32::try_from(self.received / MIN_RATE).unwrap_or(u32::MAX);
                PATIENCE + Duration::from_secs(at_least.into())
            }
        };
        whole.saturating_sub(self.waited).min(PATIENCE)
    }

    /// Reads on when the body is refused: a client that is still sending may never read a response that comes before it is done,
    /// because the connection is reset.
    pub async fn or_discard<T>(&mut self, outcome: Result<T, Problem>) -> Result<T, Problem> {
        if outcome.is_err() {
            while let Ok(Ok(Some(_))) = timeout(DISCARD_PAUSE, self.next()).await {}
        }
        outcome
    }
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
