//! A complete response.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::page::Page;

pub struct Reply {
    pub status: StatusCode,
    /// Without `X-Request-Id`, in which all answers differ.
    pub headers: HeaderMap,
    pub request_id: String,
    pub body: Bytes,
}

/// A stream of server-sent events (WHATWG HTML, section 9.2), read incrementally.
pub struct Events {
    body: Body,
    read: String,
    last_id: Option<i64>,
}

/// An event or comment.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A comment line, as a heartbeat.
    SignOfLife,
    /// Name, current id and data.
    Told { name: String, id: Option<i64>, data: Value },
}

impl Event {
    /// Name and current id.
    pub fn place(&self) -> (&str, i64) {
        match self {
            Self::SignOfLife => panic!("a sign of life has no place"),
            Self::Told { name, id, .. } => (name, id.unwrap()),
        }
    }

    pub fn data(&self) -> &Value {
        match self {
            Self::SignOfLife => panic!("a sign of life has no data"),
            Self::Told { data, .. } => data,
        }
    }
}

impl Events {
    pub const fn new(body: Body) -> Self {
        Self { body, read: String::new(), last_id: None }
    }

    /// Waits for the next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(self.event(&block));
            }
            let Some(frame) = self.body.frame().await else {
                assert_eq!(self.read, "", "an event that is cut off");
                return None;
            };
            self.read.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    }

    /// Waits for this many events.
    pub async fn some(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.unwrap_or_else(|| panic!("it ends after {events:?}")));
        }
        events
    }

    fn event(&mut self, block: &str) -> Event {
        if block == ":" {
            return Event::SignOfLife;
        }
        let (mut name, mut data) = (String::new(), Vec::new());
        for line in block.lines() {
            let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} in {block}"));
            match field {
                "event" => value.clone_into(&mut name),
                // An event without an id leaves the last one as it was.
                "id" => self.last_id = Some(value.parse().unwrap()),
                "data" => data.push(value),
                "retry" => assert_eq!(value, "1000"),
                other => panic!("{other} in {block}"),
            }
        }
        let data = serde_json::from_str(&data.join("\n")).unwrap();
        Event::Told { name, id: self.last_id, data }
    }
}

/// A Set-Cookie header.
#[derive(Debug, Clone)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// The attributes, in order.
    pub attributes: Vec<String>,
}

impl SetCookie {
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|known| known == attribute)
    }

    /// Whether it deletes the cookie.
    pub fn expires(&self) -> bool {
        self.value.is_empty() && self.has("Max-Age=0")
    }

    /// Max-Age in seconds; `None` for a session cookie.
    pub fn max_age(&self) -> Option<i64> {
        self.attributes.iter().find_map(|attribute| attribute.strip_prefix("Max-Age=")?.parse().ok())
    }
}

impl Reply {
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self::new(parts.status, parts.headers, body)
    }

    pub fn new(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Self {
        let id = headers.remove("x-request-id").unwrap();
        Self { status, headers, request_id: id.to_str().unwrap().to_owned(), body }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub fn page(&self) -> Page {
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{:?}", self.body);
        Page::read(self.text())
    }

    /// The only value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().unwrap();
        assert!(values.next().is_none(), "{name} is sent twice");
        Some(first)
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// The `code` of a JSON error, or an empty string.
    pub fn code(&self) -> String {
        let body = self.json();
        body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The `message` of a JSON error.
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    /// The nonce of its content security policy.
    pub fn nonce(&self) -> Option<&str> {
        let (_, nonce) = self.header("content-security-policy")?.split_once("'nonce-")?;
        nonce.split_once('\'').map(|(nonce, _)| nonce)
    }

    pub fn cookies(&self) -> Vec<SetCookie> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
        lines
            .map(|line| {
                let mut parts = line.split("; ");
                let (name, value) = parts.next().unwrap().split_once('=').unwrap();
                let attributes = parts.map(str::to_owned).collect();
                SetCookie { name: name.to_owned(), value: value.to_owned(), attributes }
            })
            .collect()
    }

    /// The cookie with this name, if the response sets it.
    pub fn cookie(&self, name: &str) -> Option<SetCookie> {
        self.cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// Asserts status and code of a JSON error.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// Asserts an empty body.
    #[track_caller]
    pub fn is_empty_404(&self) {
        assert_eq!((self.status.as_u16(), self.body.len()), (404, 0), "{:?}", self.body);
        assert_eq!(self.header("content-type"), None);
    }
}
