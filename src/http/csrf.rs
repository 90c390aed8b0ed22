//! Protection against cross-site request forgery (by `Origin` and Fetch Metadata) and open redirects.

use contract::{Code, LocalPath, Problem};
use http::{HeaderMap, header};
use serde_json::Value;
use url::Url;

/// Origins from which a reader's cookie is accepted; the first is our own.
#[derive(Debug, Clone)]
pub struct TrustedOrigins(Vec<String>);

/// When a request has to prove its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Only when it carries a cookie.
    WithCookie,
    /// Also without one, when it comes from a browser: nobody may be signed in from another site.
    FromBrowser,
}

impl TrustedOrigins {
    /// Serialized origins, our own first.
    pub const fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Our own alone, for forms: no other site has a form that posts here.
    #[must_use]
    pub fn only_self(&self) -> Self {
        Self(self.0.iter().take(1).cloned().collect())
    }

    /// Refuses a state-changing request that another site made a browser send.
    ///
    /// # Errors
    /// `MISSING_OR_NULL_ORIGIN`, `INVALID_ORIGIN` or `CROSS_SITE_NAVIGATION_LOGIN_BLOCKED`.
    pub fn check_origin(&self, headers: &HeaderMap, proof: OriginPolicy) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let site = text("sec-fetch-site").filter(|site| !site.is_empty());
        let has_cookie = headers.contains_key(header::COOKIE);
        if !has_cookie && proof == OriginPolicy::WithCookie {
            return Ok(());
        }
        let fetch_metadata = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]
            .iter()
            .any(|name| text(name).is_some_and(|value| !value.is_empty()));
        if !has_cookie && site == Some("cross-site") && text("sec-fetch-mode") == Some("navigate") {
            return Err(Problem::new(Code::CrossSiteNavigation));
        }
        match text("origin").or_else(|| text("referer")) {
            // A client that is no browser has no reader's cookies to misuse.
            None if !has_cookie && !fetch_metadata => Ok(()),
            None | Some("null") if site == Some("same-origin") => Ok(()),
            None | Some("null") => Err(Problem::new(Code::MissingOrNullOrigin)),
            Some(source) if self.trusts(source) => Ok(()),
            Some(_) => Err(Problem::new(Code::InvalidOrigin)),
        }
    }

    /// Refuses a callback that is neither a path of ours nor an address on a trusted origin.
    ///
    /// # Errors
    /// `code`, or [`Code::CallbackNotAString`].
    pub fn check_callback(&self, callback: &Value, code: Code) -> Result<(), Problem> {
        let Value::String(callback) = callback else { return Err(Problem::new(Code::CallbackNotAString)) };
        let stays = if callback.starts_with('/') {
            LocalPath::parse(callback).is_some()
        } else {
            // `http:name` is read as a path by a page of the same scheme, and as an address by any other.
            let is_absolute =
                callback.contains("://") && !callback.chars().any(|c| c.is_control() || c == '\\');
            is_absolute && self.trusts(callback)
        };
        if stays { Ok(()) } else { Err(Problem::new(code)) }
    }

    /// Compares parsed origins, never prefixes.
    fn trusts(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else { return false };
        let plain =
            url.username().is_empty() && url.password().is_none() && matches!(url.scheme(), "http" | "https");
        plain && self.0.contains(&url.origin().ascii_serialization())
    }
}

/// The members of a body that name a callback, with the code that refuses each.
pub const CALLBACKS: [(&str, Code); 4] = [
    ("callbackURL", Code::InvalidCallbackUrl),
    ("redirectTo", Code::InvalidRedirectUrl),
    ("errorCallbackURL", Code::InvalidErrorCallbackUrl),
    ("newUserCallbackURL", Code::InvalidNewUserCallbackUrl),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> TrustedOrigins {
        TrustedOrigins::new(vec!["https://accounts.example".into(), "https://book.example".into()])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn code(pairs: &[(&'static str, &str)], proof: OriginPolicy) -> Option<Code> {
        trusted().check_origin(&headers(pairs), proof).err().map(|problem| problem.code)
    }

    #[test]
    fn security_16_a_cookie_travels_only_from_a_trusted_origin() {
        let cookie = ("cookie", "a=b");
        let cases = [
            (vec![cookie], Some(Code::MissingOrNullOrigin)),
            (vec![cookie, ("origin", "null")], Some(Code::MissingOrNullOrigin)),
            (
                vec![cookie, ("origin", "null"), ("sec-fetch-site", "cross-site")],
                Some(Code::MissingOrNullOrigin),
            ),
            (vec![cookie, ("origin", "null"), ("sec-fetch-site", "same-origin")], None),
            (vec![cookie, ("origin", "https://accounts.example")], None),
            (vec![cookie, ("origin", "https://book.example")], None),
            (vec![cookie, ("referer", "https://book.example/chapter/1")], None),
            (vec![cookie, ("origin", "https://book.example.evil")], Some(Code::InvalidOrigin)),
            (vec![cookie, ("origin", "https://evil-book.example")], Some(Code::InvalidOrigin)),
            (vec![cookie, ("origin", "http://book.example")], Some(Code::InvalidOrigin)),
            (vec![cookie, ("origin", "https://book.example:444")], Some(Code::InvalidOrigin)),
            (vec![], None),
            (vec![("origin", "https://evil.example")], None),
        ];
        for (pairs, expected) in cases {
            assert_eq!(code(&pairs, OriginPolicy::WithCookie), expected, "{pairs:?}");
        }
    }

    #[test]
    fn security_16_nobody_is_signed_in_from_another_site() {
        let navigate = ("sec-fetch-mode", "navigate");
        let cases = [
            (vec![], None),
            (vec![("origin", "https://evil.example")], Some(Code::InvalidOrigin)),
            (vec![("sec-fetch-mode", "cors")], Some(Code::MissingOrNullOrigin)),
            (vec![("sec-fetch-site", "cross-site"), navigate], Some(Code::CrossSiteNavigation)),
            (vec![("sec-fetch-site", "same-origin"), navigate], None),
        ];
        for (pairs, expected) in cases {
            assert_eq!(code(&pairs, OriginPolicy::FromBrowser), expected, "{pairs:?}");
        }
    }

    #[test]
    fn security_18_a_callback_stays_here_or_on_a_trusted_origin() {
        let ok =
            |callback: &str| trusted().check_callback(&callback.into(), Code::InvalidCallbackUrl).is_ok();
        for callback in ["/", "/library?tab=1", "https://book.example/chapter/1"] {
            assert!(ok(callback), "{callback}");
        }
        for callback in [
            "dash",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/x",
            "javascript:alert(1)",
            "https://book.example@evil.example/",
            "https://user@book.example/",
            "https://book.example.evil/",
            "/%2f%2fevil.example",
            "https:\\\\book.example",
            "",
            "data:text/html,x",
            "https:book.example",
        ] {
            assert!(!ok(callback), "{callback}");
        }
    }
}
