//! The destination and the sender of mail.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use lettre::{Address, message::Mailbox};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    PublicOrigin,
    loader::{Loader, RawValue},
    variables,
};

/// The destination of mail: a server, else a file, else none.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The mail server.
    pub smtp_url: Option<SmtpUrl>,
    /// Without a server: the file that gets one line of JSON for each mail.
    pub outbox: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
}

impl Mail {
    /// Whether there is a destination.
    pub fn is_sent(&self) -> bool {
        self.smtp_url.is_some() || self.outbox.is_some()
    }
}

/// A mail server, perhaps with credentials, which `Debug` omits.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    url: Url,
    host: String,
    credentials: Option<(String, String)>,
}

/// The port of submission with implicit TLS, and without (RFC 8314, RFC 6409).
const SUBMISSION: (u16, u16) = (465, 587);

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
        let name = self.host.as_str();
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// User and password, decoded.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.url.scheme(), self.host, self.port())
    }
}

/// Without variables about mail, a Bookplate on this machine writes mails into a file beside its database, and a public one
/// sends none, with a warning.
pub(super) fn mail(
    loader: &mut Loader<'_>,
    book_name: &str,
    origin: Option<&PublicOrigin>,
    database_file: Option<&Path>,
) -> Mail {
    let from = sender(loader, book_name, origin);
    let smtp = loader.value(&variables::SMTP_URL);
    let smtp_url = smtp.as_ref().and_then(|found| server(loader, found));
    let given = loader.value(&variables::OUTBOX).map(|found| file(loader, &found));
    let is_public = origin.is_some_and(|origin| !origin.is_loopback());
    let outbox = match (given, &smtp) {
        (Some(_), Some(smtp)) => {
            loader.warn(format!("{} is not used: mail goes to {}.", variables::OUTBOX.name, smtp.name));
            None
        }
        (Some(path), None) => {
            if is_public {
                loader.warn(format!(
                    "Mail reaches nobody: {} has it written into {}. Give {} for a public Bookplate.",
                    variables::OUTBOX.name,
                    path.display(),
                    variables::SMTP_URL.name
                ));
            }
            Some(path)
        }
        (None, Some(_)) => None,
        (None, None) if is_public => {
            loader.warn(format!(
                "No mail is sent: {} is not set. Until it is, readers cannot confirm an address or replace a \
                 forgotten password, and are not told of changes to their account.",
                variables::SMTP_URL.name
            ));
            None
        }
        (None, None) => Some(match database_file {
            Some(database) => database.with_file_name("outbox.jsonl"),
            None => loader.path("data/outbox.jsonl"),
        }),
    };
    Mail { smtp_url, outbox, from }
}

fn server(loader: &mut Loader<'_>, found: &RawValue<'_>) -> Option<SmtpUrl> {
    let url = SmtpUrl::parse(found.text);
    if url.is_none() {
        // The value is not shown: it may hold a password.
        loader.refuse(
            &found.name,
            "this is no address of a mail server",
            "Write smtps://user:password@host:465 or smtp://host:587, special characters percent-encoded",
        );
    }
    url
}

fn file(loader: &mut Loader<'_>, found: &RawValue<'_>) -> PathBuf {
    let path = loader.path(found.text);
    if found.text.ends_with('/') || path.is_dir() {
        let remedy = "Give the path of a file, such as data/outbox.jsonl";
        loader.refuse(&found.name, "this is a directory", remedy);
    }
    path
}

/// The configured sender, or the book with an address at its own host.
fn sender(loader: &mut Loader<'_>, book_name: &str, origin: Option<&PublicOrigin>) -> Mailbox {
    let found = loader.value(&variables::MAIL_FROM);
    if let Some(from) = found.as_ref().and_then(|found| mailbox(found.text)) {
        return from;
    }
    if let Some(found) = found {
        loader.refuse(
            &found.name,
            "letters cannot come from this",
            "Write an address, or a name and an address: My book <accounts@example.org>",
        );
    }
    Mailbox::new(Some(book_name.to_owned()), default_address(origin))
}

/// `accounts@` and the host; an IP address in brackets (RFC 5321 section 4.1.3).
fn default_address(origin: Option<&PublicOrigin>) -> Address {
    let host = origin.filter(|origin| !origin.is_loopback()).map_or("localhost", PublicOrigin::host);
    let domain = match host.parse::<IpAddr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.replace('[', "[IPv6:"),
    };
    Address::new_dangerous("accounts", domain)
}

fn mailbox(text: &str) -> Option<Mailbox> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let Some((name, rest)) = text.rsplit_once('<') else {
        return Some(Mailbox::new(None, text.parse().ok()?));
    };
    let address = rest.strip_suffix('>')?.trim().parse().ok()?;
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    Some(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}
