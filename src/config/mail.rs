//! Where mail goes.

use std::{fmt, path::PathBuf};

use url::Url;

use super::{
    reading::{Found, Reading},
    variables,
};

/// Where mail goes. This release sends none yet.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// The server that takes it.
    pub smtp_url: Option<SmtpUrl>,
    /// Without a server: the file that gets one line of JSON for each.
    pub outbox: Option<PathBuf>,
}

/// `smtp://` or `smtps://`, perhaps with a password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    /// The address, password and all.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

/// Reads both; a notice says that they are kept for a later release.
pub(super) fn mail(reading: &mut Reading<'_>) -> Mail {
    let mut mail = Mail::default();
    if let Some(Found { name, text }) = reading.value(&variables::SMTP_URL) {
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "smtp" | "smtps") && url.host_str().is_some_and(|host| !host.is_empty())
        });
        match url {
            Some(url) => mail.smtp_url = Some(SmtpUrl(url)),
            // Not shown: it may hold a password.
            None => reading.refuse(
                &name,
                "this is no address of a mail server",
                "Write smtps://user:password@host:465 or smtp://host:587, special characters percent-encoded",
            ),
        }
        reading.notice(format!("{name} is accepted, but this release sends no mail yet."));
    }
    if let Some(Found { name, text }) = reading.value(&variables::OUTBOX) {
        let path = reading.path(text);
        if text.ends_with('/') || path.is_dir() {
            reading.refuse(
                &name,
                "this is a directory",
                "Give the path of a file, such as data/outbox.jsonl",
            );
        }
        mail.outbox = Some(path);
        reading.notice(format!("{name} is accepted, but this release sends no mail yet."));
    }
    mail
}
