//! What is written to readers.

use contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::{draft::quoted, html, plain_text, templates};

/// A letter ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailMessage {
    /// A UUID; the left part of the `Message-ID`, so that a letter sent twice is seen as one.
    pub id: String,
    /// What it is about, as Better Auth names it where it has a name: `verify-email`, `reset-password`, `change-email`,
    /// `delete-account`; ours besides: `password-changed` and so on.
    pub kind: String,
    /// The address it goes to.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The link it was written for.
    pub link: Option<Link>,
    /// When it was written, in Unix milliseconds.
    pub written_at: i64,
}

/// A link that does something for who opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Absolute.
    pub url: String,
    /// The token in it.
    pub token: String,
}

/// Why a letter is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTemplate {
    /// The reader is to confirm the address.
    VerifyEmail(Link),
    /// The reader has forgotten the password.
    ResetPassword(Link),
    /// The reader wants another address: confirm at the present one.
    ConfirmEmailChange {
        /// Continues the change.
        link: Link,
        /// The address wanted.
        new_email: String,
    },
    /// The reader wants this address: confirm at the new one.
    VerifyNewEmail(Link),
    /// The reader wants the account deleted.
    DeleteAccount(Link),
    /// Somebody tried to open an account for an address that has one, where sign-up must not tell.
    SignUpAttempt,
    /// Notice: the password is another one now.
    PasswordChanged,
    /// Notice, to the address before: the address is another one now.
    EmailChanged {
        /// The address now.
        new_email: String,
    },
    /// Notice: signed in with a browser that was not seen before.
    NewDevice {
        /// In words: [`crate::device_in_words`].
        device: String,
        /// Network address; empty when unknown.
        ip_address: String,
    },
    /// Notice: the account and everything about it is gone.
    AccountDeleted,
}

/// Who writes: the book, and where its accounts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailBranding {
    /// The name of the book.
    pub book: String,
    /// The public origin, for links.
    pub origin: String,
    /// The book's colour, `#rrggbb`.
    pub accent: String,
}

impl MailTemplate {
    /// The word in [`MailMessage::kind`].
    fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail(_) | Self::VerifyNewEmail(_) => "verify-email",
            Self::ResetPassword(_) => "reset-password",
            Self::ConfirmEmailChange { .. } => "change-email",
            Self::DeleteAccount(_) => "delete-account",
            Self::SignUpAttempt => "sign-up-attempt",
            Self::PasswordChanged => "password-changed",
            Self::EmailChanged { .. } => "email-changed",
            Self::NewDevice { .. } => "new-device",
            Self::AccountDeleted => "account-deleted",
        }
    }

    /// The link it is about; a notice has none.
    fn link(&self) -> Option<&Link> {
        match self {
            Self::VerifyEmail(link)
            | Self::VerifyNewEmail(link)
            | Self::ResetPassword(link)
            | Self::DeleteAccount(link)
            | Self::ConfirmEmailChange { link, .. } => Some(link),
            Self::SignUpAttempt
            | Self::PasswordChanged
            | Self::EmailChanged { .. }
            | Self::NewDevice { .. }
            | Self::AccountDeleted => None,
        }
    }
}

impl MailBranding {
    /// Writes a letter. `id` is a UUID; what came from a browser or a form stands in the letter as text only, never in
    /// its subject.
    pub fn letter(&self, id: String, to: &str, occasion: &MailTemplate, at: Timestamp) -> MailMessage {
        let head = Self { book: quoted(&self.book), ..self.clone() };
        let draft = templates::draft(&head, occasion, at);
        MailMessage {
            id,
            kind: occasion.kind().to_owned(),
            to: to.to_owned(),
            text: plain_text::render(&draft, &head),
            html: html::render(&draft, &head),
            subject: draft.subject,
            link: occasion.link().cloned(),
            written_at: at.millis(),
        }
    }
}
