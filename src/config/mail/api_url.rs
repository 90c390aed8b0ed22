//! The address of an API that takes mail over HTTPS.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use super::smtp_url::{decoded, is_loopback};

/// Who defines the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailProvider {
    /// Resend, `POST /emails`.
    Resend,
    /// Postmark, `POST /email`.
    Postmark,
    /// Brevo, `POST /v3/smtp/email`.
    Brevo,
    /// An endpoint of the operator's own (`docs/MAIL-ENDPOINT.md`).
    Own,
}

impl MailProvider {
    fn of_scheme(scheme: &str) -> Option<Self> {
        Some(match scheme {
            "resend" => Self::Resend,
            "postmark" => Self::Postmark,
            "brevo" => Self::Brevo,
            "https" | "http" => Self::Own,
            _ => return None,
        })
    }

    /// The host of the API and the path that takes a message; the operator's own has neither.
    const fn endpoint(self) -> (&'static str, &'static str) {
        match self {
            Self::Resend => ("api.resend.com", "/emails"),
            Self::Postmark => ("api.postmarkapp.com", "/email"),
            Self::Brevo => ("api.brevo.com", "/v3/smtp/email"),
            Self::Own => ("", ""),
        }
    }
}

/// An API that takes mail, with its key, which `Debug` omits.
#[derive(Clone, PartialEq, Eq)]
pub struct MailApi {
    /// Who defines it.
    pub provider: MailProvider,
    /// Where a message is sent to with POST, without the key.
    pub endpoint: Url,
    /// The API key, server token or secret.
    pub key: Zeroizing<String>,
}

/// Why an address cannot be used.
pub(super) enum ApiUrlError {
    /// It is none of an API.
    NotOne,
    /// It lacks the key or the secret.
    NoKey,
    /// It would send links that open accounts over a network in the clear.
    Plain,
}

impl MailApi {
    /// `resend://KEY`, `postmark://TOKEN` or `brevo://KEY`, perhaps with `@HOST` for another host that speaks the same API; or
    /// `https://SECRET@HOST/PATH`. On this machine, HTTP without TLS will do.
    pub(super) fn parse(text: &str) -> Result<Self, ApiUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ApiUrlError::NotOne)?;
        let provider = MailProvider::of_scheme(&scheme.to_ascii_lowercase()).ok_or(ApiUrlError::NotOne)?;
        if provider == MailProvider::Own {
            return Self::own(text);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (key, host) = rest.rsplit_once('@').unwrap_or((rest, provider.endpoint().0));
        let key = decoded(key).filter(|key| is_key(key)).ok_or(ApiUrlError::NoKey)?;
        let bare = Url::parse(&format!("https://{host}")).map_err(|_| ApiUrlError::NotOne)?;
        let is_host = bare.path() == "/" && bare.query().is_none() && bare.fragment().is_none();
        let name = bare.host_str().filter(|_| is_host).ok_or(ApiUrlError::NotOne)?;
        let scheme = if is_loopback(name) { "http" } else { "https" };
        let endpoint = format!("{scheme}://{host}{}", provider.endpoint().1);
        let endpoint = Url::parse(&endpoint).map_err(|_| ApiUrlError::NotOne)?;
        Ok(Self { provider, endpoint, key: Zeroizing::new(key) })
    }

    fn own(text: &str) -> Result<Self, ApiUrlError> {
        let mut url = Url::parse(text).map_err(|_| ApiUrlError::NotOne)?;
        if url.password().is_some() || url.fragment().is_some() || url.port() == Some(0) {
            return Err(ApiUrlError::NotOne);
        }
        let key = decoded(url.username()).filter(|key| is_key(key)).ok_or(ApiUrlError::NoKey)?;
        if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback) {
            return Err(ApiUrlError::Plain);
        }
        url.set_username("").map_err(|()| ApiUrlError::NotOne)?;
        Ok(Self { provider: MailProvider::Own, endpoint: url, key: Zeroizing::new(key) })
    }

    /// Host and port, for messages.
    pub fn server(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        self.endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// What a header can hold and nobody guesses.
fn is_key(key: &str) -> bool {
    key.len() >= 8 && key.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for MailApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.provider, self.server())
    }
}
