//! Registered clients (RFC 6749 section 2).

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::{Host, Url};

/// A client: a book's pages, or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`: `a-z`, `0-9` and `-`, at most 32 characters.
    pub id: String,
    /// What readers are shown.
    pub name: String,
    /// Where codes may be sent, compared as exact strings (RFC 9700 section 2.1).
    pub redirect_uris: Vec<String>,
    /// The origins of its pages, as browsers write them. One with origins and without a secret is a browser client.
    pub origins: Vec<String>,
    /// Where a reader may be sent after signing out, compared as exact strings.
    pub post_logout_redirect_uris: Vec<String>,
    /// Names of the audiences that it may have tokens for.
    pub audiences: Vec<String>,
    /// Whether it belongs to the operator, who answers for it: readers are not asked for consent, and its origins are
    /// trusted with their cookies.
    pub first_party: bool,
    /// The secrets that it may authenticate with; none for a public client.
    pub secrets: Vec<ClientSecretHash>,
}

/// SHA-256 of a client secret. Secrets are random and at least 32 bytes long, so a fast hash is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecretHash([u8; 32]);

/// How a client is expected to behave, which follows from its declaration (RFC 6749 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// It keeps a secret on a server of its own.
    Confidential,
    /// It runs in a browser on its origins; its refresh token stays in a cookie.
    Browser,
    /// It runs on the reader's own device (RFC 8252).
    Native,
}

impl ClientSecretHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// A hash as it is stored: 64 digits of lower-case hex.
    pub fn parse(hex: &str) -> Option<Self> {
        hex::decode(hex).ok()?.try_into().ok().map(Self)
    }

    /// 64 digits of lower-case hex.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    fn is_of(&self, secret: &str) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }
}

impl Client {
    /// Whether a text can be the id of a client.
    pub fn is_id(text: &str) -> bool {
        let is_known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        (1..=32).contains(&text.len()) && text.bytes().all(is_known)
    }

    /// Its kind.
    pub fn kind(&self) -> ClientKind {
        if !self.secrets.is_empty() {
            ClientKind::Confidential
        } else if self.origins.is_empty() {
            ClientKind::Native
        } else {
            ClientKind::Browser
        }
    }

    /// Whether this is an origin of its pages.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|it| it == origin)
    }

    /// Whether `secret` is one of its secrets, in constant time.
    pub fn accepts_secret(&self, secret: &str) -> bool {
        // Every secret is tried, so that the time does not tell which one it was.
        self.secrets.iter().filter(|hash| hash.is_of(secret)).count() > 0
    }

    /// Whether a code may be sent to `uri`: it is registered, or differs from a native client's registered address on the
    /// loopback interface in its port alone (RFC 8252 section 7.3).
    pub fn allows_redirect_uri(&self, uri: &str) -> bool {
        let is_same = |registered: &String| {
            registered == uri || (self.kind() == ClientKind::Native && is_same_but_for_port(registered, uri))
        };
        self.redirect_uris.iter().any(is_same)
    }
}

/// Whether two addresses of the loopback interface differ in their port alone.
fn is_same_but_for_port(registered: &str, uri: &str) -> bool {
    let Some(registered) = LoopbackUri::parse(registered) else { return false };
    LoopbackUri::parse(uri) == Some(registered)
}

/// An http address of a loopback IP address, split around its port.
#[derive(PartialEq, Eq)]
struct LoopbackUri<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> LoopbackUri<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
        let after = uri.strip_prefix("http://")?;
        let (authority, rest) = after.split_at(after.find('/')?);
        // By hand, because a parser would take other spellings of the same address for equal.
        let host =
            authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
        let is_loopback = match Url::parse(uri).ok()?.host()? {
            Host::Ipv4(address) => address.is_loopback() && address.to_string() == host,
            Host::Ipv6(address) => address.is_loopback() && format!("[{address}]") == host,
            Host::Domain(_) => false,
        };
        is_loopback.then_some(Self { host, rest })
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(redirect_uri: &str) -> Client {
        Client {
            id: "reader".into(),
            name: "Reader".into(),
            redirect_uris: vec![redirect_uri.into()],
            origins: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            audiences: Vec::new(),
            first_party: true,
            secrets: Vec::new(),
        }
    }

    #[test]
    fn security_29_only_the_port_of_a_native_clients_loopback_address_may_differ() {
        let client = native("http://127.0.0.1/callback");
        for uri in
            ["http://127.0.0.1/callback", "http://127.0.0.1:49152/callback", "http://127.0.0.1:1/callback"]
        {
            assert!(client.allows_redirect_uri(uri), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1:49152/callback?x",
            "http://127.0.0.1:49152/callback#x",
            "http://127.0.0.1:49152/callback/",
            "http://127.0.0.1:49152/other/../callback",
            "http://127.1:49152/callback",
            "http://0177.0.0.1:49152/callback",
            "http://127.0.0.2:49152/callback",
            "http://[::1]:49152/callback",
            "http://localhost:49152/callback",
            "https://127.0.0.1:49152/callback",
            "http://127.0.0.1.evil.example:80/callback",
            "HTTP://127.0.0.1:49152/callback",
            "http://127.0.0.1:49152\\callback",
            "http://127.0.0.1",
        ] {
            assert!(!client.allows_redirect_uri(uri), "{uri}");
        }
        assert!(native("http://[::1]/cb").allows_redirect_uri("http://[::1]:8080/cb"));
        assert!(!native("http://localhost/cb").allows_redirect_uri("http://localhost:8080/cb"));
        let browser = Client { origins: vec!["http://127.0.0.1".into()], ..client };
        assert!(!browser.allows_redirect_uri("http://127.0.0.1:49152/callback"));
    }

    #[test]
    fn a_secret_is_accepted_under_any_of_its_hashes() {
        let secrets = vec![ClientSecretHash::of("current"), ClientSecretHash::of("previous")];
        let client = Client { secrets, ..native("https://book.example/callback") };
        assert_eq!(client.kind(), ClientKind::Confidential);
        assert!(client.accepts_secret("current") && client.accepts_secret("previous"));
        assert!(!client.accepts_secret("") && !client.accepts_secret("other"));
        let hash = ClientSecretHash::of("current");
        assert_eq!(ClientSecretHash::parse(&hash.hex()), Some(hash));
        assert_eq!(ClientSecretHash::parse("00"), None);
    }
}
