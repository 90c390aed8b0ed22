//! A letter as it travels (RFC 5322, MIME): both parts, each with its own encoding.

use std::time::{Duration, UNIX_EPOCH};

use domain::{MailMessage, MailerError};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

/// Says that no person wrote it, so no machine answers (RFC 3834 section 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Composes a letter. Everything in it comes from the letter: one that is sent again is the same, and a server that
/// has it already can tell by its `Message-ID`.
///
/// # Errors
/// [`MailerError::Final`] when it cannot be written, as with an address that no envelope can hold.
pub(super) fn compose(letter: &MailMessage, from: &Mailbox) -> Result<Message, MailerError> {
    let unfit = |what: &str| MailerError::Final(format!("the letter cannot be written: {what}"));
    let to: Address = letter.to.parse().map_err(|_| unfit("its address fits no envelope"))?;
    let written = u64::try_from(letter.written_at).map_err(|_| unfit("its date lies before 1970"))?;
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("bookplate-{}", letter.id))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    Message::builder()
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
        .date(UNIX_EPOCH + Duration::from_millis(written))
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&letter.subject)
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .multipart(parts)
        .map_err(|error| unfit(&error.to_string()))
}
