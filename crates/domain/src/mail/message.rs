//! Mails and what they are made from.

use contract::Timestamp;
use serde::{Deserialize, Serialize};

/// A mail ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailMessage {
    /// A UUID; the left part of the `Message-ID`, so that one sent twice is recognised.
    pub id: String,
    /// The kind, as Better Auth names it where it has a name: `verify-email`, `reset-password`, `change-email`,
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
    /// The link in it.
    pub link: Option<Link>,
    /// When it was written, in Unix milliseconds.
    pub written_at: i64,
}

/// A link with a one-time token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Absolute.
    pub url: String,
    /// The token in it.
    pub token: String,
    /// The six digits that do the same in the browser that waits for them, where they go along.
    #[serde(default)]
    pub code: Option<String>,
}

/// A kind of mail, with what it mentions.
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
    /// Notice: nobody has used the account for long, and it is deleted then.
    IdleAccount {
        /// When it is deleted unless somebody signs in.
        deleted_at: Timestamp,
    },
    /// Notice: the account is gone, because nobody has used it for long.
    IdleAccountDeleted,
    /// The operator invites somebody to sign up.
    Invitation {
        /// Signs up with the invitation.
        link: Link,
        /// When it expires.
        expires_at: Timestamp,
    },
}

/// The sender as mails show it: the book, and where its accounts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailBranding {
    /// The name of the book.
    pub book: String,
    /// The public origin, for links.
    pub origin: String,
    /// The book's colour, `#rrggbb`.
    pub accent: String,
    /// The book, its terms and whom to ask, where the author has given them.
    pub links: Vec<BookLink>,
}

/// A page of the author's that stands under every page and every mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookLink {
    /// What it is, in a word or two.
    pub label: &'static str,
    /// Absolute; `mailto:` for an address.
    pub url: String,
}

impl BookLink {
    /// The address as a person reads it.
    pub fn text(&self) -> &str {
        self.url.strip_prefix("mailto:").unwrap_or(&self.url)
    }
}

impl MailTemplate {
    /// The value of [`MailMessage::kind`].
    pub(super) fn kind(&self) -> &'static str {
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
            Self::IdleAccount { .. } => "idle-account",
            Self::IdleAccountDeleted => "idle-account-deleted",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// The link in it; a notice has none.
    pub(super) fn link(&self) -> Option<&Link> {
        match self {
            Self::VerifyEmail(link)
            | Self::VerifyNewEmail(link)
            | Self::ResetPassword(link)
            | Self::DeleteAccount(link)
            | Self::Invitation { link, .. }
            | Self::ConfirmEmailChange { link, .. } => Some(link),
            Self::SignUpAttempt
            | Self::PasswordChanged
            | Self::EmailChanged { .. }
            | Self::NewDevice { .. }
            | Self::AccountDeleted
            | Self::IdleAccount { .. }
            | Self::IdleAccountDeleted => None,
        }
    }
}
