//! A mail server that takes letters (RFC 5321, submission after RFC 6409), with TLS where there is a network.
//!
//! Connections are pooled here and not by lettre: its pool puts a connection back when a letter is given up half way,
//! and the next letter would then read the answers to that one as its own.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{MailMessage, Mailer, MailerError};
use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::{Instant, timeout};

use super::message;
use crate::config::SmtpUrl;

/// For the connection over TCP.
const CONNECT: Duration = Duration::from_secs(5);
/// For getting as far as being signed in, and again for a letter: a server that takes longer is away.
const COMMAND: Duration = Duration::from_secs(20);
/// For a connection that has waited to show that it is still there.
const STILL_THERE: Duration = Duration::from_secs(5);
/// How long a connection waits for another letter; servers close theirs after minutes (RFC 5321 section 4.5.3.2.7).
const IDLE: Duration = Duration::from_secs(60);
/// How many wait.
const WAITING: usize = 4;
/// As much of a server's own words as a log line needs, in characters.
const LONGEST_REASON: usize = 200;

/// How a connection is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte (RFC 8314 section 3.3).
    Implicit,
    /// The connection becomes TLS before anything is said, or ends (RFC 3207).
    StartTls,
    /// The same where the server offers it: for a server on this machine, which nobody stands between.
    StartTlsIfOffered,
}

impl Security {
    fn of(url: &SmtpUrl) -> Self {
        match (url.is_implicit_tls(), url.is_loopback()) {
            (true, _) => Self::Implicit,
            (false, false) => Self::StartTls,
            (false, true) => Self::StartTlsIfOffered,
        }
    }
}

/// Hands letters to a mail server.
pub struct SmtpMailer {
    host: String,
    port: u16,
    security: Security,
    /// [`COMMAND`], and less in tests.
    command: Duration,
    tls: TlsParameters,
    credentials: Option<(String, String)>,
    from: Mailbox,
    hello: ClientId,
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpMailer {
    /// A carrier for a configured server. Nothing is sent before the first letter.
    ///
    /// A server on this machine is not asked who it is: nobody stands between, and it has seldom a certificate that
    /// could be checked.
    ///
    /// # Errors
    /// When TLS cannot be prepared.
    pub fn new(url: &SmtpUrl, from: Mailbox) -> Result<Self, SmtpError> {
        let tls = TlsParameters::builder(url.host().to_owned())
            .dangerous_accept_invalid_certs(url.is_loopback())
            .dangerous_accept_invalid_hostnames(url.is_loopback())
            .build_rustls()?;
        let credentials = url.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
        Ok(Self {
            host: url.host().to_owned(),
            port: url.port(),
            security: Security::of(url),
            command: COMMAND,
            tls,
            credentials,
            hello: ClientId::Domain(from.email.domain().to_owned()),
            from,
            waiting: Mutex::default(),
        })
    }

    /// A connection that has waited, or a new one. Who takes it gives it back with [`Self::keep`] or lets it go.
    async fn connection(&self) -> Result<AsyncSmtpConnection, MailerError> {
        while let Some(mut waiting) = self.take() {
            let is_there = timeout(STILL_THERE, waiting.connection.test_connected());
            if waiting.since.elapsed() < IDLE && is_there.await == Ok(true) {
                return Ok(waiting.connection);
            }
        }
        timeout(self.command, self.connect()).await.unwrap_or_else(|_| Err(self.silent()))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailerError> {
        let implicit = (self.security == Security::Implicit).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        // A refusal here is about us or about the hour, not about the letter, whatever its number.
        let passing = |error: SmtpError| MailerError::Passing(self.reason(&error));
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, implicit, None);
        let mut connection = connecting.await.map_err(passing)?;
        let upgrade = match self.security {
            Security::Implicit => false,
            Security::StartTls => true,
            Security::StartTlsIfOffered => connection.can_starttls(),
        };
        if upgrade {
            connection.starttls(self.tls.clone(), &self.hello).await.map_err(passing)?;
        }
        if let Some((user, password)) = self.credentials.clone() {
            let credentials = Credentials::new(user, password);
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(passing)?;
        }
        Ok(connection)
    }

    fn take(&self) -> Option<Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING && !connection.has_broken() {
            waiting.push(Waiting { connection, since: Instant::now() });
        }
    }

    fn silent(&self) -> MailerError {
        MailerError::Passing(format!("{}:{} does not answer", self.host, self.port))
    }

    /// What a letter was refused with: 5yz about the letter is final, about our signing in (RFC 4954 section 6) it is
    /// not, for that can be repaired.
    fn refusal(&self, error: &SmtpError) -> MailerError {
        let code = error.status().map(u16::from);
        let about_us = matches!(code, Some(530 | 534 | 535 | 538));
        let reason = self.reason(error);
        // Besides replies: an address that this server cannot take (RFC 6531).
        if (error.is_permanent() && !about_us) || error.is_client() {
            MailerError::Final(reason)
        } else {
            MailerError::Passing(reason)
        }
    }

    /// An error on one line. A server may repeat what it was told, so the password is looked for.
    fn reason(&self, error: &SmtpError) -> String {
        let mut text = format!("{}:{}: {error}", self.host, self.port);
        for secret in self.secrets() {
            text = text.replace(&secret, "[password]");
        }
        let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        line.take(LONGEST_REASON).collect()
    }

    /// The password as it was given, and as it goes over the wire (RFC 4616, and the two answers of `AUTH LOGIN`).
    fn secrets(&self) -> Vec<String> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let given = self.credentials.as_ref().filter(|(_, password)| !password.is_empty());
        given.map_or_else(Vec::new, |(user, password)| {
            let plain = STANDARD.encode(format!("\0{user}\0{password}"));
            vec![plain, STANDARD.encode(password), password.clone()]
        })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &MailMessage) -> Result<(), MailerError> {
        let message = message::compose(letter, &self.from)?;
        let bytes = message.formatted();
        let mut connection = self.connection().await?;
        let sending = connection.send(message.envelope(), &bytes);
        match timeout(self.command, sending).await {
            Ok(Ok(_)) => {
                self.keep(connection);
                Ok(())
            }
            Ok(Err(error)) => Err(self.refusal(&error)),
            Err(_) => Err(self.silent()),
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpMailer({}:{}, {:?})", self.host, self.port, self.security)
    }
}

#[cfg(test)]
mod tests;
