//! The cookies of the Better Auth wire.

use axum::response::Response;
use domain::{Presented, Session, Sessions};
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

const SESSION_TOKEN: &str = "session_token";
const SESSION_DATA: &str = "session_data";
const DONT_REMEMBER: &str = "dont_remember";
/// What a remembered sign-in needs nothing of: the literal signed in [`DONT_REMEMBER`].
const MARK: &str = "true";

/// Reads and writes session cookies. Over https their names begin with `__Secure-` and they are `Secure`.
#[derive(Debug, Clone, Copy)]
pub struct SessionCookies {
    secure: bool,
}

impl SessionCookies {
    /// Cookies for an origin that is https or not.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The session a request's cookie names, if its signature is right.
    pub fn read(self, headers: &HeaderMap, sessions: &Sessions) -> Option<Presented> {
        sessions.read_cookie(&self.value(headers, SESSION_TOKEN)?)
    }

    /// The cookies of a browser whose session was opened or renewed.
    pub fn opened(self, headers: &HeaderMap, sessions: &Sessions, session: &Session) -> Vec<HeaderValue> {
        let value = sessions.cookie_value(&session.id);
        let mut cookies = Vec::with_capacity(2);
        if session.remembered {
            cookies.extend(self.cookie(SESSION_TOKEN, &value, Some(sessions.seconds_left(session))));
            if self.value(headers, DONT_REMEMBER).is_some() {
                cookies.extend(self.expired(DONT_REMEMBER));
            }
        } else {
            cookies.extend(self.cookie(SESSION_TOKEN, &value, None));
            cookies.extend(self.cookie(DONT_REMEMBER, &sessions.signed_value(MARK), None));
        }
        cookies
    }

    /// The cookies of a browser that is signed out.
    pub fn ended(self) -> Vec<HeaderValue> {
        [SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER]
            .into_iter()
            .filter_map(|name| self.expired(name))
            .collect()
    }

    /// A cookie's value, percent-decoded; of several with one name the first counts.
    fn value(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        // By bytes, because a neighbour's cookie on the same line may hold any.
        let lines = headers.get_all(header::COOKIE).iter().map(|line| line.as_bytes());
        let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        percent_decode(value).decode_utf8().ok().map(|value| value.into_owned())
    }

    fn name(self, name: &str) -> String {
        format!("{}better-auth.{name}", if self.secure { "__Secure-" } else { "" })
    }

    fn cookie(self, name: &str, value: &str, max_age: Option<i64>) -> Option<HeaderValue> {
        let value = utf8_percent_encode(value, COMPONENT);
        let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{}={value}{max_age}; Path=/; HttpOnly{secure}; SameSite=Lax", self.name(name));
        HeaderValue::try_from(cookie).ok()
    }

    fn expired(self, name: &str) -> Option<HeaderValue> {
        self.cookie(name, "", Some(0))
    }
}

/// Adds cookies to an answer.
pub fn set_cookies(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
