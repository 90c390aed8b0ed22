//! Submission to a mail server (RFC 5321, RFC 6409), with TLS where there is a network in between.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{MailMessage, Mailer, MailerError};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        AsyncSmtpTransportBuilder, Error as SmtpError, PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use tokio::{pin, task::yield_now, time::timeout};

use super::message;
use crate::config::SmtpUrl;

/// For the connection over TCP.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a message from the first byte to the server's last reply. lettre bounds the connection over TCP alone.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// For taking leave of the pooled connections of a server that does not reply.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a connection waits for another message; servers close theirs after minutes (RFC 5321 section 4.5.3.2.7).
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How many idle connections are kept.
const IDLE_CONNECTIONS: u32 = 4;
/// As much of a server's own words as a log line needs, in characters.
const MAX_REASON: usize = 200;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends messages through a mail server.
pub struct SmtpMailer {
    server: String,
    builder: AsyncSmtpTransportBuilder,
    /// Made for the first message, and anew after one that was not sent in time.
    transport: Mutex<Option<Transport>>,
    /// [`SEND_TIMEOUT`], and less in tests.
    send_timeout: Duration,
    credentials: Option<(String, String)>,
    from: Mailbox,
}

impl SmtpMailer {
    /// A mailer for a configured server. It connects when the first message is sent.
    ///
    /// # Errors
    /// When TLS cannot be prepared.
    pub fn new(url: &SmtpUrl, from: Mailbox) -> Result<Self, SmtpError> {
        Ok(Self::with_tls(url, from, tls(url)?))
    }

    fn with_tls(url: &SmtpUrl, from: Mailbox, tls: Tls) -> Self {
        let credentials = url.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
        let pool = PoolConfig::new().max_size(IDLE_CONNECTIONS).idle_timeout(IDLE_TIMEOUT);
        let mut builder = Transport::builder_dangerous(url.host())
            .port(url.port())
            .tls(tls)
            .timeout(Some(CONNECT_TIMEOUT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .pool_config(pool);
        if let Some((user, password)) = credentials.clone() {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Self {
            server: format!("{}:{}", url.host(), url.port()),
            builder,
            transport: Mutex::default(),
            send_timeout: SEND_TIMEOUT,
            credentials,
            from,
        }
    }

    fn transport(&self) -> Transport {
        let mut transport = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
        transport.get_or_insert_with(|| self.builder.clone().build()).clone()
    }

    async fn submit(&self, transport: &Transport, message: &Message) -> Result<(), MailerError> {
        // Connecting and signing in come first and alone: a refusal there is about us or about the hour, not about the
        // message, whatever its code.
        let is_connected = transport.test_connection().await;
        if !is_connected.map_err(|error| MailerError::Passing(self.reason(&error)))? {
            return Err(MailerError::Passing(format!("{} hung up", self.server)));
        }
        // A spawned task gives the connection back to the pool; let it run, so that the message finds it there.
        yield_now().await;
        let sent = transport.send_raw(message.envelope(), &message.formatted()).await;
        sent.map(drop).map_err(|error| self.refusal(&error))
    }

    /// Gives up a transport in which a connection still waits for a reply.
    async fn discard(&self, transport: Transport) {
        self.transport.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = timeout(SHUTDOWN_TIMEOUT, transport.shutdown()).await;
    }

    /// A reply to a message: 5yz about the message is final, about our signing in (RFC 4954 section 6) it is not, for
    /// that can be repaired.
    fn refusal(&self, error: &SmtpError) -> MailerError {
        let code = error.status().map(u16::from);
        let is_about_us = matches!(code, Some(530 | 534 | 535 | 538));
        let reason = self.reason(error);
        // Besides replies: an address that this server cannot take (RFC 6531).
        if (error.is_permanent() && !is_about_us) || error.is_client() {
            MailerError::Final(reason)
        } else {
            MailerError::Passing(reason)
        }
    }

    /// An error on one line. A server may repeat what it was sent, so passwords are removed.
    fn reason(&self, error: &SmtpError) -> String {
        let mut text = format!("{}: {error}", self.server);
        for secret in self.secrets() {
            text = text.replace(&secret, "[password]");
        }
        let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        line.take(MAX_REASON).collect()
    }

    /// The password as it was given, and as it goes over the wire (RFC 4616, and the two replies of `AUTH LOGIN`).
    fn secrets(&self) -> Vec<String> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let given = self.credentials.as_ref().filter(|(_, password)| !password.is_empty());
        given.map_or_else(Vec::new, |(user, password)| {
            let plain = STANDARD.encode(format!("\0{user}\0{password}"));
            vec![plain, STANDARD.encode(password), password.clone()]
        })
    }
}

/// TLS from the first byte (RFC 8314 section 3.3) or by STARTTLS (RFC 3207) before anything else is sent. A server on
/// this machine may do without, and need not prove its name: nobody stands between, and it seldom has a certificate that
/// could be checked.
fn tls(url: &SmtpUrl) -> Result<Tls, SmtpError> {
    let parameters = TlsParameters::builder(url.host().to_owned())
        .dangerous_accept_invalid_certs(url.is_loopback())
        .dangerous_accept_invalid_hostnames(url.is_loopback())
        .build_rustls()?;
    Ok(match (url.is_implicit_tls(), url.is_loopback()) {
        (true, _) => Tls::Wrapper(parameters),
        (false, false) => Tls::Required(parameters),
        (false, true) => Tls::Opportunistic(parameters),
    })
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &MailMessage) -> Result<(), MailerError> {
        let message = message::compose(mail, &self.from)?;
        let transport = self.transport();
        let submission = self.submit(&transport, &message);
        pin!(submission);
        if let Ok(outcome) = timeout(self.send_timeout, submission.as_mut()).await {
            return outcome;
        }
        // Before the submission is dropped: that gives its connection back to the pool, and the next message would take
        // the reply to this one for its own.
        self.discard(transport.clone()).await;
        Err(MailerError::Passing(format!("{} does not answer", self.server)))
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpMailer({})", self.server)
    }
}

#[cfg(test)]
mod tests;
