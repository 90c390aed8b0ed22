//! What an answer means for a message.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::config::MailProvider;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The API sends it.
    Accepted,
    /// Nothing about the message: it is tried again.
    Passing,
    /// The API will never take this message.
    Final,
}

/// Judges an answer. What is wrong with our key, our sender, our account or the address of the API can be repaired, so the
/// messages wait for that; only what is wrong with the message itself is final.
pub(super) fn of(provider: MailProvider, status: StatusCode, body: &Value) -> Verdict {
    if status.is_success() {
        return Verdict::Accepted;
    }
    let is_final = match status.as_u16() {
        400 | 422 => is_about_message(provider, body),
        409 => name(body) == Some("invalid_idempotent_request"),
        413 => true,
        _ => false,
    };
    if is_final { Verdict::Final } else { Verdict::Passing }
}

/// Whether a 400 or 422 is about this message rather than about every message of ours.
fn is_about_message(provider: MailProvider, body: &Value) -> bool {
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match provider {
        // https://resend.com/docs/api-reference/errors: `invalid_from_address` and keys are ours.
        MailProvider::Resend => {
            let is_ours =
                matches!(name(body), Some("invalid_from_address" | "invalid_api_key" | "missing_api_key"));
            !is_ours && !message.contains("`from`")
        }
        // https://postmarkapp.com/developer/api/overview#error-codes: an invalid request, a suppressed recipient. Others are
        // about the sender, the account or the server.
        MailProvider::Postmark => {
            let is_from = body.get("Message").and_then(Value::as_str).is_some_and(|it| it.contains("'From'"));
            matches!(body.get("ErrorCode").and_then(Value::as_i64), Some(300 | 406)) && !is_from
        }
        // https://developers.brevo.com/docs/how-it-works#error-codes
        MailProvider::Brevo => {
            let code = body.get("code").and_then(Value::as_str);
            let is_its_own = matches!(code, Some("invalid_parameter" | "missing_parameter" | "out_of_range"));
            is_its_own && !message.contains("sender")
        }
        MailProvider::Own => true,
    }
}

/// Whether the API does not know the key. A key of Resend's that may only send is not allowed to do what is checked with.
pub(super) fn refuses_key(provider: MailProvider, status: StatusCode, body: &Value) -> bool {
    let may_only_send = provider == MailProvider::Resend && name(body) == Some("restricted_api_key");
    let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let is_unknown = provider == MailProvider::Resend && name(body) == Some("invalid_api_key");
    (is_refused || is_unknown) && !may_only_send
}

/// What the API says is wrong.
pub(super) fn said(provider: MailProvider, body: &Value) -> String {
    let text = |member: &str| match body.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let said = match provider {
        MailProvider::Resend => [text("name"), text("message")],
        MailProvider::Postmark => [text("ErrorCode"), text("Message")],
        MailProvider::Brevo | MailProvider::Own => [text("code"), text("message")],
    };
    said.join(" ").trim().to_owned()
}

fn name(body: &Value) -> Option<&str> {
    body.get("name").and_then(Value::as_str)
}

/// The seconds of `Retry-After` (RFC 9110 section 10.2.3), rounded up; a date counts from the answer's own.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = |name| headers.get(name)?.to_str().ok();
    let after = text(header::RETRY_AFTER)?.trim();
    // Some APIs give fractions.
    let (whole, fraction) = after.split_once('.').unwrap_or((after, ""));
    if let Ok(seconds) = whole.parse::<u32>() {
        return Some(seconds.saturating_add(u32::from(!fraction.is_empty())));
    }
    let until = httpdate::parse_http_date(after).ok()?;
    let now = httpdate::parse_http_date(text(header::DATE)?).ok()?;
    let seconds = until.duration_since(now).map_or(0, |left| left.as_secs());
    u32::try_from(seconds).ok()
}
