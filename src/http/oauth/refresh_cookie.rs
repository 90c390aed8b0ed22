//! The cookie that keeps the refresh token of a browser client where no script reads it.

use domain::Client;
use http::{HeaderMap, HeaderValue, header};

use crate::http::{app_state::AppState, cookies};

/// The refresh cookie of a client. Over https it is `Partitioned`: browsers that block third-party cookies keep it for the
/// book's own site. On http localhost a book on another port is the same site, so `SameSite=Lax` does.
pub struct RefreshCookie {
    name: String,
    attributes: &'static str,
}

impl RefreshCookie {
    /// The cookie of a client.
    pub fn of(state: &AppState, client: &Client) -> Self {
        let (prefix, attributes) = if state.site.origin.is_https() {
            ("__Host-", "; Path=/; HttpOnly; Secure; SameSite=None; Partitioned")
        } else {
            ("", "; Path=/; HttpOnly; SameSite=Lax")
        };
        Self { name: format!("{prefix}bookplate.refresh-token.{}", client.id), attributes }
    }

    /// The refresh token of a request.
    pub fn read(&self, headers: &HeaderMap) -> Option<String> {
        cookies::value(headers, &self.name).filter(|token| !token.is_empty())
    }

    /// Keeps a refresh token for so many seconds, or as long as the browser runs.
    pub fn keep(&self, token: &str, seconds: Option<i64>) -> Option<HeaderValue> {
        let max_age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        HeaderValue::try_from(format!("{}={token}{max_age}{}", self.name, self.attributes)).ok()
    }

    /// Forgets it.
    pub fn forget(&self) -> Option<HeaderValue> {
        self.keep("", Some(0))
    }
}

/// Whether a request comes from a page of this client: its `Origin` is one of the client's, to the letter.
pub fn is_from_page_of(client: &Client, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (origin, others) = (origins.next(), origins.next());
    let is_own = |origin: &HeaderValue| client.origins.iter().any(|own| own.as_bytes() == origin.as_bytes());
    others.is_none() && origin.is_some_and(is_own)
}
