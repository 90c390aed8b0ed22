//! The destination and the sender of mail.

mod api_url;
mod server;
mod smtp_url;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use lettre::{Address, message::Mailbox};

pub use api_url::{MailApi, MailProvider};
pub use server::{MailServer, MailTls, TlsRequirement, is_private};
pub use smtp_url::SmtpUrl;

use super::{
    PublicOrigin,
    loader::{Loader, RawValue},
    variables,
};

/// The destination of mail: a server, else a file, else none.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server.
    pub server: Option<MailServer>,
    /// How the connection to it is protected.
    pub tls: MailTls,
    /// Without a server: the file that gets one line of JSON for each mail.
    pub outbox: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
}

impl Mail {
    /// Whether there is a destination.
    pub fn is_sent(&self) -> bool {
        self.server.is_some() || self.outbox.is_some()
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
    let url = server::value(loader);
    let server = url.as_ref().and_then(|found| server::server(loader, found));
    let tls = server::tls(loader, server.as_ref());
    let given = loader.value(&variables::OUTBOX).map(|found| file(loader, &found));
    let is_public = origin.is_some_and(|origin| !origin.is_loopback());
    let outbox = match (given, &url) {
        (Some(_), Some(url)) => {
            loader.warn(format!("{} is not used: mail goes to {}.", variables::OUTBOX.name, url.name));
            None
        }
        (Some(path), None) => {
            if is_public {
                loader.warn(format!(
                    "Mail reaches nobody: {} has it written into {}. Give {} for a public Bookplate.",
                    variables::OUTBOX.name,
                    path.display(),
                    variables::MAIL_URL.name
                ));
            }
            Some(path)
        }
        (None, Some(_)) => None,
        (None, None) if is_public => {
            loader.warn(format!(
                "No mail is sent: {} is not set. Until it is, readers cannot confirm an address or replace a \
                 forgotten password, and are not told of changes to their account.",
                variables::MAIL_URL.name
            ));
            None
        }
        (None, None) => Some(match database_file {
            Some(database) => database.with_file_name("outbox.jsonl"),
            None => loader.path("data/outbox.jsonl"),
        }),
    };
    Mail { server, tls, outbox, from }
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
