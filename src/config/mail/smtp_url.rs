//! The address of a mail server.

use std::{fmt, net::IpAddr};

use percent_encoding::percent_decode_str;
use url::Url;

/// A mail server, perhaps with credentials, which `Debug` omits.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    url: Url,
    host: String,
    credentials: Option<(String, String)>,
}

/// The port of submission with implicit TLS, and without (RFC 8314, RFC 6409).
const SUBMISSION: (u16, u16) = (465, 587);
/// Ports on which TLS begins with the first byte: the registered one, and one that providers offer beside it.
const IMPLICIT_TLS: [u16; 2] = [465, 2465];
/// Ports on which TLS begins with STARTTLS: of relays, of submission, and those that providers offer beside them.
const STARTTLS: [u16; 4] = [25, 587, 2525, 2587];

impl SmtpUrl {
    /// `smtp://` or `smtps://`, perhaps a user with a password, a host, perhaps a port; nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "smtp" | "smtps"))?;
        let rest_is_empty =
            matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let host = decoded(url.host_str()?)?.to_ascii_lowercase();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host).to_owned();
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decoded(user)?, decoded(password)?)),
            _ => return None,
        };
        let host_is_one = !host.is_empty() && !host.contains(|c: char| c.is_control() || c.is_whitespace());
        (rest_is_empty && host_is_one && url.port() != Some(0)).then_some(Self { url, host, credentials })
    }

    /// The scheme that fits the port, when it is the other one: a client that begins with TLS where the server waits for
    /// STARTTLS, or the other way round, hangs.
    pub(super) fn meant_scheme(&self) -> Option<&'static str> {
        if self.is_implicit_tls() {
            STARTTLS.contains(&self.port()).then_some("smtp")
        } else {
            IMPLICIT_TLS.contains(&self.port()).then_some("smtps")
        }
    }

    /// The address with its password.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// A name, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; by default that of submission.
    pub fn port(&self) -> u16 {
        let (implicit, plain) = SUBMISSION;
        self.url.port().unwrap_or(if self.is_implicit_tls() { implicit } else { plain })
    }

    /// Whether the connection is TLS from its first byte (RFC 8314 section 3.3).
    pub fn is_implicit_tls(&self) -> bool {
        self.url.scheme() == "smtps"
    }

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// User and password, decoded.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

pub(super) fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.url.scheme(), self.host, self.port())
    }
}
