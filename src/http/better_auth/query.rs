//! The query of a mailed link, and the redirect to its callback.

use axum::response::Response;
use contract::{Code, Problem, Reason};
use http::{HeaderValue, StatusCode, Uri, header};
use url::form_urlencoded;

use crate::http::app_state::AppState;

/// The parameters of an address, as sent.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads an address.
    pub fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// A parameter; of several with one name the first.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there, once.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.once(name)?.ok_or_else(|| mistyped(name, "undefined"))
    }

    /// A parameter that may be there once.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn once(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(mistyped(name, "array")) } else { Ok(first) }
    }

    /// Where a link leads in the end; `None` when it does not say.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when it says so twice, `INVALID_CALLBACK_URL` when it leads away.
    pub fn callback(&self, state: &AppState) -> Result<Option<&str>, Problem> {
        let callback = self.once("callbackURL")?.filter(|callback| !callback.is_empty());
        if let Some(callback) = callback {
            Self::check_callback(state, callback)?;
        }
        Ok(callback)
    }

    /// Checks that a callback stays on trusted origins.
    ///
    /// # Errors
    /// `INVALID_CALLBACK_URL`.
    pub fn check_callback(state: &AppState, callback: &str) -> Result<(), Problem> {
        state.site.trusted_origins.check_callback(&callback.into(), Code::InvalidCallbackUrl)
    }
}

fn mistyped(name: &str, received: &'static str) -> Problem {
    Problem::invalid(&format!("query.{name}"), Reason::Type { expected: "string", received })
}

/// 302 to a callback that was checked, with the outcome added to its query. A path becomes an absolute address, and
/// characters that an address cannot hold are percent-encoded, so `Location` is exactly what was checked. No `Referer` tells
/// the next page which link it was.
pub fn redirect(state: &AppState, callback: &str, outcome: Option<(&str, &str)>) -> Response {
    let base = url::Url::parse(state.site.origin.as_str()).ok();
    let target = base.and_then(|base| base.join(callback).ok()).map(|mut url| {
        if let Some((name, value)) = outcome {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.to_string()
    });
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    let location = target.and_then(|target| HeaderValue::try_from(target).ok());
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static("/")));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
