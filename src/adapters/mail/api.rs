//! Mail over HTTPS, where a host lets no SMTP out: to Resend, Postmark, Brevo or an endpoint of the operator's own.

mod request;
mod verdict;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{MailMessage, Mailer, MailerError};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use lettre::message::Mailbox;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use self::verdict::Verdict;
use super::reason::{chain, printable};
use crate::config::{MailApi, MailTls};

/// For the connection over TCP.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a message from the connection to the end of the answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// For the check at start.
const CHECK_TIMEOUT: Duration = Duration::from_secs(9);
/// How long a connection waits for another message.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// The most of an answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends messages through an API.
pub struct ApiMailer {
    api: MailApi,
    from: Mailbox,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Until when the API has asked for no other request.
    paused_until: Mutex<Option<Instant>>,
    /// [`SEND_TIMEOUT`], and less in tests.
    send_timeout: Duration,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// `Null` when it is not JSON.
    body: Value,
}

impl ApiMailer {
    /// A mailer for a configured API. It connects when the first message is sent.
    ///
    /// # Errors
    /// When TLS cannot be prepared.
    pub fn new(api: &MailApi, from: Mailbox, tls: &MailTls) -> Result<Self, rustls::Error> {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls_config(tls)?);
        let connector =
            if api.endpoint.scheme() == "http" { connector.https_or_http() } else { connector.https_only() };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector.enable_http1().wrap_connector(http_connector()));
        let paused_until = Mutex::default();
        Ok(Self { api: api.clone(), from, client, paused_until, send_timeout: SEND_TIMEOUT })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let answered = self.client.request(request).await.map_err(|error| chain(&error))?;
        let (head, body) = answered.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        // A status without a body that can be read says enough.
        let body = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
        Ok(Answer { status: head.status, headers: head.headers, body: body.unwrap_or_default() })
    }

    /// Seconds for which the API has asked for no other request.
    fn pause(&self) -> Option<u32> {
        let mut paused_until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = paused_until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.filter(|left| !left.is_zero());
        *paused_until = paused_until.filter(|_| left.is_some());
        left.map(|left| u32::try_from(left.as_secs().saturating_add(1)).unwrap_or(u32::MAX))
    }

    fn set_pause(&self, seconds: u32) {
        let until = Instant::now() + Duration::from_secs(u64::from(seconds));
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    fn printable(&self, said: &str) -> String {
        printable(&format!("{}: {said}", self.api.server()), &[self.api.key.to_string()])
    }

    fn judge(&self, answer: &Answer) -> Result<(), MailerError> {
        let reason = || {
            let said = verdict::said(self.api.provider, &answer.body);
            self.printable(&format!("{} {said}", answer.status.as_u16()))
        };
        match verdict::of(self.api.provider, answer.status, &answer.body) {
            Verdict::Accepted => Ok(()),
            Verdict::Final => Err(MailerError::Final(reason())),
            Verdict::Passing => Err(match verdict::retry_after(&answer.headers) {
                Some(seconds) => {
                    self.set_pause(seconds);
                    MailerError::RetryAfter(reason(), seconds)
                }
                None => MailerError::Passing(reason()),
            }),
        }
    }

    async fn checked(&self) -> Result<String, String> {
        let request = request::check(&self.api).map_err(|error| self.printable(&error.to_string()))?;
        let answer = self.exchange(request).await.map_err(|said| {
            let said = self.printable(&said);
            format!(
                "the mail API cannot be reached: {said}. Compare the host; if its certificate comes from an authority of \
                 your own, name that authority's PEM file in BOOKPLATE_MAIL_CA"
            )
        })?;
        if verdict::refuses_key(self.api.provider, answer.status, &answer.body) {
            let said = verdict::said(self.api.provider, &answer.body);
            let said = self.printable(&format!("{} {said}", answer.status.as_u16()));
            return Err(format!("the mail API refuses the key: {said}"));
        }
        Ok(self.api.server())
    }
}

#[async_trait]
impl Mailer for ApiMailer {
    async fn send(&self, mail: &MailMessage) -> Result<(), MailerError> {
        if let Some(seconds) = self.pause() {
            let reason = self.printable("it has asked for a pause");
            return Err(MailerError::RetryAfter(reason, seconds));
        }
        let request = request::send(&self.api, &self.from, mail);
        let request = request.map_err(|error| MailerError::Final(self.printable(&error.to_string())))?;
        match timeout(self.send_timeout, self.exchange(request)).await {
            Ok(Ok(answer)) => self.judge(&answer),
            Ok(Err(said)) => Err(MailerError::Passing(self.printable(&said))),
            Err(_) => Err(MailerError::Passing(self.printable("no answer"))),
        }
    }

    async fn check(&self) -> Result<String, String> {
        let late = || Err(format!("the mail API {} does not answer", self.api.server()));
        timeout(CHECK_TIMEOUT, self.checked()).await.unwrap_or_else(|_| late())
    }
}

fn http_connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.enforce_http(false);
    connector
}

/// The public certificate authorities, and those of the operator's own.
fn tls_config(tls: &MailTls) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in CertificateDer::pem_slice_iter(tls.authorities.as_deref().unwrap_or_default()) {
        let certificate = certificate.map_err(|error| rustls::Error::General(error.to_string()))?;
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

impl fmt::Debug for ApiMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiMailer({:?})", self.api)
    }
}

#[cfg(test)]
mod tests;
