//! Writing what a request asked for: to whom, with which link.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use storage::{QueuedMail, User};

use super::{Link, MailQueue, MailTemplate, link_ttl, queue::QueueItem};
use crate::{ClientMetadata, DONE, EventKind, InternalError, LimitError, Ports, rate_limits::Rule};

/// What a mail is to be about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum MailRequest {
    /// A link to set a password, for whoever has this address.
    ResetPassword {
        email: String,
        /// Where the link leads in the end.
        callback: String,
        /// Who asked.
        device: ClientMetadata,
    },
    /// A link to prove this address, if somebody has it and has not proved it.
    VerifyEmail { email: String, callback: String },
    /// Word to the owner of an address that somebody wanted to open an account with it.
    SignUpAttempt { email: String },
    /// A link, to the present address, that continues a change of it.
    ConfirmEmailChange { user_id: String, new_email: String, callback: String },
    /// A link, to the new address, that ends a change.
    VerifyNewEmail { user_id: String, new_email: String, callback: String },
    /// A link to delete an account.
    DeleteAccount { user_id: String, callback: String },
}

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkPurpose {
    ResetPassword,
    /// The same, handed over by the operator: it proves nothing about the address.
    OperatorReset,
    VerifyEmail,
    ConfirmEmailChange,
    VerifyNewEmail,
    DeleteAccount,
}

impl LinkPurpose {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::OperatorReset => "operator-reset",
            Self::VerifyEmail => "verify-email",
            Self::ConfirmEmailChange => "confirm-email-change",
            Self::VerifyNewEmail => "verify-new-email",
            Self::DeleteAccount => "delete-account",
        }
    }

    /// The purposes whose links die with a new one of this.
    pub(crate) const fn replaces(self) -> [&'static str; 2] {
        match self {
            Self::ResetPassword | Self::OperatorReset => {
                [Self::ResetPassword.name(), Self::OperatorReset.name()]
            }
            // Two steps of one thing.
            Self::ConfirmEmailChange | Self::VerifyNewEmail => {
                [Self::ConfirmEmailChange.name(), Self::VerifyNewEmail.name()]
            }
            other => [other.name(), other.name()],
        }
    }

    /// Seconds a link lives.
    pub(crate) const fn lifetime(self) -> i64 {
        match self {
            Self::ResetPassword | Self::OperatorReset => link_ttl::RESET,
            Self::DeleteAccount => link_ttl::DELETE,
            Self::VerifyEmail | Self::ConfirmEmailChange | Self::VerifyNewEmail => link_ttl::VERIFY,
        }
    }

    fn path(self, token: &str, callback: &str) -> String {
        let query = |path: &str| format!("{path}?token={token}&callbackURL={}", escaped(callback));
        match self {
            Self::ResetPassword | Self::OperatorReset => {
                format!("/reset-password/{token}?callbackURL={}", escaped(callback))
            }
            Self::DeleteAccount => query("/delete-user/callback"),
            Self::VerifyEmail | Self::ConfirmEmailChange | Self::VerifyNewEmail => query("/verify-email"),
        }
    }
}

/// The name under which a link is stored.
pub(crate) fn link_id(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A token of 192 random bits.
pub(crate) fn new_token(ports: &Ports) -> String {
    let mut bytes = [0; 24];
    ports.entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A mail about to be written.
struct Draft<'a> {
    reader: User,
    /// Where it goes.
    to: String,
    purpose: LinkPurpose,
    callback: &'a str,
    new_email: Option<String>,
    /// Whether the link is made, but nobody gets it.
    silent: bool,
}

impl MailQueue {
    /// Writes what was asked for, or drops the request when there is nobody to write to.
    pub(super) async fn write(&self, asked: &QueuedMail, request: &MailRequest) -> Result<(), InternalError> {
        if let MailRequest::SignUpAttempt { email } = request {
            return self.write_attempt(asked, email).await;
        }
        let draft = self.draft(request).await?;
        let allowed = match &draft {
            Some(draft) => self.may_write_to(draft.purpose.name(), &draft.to).await?,
            None => false,
        };
        self.note(request, draft.as_ref(), allowed).await?;
        let Some(draft) = draft.filter(|_| allowed) else {
            return Ok(self.database.remove_mail(&asked.id).await?);
        };
        let token = new_token(&self.ports);
        let path = draft.purpose.path(&token, draft.callback);
        let url = format!("{}{}{path}", self.letterhead.origin, contract::routes::API);
        let Some(mail) = self.letter(&draft, Link { url, token: token.clone() }) else {
            return Err(InternalError::Fault("a mail could not be sealed".into()));
        };
        let stored = self.link(&draft, &token, asked);
        // To an address that is taken nothing is sent, but who asked sees the same of it as ever.
        let mail = Some(&mail).filter(|_| !draft.silent);
        self.database.replace_request_with_mail(&asked.id, &stored, draft.purpose.replaces(), mail).await?;
        Ok(())
    }

    /// Records that a link to set a password was asked for. Not when it was asked: whose address it was, if anybody's, is
    /// found out only now.
    async fn note(
        &self,
        request: &MailRequest,
        draft: Option<&Draft<'_>>,
        allowed: bool,
    ) -> Result<(), InternalError> {
        let MailRequest::ResetPassword { device, .. } = request else { return Ok(()) };
        let (outcome, reader) = match draft {
            Some(draft) if allowed => (DONE, Some(draft.reader.id.as_str())),
            Some(draft) => ("enough-mail", Some(draft.reader.id.as_str())),
            None => ("nobody", None),
        };
        self.events.record_now(EventKind::PasswordResetRequest, outcome, reader, device).await
    }

    async fn write_attempt(&self, asked: &QueuedMail, email: &str) -> Result<(), InternalError> {
        let reader = self.database.find_user_by_email(email).await?;
        if let Some(reader) = reader
            && let Some(mail) = self.notice(Some(&reader.id), email, &MailTemplate::SignUpAttempt)
        {
            self.database.queue_mail(&mail).await?;
        }
        Ok(self.database.remove_mail(&asked.id).await?)
    }

    async fn draft<'a>(&self, request: &'a MailRequest) -> Result<Option<Draft<'a>>, InternalError> {
        Ok(match request {
            MailRequest::SignUpAttempt { .. } => None,
            MailRequest::ResetPassword { email, callback, .. } => {
                let reader = self.database.find_user_by_email(email).await?;
                reader.map(|reader| Draft::to_reader(reader, LinkPurpose::ResetPassword, callback))
            }
            MailRequest::VerifyEmail { email, callback } => {
                let reader = self.database.find_user_by_email(email).await?;
                let reader = reader.filter(|reader| !reader.email_verified);
                reader.map(|reader| Draft::to_reader(reader, LinkPurpose::VerifyEmail, callback))
            }
            MailRequest::DeleteAccount { user_id, callback } => {
                let reader = self.database.find_user(user_id).await?;
                reader.map(|reader| Draft::to_reader(reader, LinkPurpose::DeleteAccount, callback))
            }
            MailRequest::ConfirmEmailChange { user_id, new_email, callback } => {
                let draft = self.change_of(user_id, new_email, callback, LinkPurpose::ConfirmEmailChange);
                draft.await?.map(|draft| Draft { to: draft.reader.email.clone(), ..draft })
            }
            MailRequest::VerifyNewEmail { user_id, new_email, callback } => {
                self.change_of(user_id, new_email, callback, LinkPurpose::VerifyNewEmail).await?
            }
        })
    }

    /// A change of address. To a new one that belongs to somebody nothing is sent; who asked for it is not told.
    async fn change_of<'a>(
        &self,
        user_id: &str,
        new_email: &str,
        callback: &'a str,
        purpose: LinkPurpose,
    ) -> Result<Option<Draft<'a>>, InternalError> {
        let taken = self.database.find_user_by_email(new_email).await?.is_some();
        let reader = self.database.find_user(user_id).await?;
        Ok(reader.map(|reader| Draft {
            reader,
            to: new_email.to_owned(),
            purpose,
            callback,
            new_email: Some(new_email.to_owned()),
            silent: taken && purpose == LinkPurpose::VerifyNewEmail,
        }))
    }

    /// Whether one more mail of this kind may go to an address for now. Each kind is counted for itself, so that what a
    /// stranger can cause does not keep away what a reader needs.
    pub(super) async fn may_write_to(&self, kind: &str, email: &str) -> Result<bool, InternalError> {
        match self.limits.check(Rule::Recipient, &format!("{kind} {email}")).await {
            Ok(()) => Ok(true),
            Err(LimitError::Exceeded { .. }) => Ok(false),
            Err(LimitError::Failure(failure)) => Err(failure),
        }
    }

    fn letter(&self, draft: &Draft<'_>, link: Link) -> Option<QueuedMail> {
        let occasion = match draft.purpose {
            LinkPurpose::ResetPassword | LinkPurpose::OperatorReset => MailTemplate::ResetPassword(link),
            LinkPurpose::VerifyEmail => MailTemplate::VerifyEmail(link),
            LinkPurpose::VerifyNewEmail => MailTemplate::VerifyNewEmail(link),
            LinkPurpose::DeleteAccount => MailTemplate::DeleteAccount(link),
            LinkPurpose::ConfirmEmailChange => {
                let new_email = draft.new_email.clone().unwrap_or_default();
                MailTemplate::ConfirmEmailChange { link, new_email }
            }
        };
        let id = self.ports.random_uuid().to_string();
        let letter = self.letterhead.letter(id.clone(), &draft.to, &occasion, self.ports.clock.now());
        self.seal(id, Some(&draft.reader.id), &QueueItem::Letter(letter))
    }

    fn link(&self, draft: &Draft<'_>, token: &str, asked: &QueuedMail) -> storage::Link {
        let now = self.ports.clock.now();
        storage::Link {
            id: link_id(token),
            user_id: draft.reader.id.clone(),
            purpose: draft.purpose.name().to_owned(),
            email: draft.reader.email.clone(),
            new_email: draft.new_email.clone(),
            created_at: asked.created_at,
            expires_at: now.plus_seconds(draft.purpose.lifetime()),
            used_at: None,
        }
    }
}

impl<'a> Draft<'a> {
    fn to_reader(reader: User, purpose: LinkPurpose, callback: &'a str) -> Self {
        Self { to: reader.email.clone(), reader, purpose, callback, new_email: None, silent: false }
    }
}

/// As JavaScript's `encodeURIComponent` has it, near enough: letters, digits and `-_.~` stand for themselves.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
