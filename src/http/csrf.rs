//! Protection against cross-site request forgery (by `Origin` and Fetch Metadata) and open redirects.

use contract::{Code, LocalPath, Problem};
use domain::{Clients, OriginTrust};
use http::{HeaderMap, header};
use serde_json::Value;
use url::Url;

/// Origins from which a reader's cookie is accepted: our own, those of the configuration and those of first-party clients.
#[derive(Debug, Clone)]
pub struct TrustedOrigins {
    /// Our own first.
    listed: Vec<String>,
    /// Asked at each request, because clients come and go while the server runs.
    clients: Option<Clients>,
}

/// When a request has to prove its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Only when it carries a cookie.
    WithCookie,
    /// Also without one, when it comes from a browser: nobody may be signed in from another site.
    FromBrowser,
}

impl TrustedOrigins {
    /// Serialized origins, our own first, and the clients.
    pub const fn new(listed: Vec<String>, clients: Clients) -> Self {
        Self { listed, clients: Some(clients) }
    }

    /// Our own alone, for forms: no other site has a form that posts here.
    #[must_use]
    pub fn only_self(&self) -> Self {
        Self { listed: self.listed.iter().take(1).cloned().collect(), clients: None }
    }

    /// How far pages of a serialized origin are trusted; `None` when it is a stranger's. The origin of a client that asks for
    /// consent is trusted no further than that, wherever else it is listed; our own is always trusted.
    pub fn trust_of(&self, origin: &str) -> Option<OriginTrust> {
        let is_listed = || self.listed.iter().any(|listed| listed == origin);
        if self.listed.first().is_some_and(|own| own == origin) {
            return Some(OriginTrust::FirstParty);
        }
        let of_client = self.clients.as_ref().and_then(|clients| clients.origin_trust(origin));
        of_client.or_else(|| is_listed().then_some(OriginTrust::FirstParty))
    }

    /// Whether this is the origin of a first-party client.
    pub fn is_first_party_client(&self, origin: &str) -> bool {
        self.clients.as_ref().is_some_and(|clients| clients.trusts_origin(origin))
    }

    /// Makes sure that what is said of the origin of another site's page is up to date, before it is asked.
    pub async fn refresh(&self, headers: &HeaderMap) {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let origin = origin.filter(|origin| self.listed.first().is_none_or(|own| own != origin));
        if let (Some(clients), Some(origin)) = (&self.clients, origin) {
            clients.refresh_origin(origin).await;
        }
    }

    /// Whether this is the origin of a client.
    pub fn is_client(&self, origin: &str) -> bool {
        self.clients.as_ref().is_some_and(|clients| clients.origin_trust(origin).is_some())
    }

    /// Refuses a request that reads by cookie from a page of a client that asks for consent: to such pages the answers to
    /// tokens are shown (CORS), and what a cookie opens is not theirs. Strangers' pages are shown no answers.
    ///
    /// # Errors
    /// `INVALID_ORIGIN`.
    pub fn check_reading_origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        match origin.and_then(|origin| self.trust_of(origin)) {
            Some(OriginTrust::Consent) => Err(Problem::new(Code::InvalidOrigin)),
            _ => Ok(()),
        }
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
        plain && self.trust_of(&url.origin().ascii_serialization()) == Some(OriginTrust::FirstParty)
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
        let listed = vec!["https://accounts.example".into(), "https://book.example".into()];
        TrustedOrigins { listed, clients: None }
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
