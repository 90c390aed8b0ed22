//! The cookies of the Better Auth wire, and a few of our own.

use axum::response::Response;
use contract::routes;
use domain::{DeviceId, Session, SessionHandle, Sessions};
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

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

/// What no cookie can hold (RFC 6265 section 4.1.1). An address stays one when these are percent-encoded in it, and nothing
/// else is, so that one of 3 KB fits.
const NOT_OF_COOKIES: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\');

const SESSION_TOKEN: &str = "session_token";
const SESSION_DATA: &str = "session_data";
const DONT_REMEMBER: &str = "dont_remember";
/// Our own: recognises a browser that has been here before.
const DEVICE: &str = "device";
/// Lifetime of the device cookie in seconds: as long as browsers keep any.
const DEVICE_AGE: i64 = 400 * 86_400;
/// The longest callback of a mailed link that is kept, in bytes: room for an authorization request of 3 KB and what is added
/// to it.
const LONGEST_CALLBACK: usize = 3600;
/// Seconds between opening a mailed link and using it.
const LINK_AGE: i64 = 3600;
/// The literal that is signed in [`DONT_REMEMBER`].
const MARK: &str = "true";

/// Reads and writes session cookies. Over https their names begin with `__Secure-` and they are `Secure`.
#[derive(Debug, Clone, Copy)]
pub struct SessionCookies {
    secure: bool,
    jar: CookieJar,
}

/// Where a browser keeps cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieJar {
    /// With those of our own site: `SameSite=Lax`, never `Partitioned`.
    FirstParty,
    /// With those that we have set on pages of another site, apart for each such site: `SameSite=None; Partitioned` (CHIPS).
    /// Browsers that block third-party cookies keep these.
    Partitioned,
}

impl SessionCookies {
    /// Cookies for an origin that is https or not.
    pub const fn new(secure: bool) -> Self {
        Self { secure, jar: CookieJar::FirstParty }
    }

    /// The cookies on pages of another site. They exist over https only.
    #[must_use]
    pub const fn partitioned(self) -> Self {
        Self { jar: CookieJar::Partitioned, ..self }
    }

    /// Where these cookies are kept.
    pub const fn jar(self) -> CookieJar {
        self.jar
    }

    /// Whether a request carries a session cookie of this jar, valid or not.
    pub fn is_sent(self, headers: &HeaderMap) -> bool {
        value(headers, &self.name(SESSION_TOKEN)).is_some()
    }

    /// The device that a request's cookie names, if its signature is valid.
    pub fn device(self, headers: &HeaderMap, sessions: &Sessions) -> Option<DeviceId> {
        sessions.read_device(&value(headers, &self.own_name(DEVICE))?)
    }

    /// The device cookie, unless the browser has it already.
    pub fn new_device(self, sessions: &Sessions, device: &DeviceId) -> Option<HeaderValue> {
        let value = sessions.device_value(device);
        device.needs_cookie().then(|| self.cookie(&self.own_name(DEVICE), &value, Some(DEVICE_AGE)))?
    }

    /// The token of the mailed link that led to a page, and where it is to lead in the end.
    pub fn link(self, headers: &HeaderMap, page: EmailLinkPage) -> Option<(String, String)> {
        let value = String::from_utf8(raw_value(headers, &self.own_name(page.cookie()))?.to_vec()).ok()?;
        value.split_once('~').map(|(token, callback)| (token.to_owned(), callback.to_owned()))
    }

    /// Keeps a mailed link's token out of the address.
    pub fn keep_link(self, page: EmailLinkPage, token: &str, callback: &str) -> Option<HeaderValue> {
        let callback = utf8_percent_encode(callback, NOT_OF_COOKIES).to_string();
        // A cookie holds 4 KB (RFC 6265 section 6.1).
        let callback = if callback.len() <= LONGEST_CALLBACK { callback.as_str() } else { "" };
        self.raw_cookie(&self.own_name(page.cookie()), &format!("{token}~{callback}"), Some(LINK_AGE))
    }

    /// Forgets a mailed link.
    pub fn forget_link(self, page: EmailLinkPage) -> Option<HeaderValue> {
        self.cookie(&self.own_name(page.cookie()), "", Some(0))
    }

    /// The session that a request's cookie names, if its signature is valid.
    pub fn read(self, headers: &HeaderMap, sessions: &Sessions) -> Option<SessionHandle> {
        sessions.read_cookie(&value(headers, &self.name(SESSION_TOKEN))?)
    }

    /// Whether a request carries the mark of a session that ends with the browser window.
    pub fn is_not_remembered(self, headers: &HeaderMap) -> bool {
        value(headers, &self.name(DONT_REMEMBER)).is_some()
    }

    /// The cookies of a browser whose session was opened or renewed. A remembered one takes away the mark of a
    /// session that was not, when the browser `has_short_session`.
    pub fn opened(self, sessions: &Sessions, session: &Session, has_short_session: bool) -> Vec<HeaderValue> {
        let token = sessions.cookie_value(&session.id);
        if self.jar == CookieJar::Partitioned {
            let age = session.remembered.then(|| sessions.seconds_left(session));
            return self.cookie(&self.name(SESSION_TOKEN), &token, age).into_iter().collect();
        }
        let mut cookies = Vec::with_capacity(2);
        if session.remembered {
            let age = Some(sessions.seconds_left(session));
            cookies.extend(self.cookie(&self.name(SESSION_TOKEN), &token, age));
            if has_short_session {
                cookies.extend(self.expired(DONT_REMEMBER));
            }
        } else {
            cookies.extend(self.cookie(&self.name(SESSION_TOKEN), &token, None));
            cookies.extend(self.cookie(&self.name(DONT_REMEMBER), &sessions.signed_value(MARK), None));
        }
        cookies
    }

    /// The cookies of a browser that is signed out.
    pub fn ended(self) -> Vec<HeaderValue> {
        if self.jar == CookieJar::Partitioned {
            return self.expired(SESSION_TOKEN).into_iter().collect();
        }
        [SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER]
            .into_iter()
            .filter_map(|name| self.expired(name))
            .collect()
    }

    /// The name of the session's cookie.
    pub fn session_name(self) -> String {
        self.name(SESSION_TOKEN)
    }

    fn name(self, name: &str) -> String {
        if self.jar == CookieJar::Partitioned {
            return self.own_name(name);
        }
        format!("{}better-auth.{name}", if self.secure { "__Secure-" } else { "" })
    }

    /// A name of our own. Over https `__Host-` keeps neighbouring hosts from planting it (RFC 6265bis section 4.1.3.2).
    fn own_name(self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        match self.jar {
            CookieJar::FirstParty => format!("{prefix}bookplate.{name}"),
            CookieJar::Partitioned => format!("{prefix}bookplate.partitioned_{name}"),
        }
    }

    fn cookie(self, name: &str, value: &str, max_age: Option<i64>) -> Option<HeaderValue> {
        self.raw_cookie(name, &utf8_percent_encode(value, COMPONENT).to_string(), max_age)
    }

    fn raw_cookie(self, name: &str, value: &str, max_age: Option<i64>) -> Option<HeaderValue> {
        let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let site = match self.jar {
            CookieJar::FirstParty => "SameSite=Lax",
            CookieJar::Partitioned => "SameSite=None; Partitioned",
        };
        let cookie = format!("{name}={value}{max_age}; Path=/; HttpOnly{secure}; {site}");
        HeaderValue::try_from(cookie).ok()
    }

    fn expired(self, name: &str) -> Option<HeaderValue> {
        self.cookie(&self.name(name), "", Some(0))
    }
}

/// A cookie's value, percent-decoded; of several with one name the first counts.
pub fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = raw_value(headers, name)?;
    percent_decode(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn raw_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    // By bytes: another site's cookie on the same line may hold any.
    let lines = headers.get_all(header::COOKIE).iter().map(http::HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// A page a mailed link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailLinkPage {
    /// It sets a password.
    ResetPassword,
    /// It verifies an address.
    VerifyEmail,
    /// It signs up with an invitation.
    SignUp,
}

impl EmailLinkPage {
    /// The page at this path, or the one whose form is sent there.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            routes::RESET_PASSWORD => Some(Self::ResetPassword),
            routes::SIGN_UP => Some(Self::SignUp),
            routes::VERIFY_EMAIL | routes::VERIFY_EMAIL_CODE | routes::SEND_VERIFICATION => {
                Some(Self::VerifyEmail)
            }
            _ => None,
        }
    }

    /// Its address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ResetPassword => routes::RESET_PASSWORD,
            Self::VerifyEmail => routes::VERIFY_EMAIL,
            Self::SignUp => routes::SIGN_UP,
        }
    }

    const fn cookie(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::VerifyEmail => "verify-email",
            Self::SignUp => "invitation",
        }
    }
}

/// Adds cookies to a response.
pub fn set_cookies(response: &mut Response, cookies: impl IntoIterator<Item = HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
