//! Submission to a mail server (RFC 5321, RFC 6409), with TLS where there is a network in between.

mod connect;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{MailMessage, Mailer, MailerError};
use lettre::{
    Message,
    message::Mailbox,
    transport::smtp::{Error as SmtpError, client::AsyncSmtpConnection},
};
use tokio::time::{Instant, timeout};

use self::connect::Server;
use super::{message, reason::printable};
use crate::config::{MailTls, SmtpUrl};

/// For a message from the first byte to the server's last reply.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// For the check at start.
const CHECK_TIMEOUT: Duration = Duration::from_secs(9);
/// How long a connection waits for another message; servers close theirs after minutes (RFC 5321 section 4.5.3.2.7).
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How many idle connections are kept.
const IDLE_CONNECTIONS: usize = 4;

/// Sends messages through a mail server.
pub struct SmtpMailer {
    server: Server,
    /// Connections that wait for a message, each since when, the last used on top.
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    /// [`SEND_TIMEOUT`], and less in tests.
    send_timeout: Duration,
    from: Mailbox,
}

impl SmtpMailer {
    /// A mailer for a configured server. It connects when the first message is sent.
    ///
    /// # Errors
    /// When TLS cannot be prepared.
    pub fn new(url: &SmtpUrl, from: Mailbox, tls: &MailTls) -> Result<Self, SmtpError> {
        let server = Server::new(url, from.email.domain(), tls)?;
        Ok(Self { server, idle: Mutex::default(), send_timeout: SEND_TIMEOUT, from })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection that still answers, or a new one.
    async fn acquire(&self) -> Result<AsyncSmtpConnection, MailerError> {
        loop {
            let Some((mut connection, since)) = self.idle().pop() else { break };
            if since.elapsed() < IDLE_TIMEOUT && connection.test_connected().await {
                return Ok(connection);
            }
        }
        // A refusal here is about us or about the hour, not about the message, whatever its code.
        self.server.connect().await.map_err(|error| MailerError::Passing(error.to_string()))
    }

    fn release(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        idle.retain(|(_, since)| since.elapsed() < IDLE_TIMEOUT);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push((connection, Instant::now()));
        }
    }

    async fn submit(&self, message: &Message) -> Result<(), MailerError> {
        let mut connection = self.acquire().await?;
        // After an error lettre has taken leave of the server.
        connection.send(message.envelope(), &message.formatted()).await.map_err(|it| self.refusal(&it))?;
        self.release(connection);
        Ok(())
    }

    /// A reply to a message: 5yz about the message is final, about our signing in (RFC 4954 section 6) it is not, for
    /// that can be repaired.
    fn refusal(&self, error: &SmtpError) -> MailerError {
        let code = error.status().map(u16::from);
        let is_about_us = matches!(code, Some(530 | 534 | 535 | 538));
        let reason = format!("{}: {error}", self.server.name());
        let reason = printable(&reason, &self.server.secrets());
        // Besides replies: an address that this server cannot take (RFC 6531).
        if (error.is_permanent() && !is_about_us) || error.is_client() {
            MailerError::Final(reason)
        } else {
            MailerError::Passing(reason)
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &MailMessage) -> Result<(), MailerError> {
        let message = message::compose(mail, &self.from)?;
        // A connection on which a reply is outstanding is dropped with the submission: the next message would take that
        // reply for its own.
        let sent = timeout(self.send_timeout, self.submit(&message)).await;
        let late = || Err(MailerError::Passing(format!("{} does not answer", self.server.name())));
        sent.unwrap_or_else(|_| late())
    }

    async fn check(&self) -> Result<String, String> {
        match timeout(CHECK_TIMEOUT, self.server.connect()).await {
            Ok(Ok(connection)) => {
                self.release(connection);
                Ok(self.server.name().to_owned())
            }
            Ok(Err(error)) => Err(error.advice()),
            Err(_) => Err(self.server.silence()),
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpMailer({})", self.server.name())
    }
}

#[cfg(test)]
mod tests;
