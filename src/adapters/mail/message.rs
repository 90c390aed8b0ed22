//! A mail as a MIME message (RFC 5322, RFC 2046): both parts, each with its own encoding.

use std::time::{Duration, UNIX_EPOCH};

use domain::{MailMessage, MailerError};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

/// Marks a mail that no person wrote, so that no program answers it (RFC 3834 section 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Composes a message from a mail alone, so that one sent again is the same to the byte, and a server that has it already
/// recognises its `Message-ID`.
///
/// # Errors
/// [`MailerError::Final`] when it cannot be composed, as with an address that no SMTP command can hold.
pub(super) fn compose(mail: &MailMessage, from: &Mailbox) -> Result<Message, MailerError> {
    let unfit = |what: &str| MailerError::Final(format!("the mail cannot be composed: {what}"));
    let to: Address = mail.to.parse().map_err(|_| unfit("its address is not valid"))?;
    let written = u64::try_from(mail.written_at).map_err(|_| unfit("its date lies before 1970"))?;
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("bookplate-{}", mail.id))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    Message::builder()
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(UNIX_EPOCH + Duration::from_millis(written))
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .multipart(parts)
        .map_err(|error| unfit(&error.to_string()))
}
