//! The requests of each API, as its provider's documentation describes them.

use bytes::Bytes;
use domain::MailMessage;
use http::{HeaderValue, Method, Request, header, request::Builder};
use http_body_util::Full;
use lettre::message::Mailbox;
use serde_json::{Value, json};

use crate::config::{MailApi, MailProvider};

/// The header by which an API recognises a message that it has taken before. Resend keeps it for 24 hours
/// (<https://resend.com/docs/dashboard/emails/idempotency-keys>).
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A message. The same message makes the same request each time.
///
/// # Errors
/// When the address or the key does not fit into a request.
pub(super) fn send(
    api: &MailApi,
    from: &Mailbox,
    mail: &MailMessage,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let body = match api.provider {
        MailProvider::Resend => resend(from, mail),
        MailProvider::Postmark => postmark(from, mail),
        MailProvider::Brevo => brevo(from, mail),
        MailProvider::Own => own(from, mail),
    };
    let mut request = authorized(api, Method::POST, api.endpoint.as_str())?;
    request = request.header(header::CONTENT_TYPE, "application/json");
    if matches!(api.provider, MailProvider::Resend | MailProvider::Own) {
        request = request.header(IDEMPOTENCY_KEY, &mail.id);
    }
    request.body(Full::new(Bytes::from(body.to_string())))
}

/// A request that changes nothing and is answered with 401 or 403 when the key is wrong.
///
/// # Errors
/// As [`send`].
pub(super) fn check(api: &MailApi) -> Result<Request<Full<Bytes>>, http::Error> {
    let (method, path) = match api.provider {
        MailProvider::Resend => (Method::GET, "/domains"),
        MailProvider::Postmark => (Method::GET, "/server"),
        MailProvider::Brevo => (Method::GET, "/v3/account"),
        MailProvider::Own => (Method::HEAD, api.endpoint.path()),
    };
    let mut address = api.endpoint.clone();
    address.set_path(path);
    authorized(api, method, address.as_str())?.body(Full::default())
}

fn authorized(api: &MailApi, method: Method, address: &str) -> Result<Builder, http::Error> {
    let (name, value) = match api.provider {
        MailProvider::Resend | MailProvider::Own => ("authorization", format!("Bearer {}", *api.key)),
        MailProvider::Postmark => ("x-postmark-server-token", api.key.to_string()),
        MailProvider::Brevo => ("api-key", api.key.to_string()),
    };
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    let agent = concat!("bookplate/", env!("CARGO_PKG_VERSION"));
    Ok(Request::builder()
        .method(method)
        .uri(address)
        .header(header::USER_AGENT, agent)
        .header(header::ACCEPT, "application/json")
        .header(name, value))
}

/// <https://resend.com/docs/api-reference/emails/send-email>
fn resend(from: &Mailbox, mail: &MailMessage) -> Value {
    json!({
        "from": from.to_string(),
        "to": [mail.to],
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "headers": { "Auto-Submitted": "auto-generated" },
    })
}

/// <https://postmarkapp.com/developer/api/email-api>. Links are not rewritten: they open accounts.
fn postmark(from: &Mailbox, mail: &MailMessage) -> Value {
    json!({
        "From": from.to_string(),
        "To": mail.to,
        "Subject": mail.subject,
        "TextBody": mail.text,
        "HtmlBody": mail.html,
        "Headers": [{ "Name": "Auto-Submitted", "Value": "auto-generated" }],
        "MessageStream": "outbound",
        "TrackOpens": false,
        "TrackLinks": "None",
    })
}

/// <https://developers.brevo.com/reference/send-transac-email>. The idempotency key is a header of the message and lives for 15
/// minutes (<https://developers.brevo.com/changelog/email-api-now-supports-idempotency>).
fn brevo(from: &Mailbox, mail: &MailMessage) -> Value {
    let address = from.email.to_string();
    let sender = match &from.name {
        Some(name) => json!({ "name": name, "email": address }),
        None => json!({ "email": address }),
    };
    json!({
        "sender": sender,
        "to": [{ "email": mail.to }],
        "subject": mail.subject,
        "textContent": mail.text,
        "htmlContent": mail.html,
        "headers": { "idempotencyKey": mail.id, "Auto-Submitted": "auto-generated" },
    })
}

/// `docs/MAIL-ENDPOINT.md`
fn own(from: &Mailbox, mail: &MailMessage) -> Value {
    json!({
        "id": mail.id,
        "type": mail.kind,
        "from": { "name": from.name, "address": from.email.to_string() },
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "url": mail.link.as_ref().map(|link| &link.url),
    })
}
