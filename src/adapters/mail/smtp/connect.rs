//! A connection to a mail server that takes messages, and why there is none.

use std::{fmt, io::ErrorKind, net::SocketAddr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    extension::ClientId,
};
use tokio::{net::lookup_host, time::timeout};

use crate::{
    adapters::mail::reason::{chain, printable},
    config::{MailTls, SmtpUrl, is_private},
};

/// For the connection over TCP, all addresses of the server together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most addresses of a server that are tried.
const MAX_ADDRESSES: usize = 3;

/// A mail server, and how to sign in.
pub(super) struct Server {
    name: String,
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<(String, String)>,
}

/// When TLS begins.
pub(super) enum Tls {
    /// With the first byte (RFC 8314 section 3.3).
    Implicit(TlsParameters),
    /// By STARTTLS (RFC 3207), before anything else is sent.
    Required(TlsParameters),
    /// By STARTTLS, if the server offers it: it is on this machine, and nobody stands between.
    Opportunistic(TlsParameters),
    /// Never. The server is on a private network.
    Off,
}

/// Why a server does not take messages.
#[derive(Debug)]
pub(super) struct ConnectError {
    /// Host and port.
    server: String,
    stage: Stage,
    /// What the server or the system said.
    said: String,
}

/// How far the connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The name has no address.
    Name,
    /// `BOOKPLATE_MAIL_TLS=off`, and the address is a public one.
    Public,
    /// No TCP connection within the time.
    Blocked,
    /// No TCP connection, which the system or the server said at once.
    Closed,
    /// TCP, but no greeting.
    Greeting,
    /// A greeting, but no STARTTLS.
    NoTls,
    /// TLS failed.
    Tls,
    /// User and password were not accepted.
    SignIn,
}

impl Server {
    pub(super) fn new(url: &SmtpUrl, hello: &str, tls: &MailTls) -> Result<Self, SmtpError> {
        let credentials = url.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
        Ok(Self {
            name: format!("{}:{}", url.host(), url.port()),
            host: url.host().to_owned(),
            port: url.port(),
            tls: Tls::of(url, tls)?,
            hello: ClientId::Domain(hello.to_owned()),
            credentials,
        })
    }

    #[cfg(test)]
    pub(super) fn set_tls(&mut self, tls: Tls) {
        self.tls = tls;
    }

    /// Host and port.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Connects, begins TLS and signs in.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        let mut connection = self.open().await?;
        match &self.tls {
            Tls::Required(_) if !connection.can_starttls() => {
                return Err(self.error(Stage::NoTls, "it offers no STARTTLS"));
            }
            Tls::Opportunistic(_) if !connection.can_starttls() => {}
            Tls::Required(parameters) | Tls::Opportunistic(parameters) => {
                let begun = connection.starttls(parameters.clone(), &self.hello).await;
                begun.map_err(|error| self.failed(Stage::Tls, &error))?;
            }
            Tls::Implicit(_) | Tls::Off => {}
        }
        if let Some((user, password)) = self.credentials.clone() {
            let credentials = Credentials::new(user, password);
            let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            signed_in.map_err(|error| self.failed(Stage::SignIn, &error))?;
        }
        Ok(connection)
    }

    /// A connection to the first address that answers, after its greeting.
    async fn open(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        let found = timeout(CONNECT_TIMEOUT, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(|_| self.error(Stage::Name, "no answer from the name server"))?;
        let found = found.map_err(|error| self.error(Stage::Name, &error.to_string()))?;
        let addresses: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
        let public = addresses.iter().find(|it| !is_private(it.ip()));
        if let (Tls::Off, Some(public)) = (&self.tls, public) {
            return Err(self.error(Stage::Public, &format!("its address is {}", public.ip())));
        }
        let patience = CONNECT_TIMEOUT / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let implicit = if let Tls::Implicit(parameters) = &self.tls { Some(parameters) } else { None };
        let mut last = self.error(Stage::Name, "it has no address");
        for address in addresses {
            let opened = AsyncSmtpConnection::connect_tokio1(
                address,
                Some(patience),
                &self.hello,
                implicit.cloned(),
                None,
            );
            match opened.await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = self.failed(Stage::of_unopened(&error), &error),
            }
        }
        Err(last)
    }

    fn failed(&self, stage: Stage, error: &SmtpError) -> ConnectError {
        let stage = if error.is_tls() { Stage::Tls } else { stage };
        self.error(stage, &chain(error))
    }

    fn error(&self, stage: Stage, said: &str) -> ConnectError {
        ConnectError { server: self.name.clone(), stage, said: printable(said, &self.secrets()) }
    }

    /// What to tell an operator whose server has accepted the connection and then said nothing.
    pub(super) fn silence(&self) -> String {
        self.error(Stage::Greeting, "it says nothing").advice()
    }

    /// The password as it was given, and as it goes over the wire (RFC 4616, and the two replies of `AUTH LOGIN`).
    pub(super) fn secrets(&self) -> Vec<String> {
        let given = self.credentials.as_ref().filter(|(_, password)| !password.is_empty());
        given.map_or_else(Vec::new, |(user, password)| {
            let plain = STANDARD.encode(format!("\0{user}\0{password}"));
            vec![plain, STANDARD.encode(password), password.clone()]
        })
    }
}

impl Stage {
    /// How far a connection got that has not been greeted. Only the connection over TCP has a time limit of its own.
    fn of_unopened(error: &SmtpError) -> Self {
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
                Some(ErrorKind::TimedOut) => return Self::Blocked,
                Some(
                    ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable,
                ) => {
                    return Self::Closed;
                }
                _ => cause = error.source(),
            }
        }
        Self::Greeting
    }
}

impl Tls {
    /// TLS is required unless the server is on this machine, or on a private network and TLS is off. A server on this machine
    /// need not prove its name: it seldom has a certificate that could be checked. One with a private authority does.
    pub(super) fn of(url: &SmtpUrl, tls: &MailTls) -> Result<Self, SmtpError> {
        if tls.off {
            return Ok(Self::Off);
        }
        let is_unchecked = url.is_loopback() && tls.authorities.is_none();
        let mut parameters = TlsParameters::builder(url.host().to_owned())
            .dangerous_accept_invalid_certs(is_unchecked)
            .dangerous_accept_invalid_hostnames(is_unchecked);
        if let Some(pem) = &tls.authorities {
            parameters = parameters.add_root_certificate(Certificate::from_pem(pem)?);
        }
        let parameters = parameters.build_rustls()?;
        Ok(match (url.is_implicit_tls(), url.is_loopback()) {
            (true, _) => Self::Implicit(parameters),
            (false, false) => Self::Required(parameters),
            (false, true) => Self::Opportunistic(parameters),
        })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.server, self.said)
    }
}

impl ConnectError {
    /// What is wrong and what to do, for the operator.
    pub(super) fn advice(&self) -> String {
        let Self { server, said, .. } = self;
        match self.stage {
            Stage::Name => format!("the name of the mail server {server} is not known: {said}"),
            Stage::Public => format!(
                "BOOKPLATE_MAIL_TLS=off is for a private network, and {server} is not in one: {said}. Remove it"
            ),
            Stage::Blocked => format!(
                "nothing answers at {server}: {said}. The port is probably blocked; many hosts let no SMTP out. Ask yours \
                 to open it, try port 2525 or 2587 if your provider has it, or send over HTTPS (resend://, postmark://, \
                 brevo:// or https:// in BOOKPLATE_MAIL_URL)"
            ),
            Stage::Closed => format!("no mail server listens at {server}: {said}. Compare host and port"),
            Stage::Greeting => format!(
                "{server} takes the connection but does not answer as a mail server: {said}. Compare port and scheme: \
                 smtps:// goes with 465, smtp:// with 587"
            ),
            Stage::NoTls => format!(
                "{server} offers no TLS (STARTTLS), so nothing is sent to it. If it is a relay in your private network, set \
                 BOOKPLATE_MAIL_TLS=off"
            ),
            Stage::Tls => format!(
                "TLS with {server} fails: {said}. If its certificate comes from an authority of your own, name that \
                 authority's PEM file in BOOKPLATE_MAIL_CA"
            ),
            Stage::SignIn => format!("{server} refuses the user or the password: {said}"),
        }
    }
}
