//! Composing the mail that a queued request asks for: to whom, with which link.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::VerificationCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use sha2::{Digest, Sha256};
use storage::{NewCode, QueuedMail, User};
use zeroize::Zeroizing;

use super::{Link, MailQueue, MailTemplate, link_ttl, queue::QueueItem, request::MailRequest};
use crate::{DONE, EventKind, InternalError, LimitError, Ports, rate_limits::Rule};

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub(crate) enum LinkPurpose {
    ResetPassword,
    /// The same, handed over by the operator: opening it does not verify the address.
    OperatorReset,
    VerifyEmail,
    ConfirmEmailChange,
    VerifyNewEmail,
    DeleteAccount,
}

impl LinkPurpose {
    /// The name under which it is stored.
    pub(crate) const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The purposes whose links a new one of this purpose invalidates.
    pub(crate) const fn replaces(self) -> [&'static str; 2] {
        match self {
            Self::ResetPassword | Self::OperatorReset => {
                [Self::ResetPassword.name(), Self::OperatorReset.name()]
            }
            // The two steps of one change.
            Self::ConfirmEmailChange | Self::VerifyNewEmail => {
                [Self::ConfirmEmailChange.name(), Self::VerifyNewEmail.name()]
            }
            other => [other.name(), other.name()],
        }
    }

    /// The lifetime of a link in seconds.
    pub(crate) const fn lifetime(self) -> i64 {
        match self {
            Self::ResetPassword | Self::OperatorReset => link_ttl::RESET,
            Self::DeleteAccount => link_ttl::DELETE,
            Self::VerifyEmail | Self::ConfirmEmailChange | Self::VerifyNewEmail => link_ttl::VERIFY,
        }
    }

    fn path(self, token: &str, callback: &str) -> String {
        let query = |path: &str| format!("{path}?token={token}&callbackURL={}", encode_component(callback));
        match self {
            Self::ResetPassword | Self::OperatorReset => {
                format!("/reset-password/{token}?callbackURL={}", encode_component(callback))
            }
            Self::DeleteAccount => query("/delete-user/callback"),
            Self::VerifyEmail | Self::ConfirmEmailChange | Self::VerifyNewEmail => query("/verify-email"),
        }
    }
}

/// The id under which a link is stored: the SHA-256 of its token.
pub(crate) fn link_id(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// What is signed in place of a code, so that only a keyed hash of it is stored: a million codes are soon tried. It is bound to
/// the link of the same mail.
pub(crate) fn code_message(link_id: &str, code: &VerificationCode) -> Zeroizing<String> {
    Zeroizing::new(format!("verification-code:{link_id}:{}", code.expose()))
}

/// A token of 192 random bits.
pub(crate) fn new_token(ports: &Ports) -> String {
    let mut bytes = [0; 24];
    ports.entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A link about to be mailed.
struct LinkMail<'a> {
    user: User,
    /// The recipient.
    to: String,
    purpose: LinkPurpose,
    callback: &'a str,
    new_email: Option<String>,
    /// The stored name of the browser that waits for the code.
    device_id: Option<&'a str>,
    /// Whether the link is stored but not sent.
    is_suppressed: bool,
}

impl MailQueue {
    /// Composes the mail that a request asks for, or drops the request when there is nobody to send it to.
    pub(super) async fn compose(
        &self,
        queued: &QueuedMail,
        request: &MailRequest,
    ) -> Result<(), InternalError> {
        if let MailRequest::SignUpAttempt { email } = request {
            return self.compose_sign_up_attempt(queued, email).await;
        }
        let draft = self.draft(request).await?;
        let allowed = match &draft {
            Some(draft) => self.may_send_to(draft.purpose.name(), &draft.to).await?,
            None => false,
        };
        self.record_reset_request(request, draft.as_ref(), allowed).await?;
        let Some(draft) = draft.filter(|_| allowed) else {
            return Ok(self.database.remove_mail(&queued.id).await?);
        };
        let token = new_token(&self.ports);
        let path = draft.purpose.path(&token, draft.callback);
        let url = format!("{}{}{path}", self.branding.origin, contract::routes::API);
        let stored = self.link(&draft, &token, queued);
        let code = self.code(&draft, &stored.id).await?;
        let (digits, code) = code.map(|(digits, code)| (digits.expose().to_owned(), code)).unzip();
        let Some(mail) = self.link_mail(&draft, Link { url, token, code: digits }) else {
            return Err(InternalError::Fault("a mail could not be encrypted".into()));
        };
        // Nothing is sent to an address that is taken, but who asked sees no difference.
        let mail = Some((&mail, code.as_ref())).filter(|_| !draft.is_suppressed);
        self.database.replace_request_with_mail(&queued.id, &stored, draft.purpose.replaces(), mail).await?;
        Ok(())
    }

    /// Records in the audit log that a link to set a password was asked for. Only now, because the request itself does not
    /// look for the user.
    async fn record_reset_request(
        &self,
        request: &MailRequest,
        draft: Option<&LinkMail<'_>>,
        allowed: bool,
    ) -> Result<(), InternalError> {
        let MailRequest::ResetPassword { device, .. } = request else { return Ok(()) };
        let (outcome, user_id) = match draft {
            Some(draft) if allowed => (DONE, Some(draft.user.id.as_str())),
            Some(draft) => ("enough-mail", Some(draft.user.id.as_str())),
            None => ("nobody", None),
        };
        self.events.record_now(EventKind::PasswordResetRequest, outcome, user_id, device).await
    }

    async fn compose_sign_up_attempt(&self, queued: &QueuedMail, email: &str) -> Result<(), InternalError> {
        let user = self.database.find_user_by_email(email).await?;
        if let Some(user) = user
            && let Some(mail) = self.notice(Some(&user.id), email, &MailTemplate::SignUpAttempt)
        {
            self.database.queue_mail(&mail).await?;
        }
        Ok(self.database.remove_mail(&queued.id).await?)
    }

    async fn draft<'a>(&self, request: &'a MailRequest) -> Result<Option<LinkMail<'a>>, InternalError> {
        Ok(match request {
            MailRequest::SignUpAttempt { .. } => None,
            MailRequest::ResetPassword { email, callback, .. } => {
                let user = self.database.find_user_by_email(email).await?;
                user.map(|user| LinkMail::to_user(user, LinkPurpose::ResetPassword, callback))
            }
            MailRequest::VerifyEmail { email, callback, device_id } => {
                let user = self.database.find_user_by_email(email).await?;
                let user = user.filter(|user| !user.email_verified);
                let draft = user.map(|user| LinkMail::to_user(user, LinkPurpose::VerifyEmail, callback));
                draft.map(|draft| LinkMail { device_id: device_id.as_deref(), ..draft })
            }
            MailRequest::DeleteAccount { user_id, callback } => {
                let user = self.database.find_user(user_id).await?;
                user.map(|user| LinkMail::to_user(user, LinkPurpose::DeleteAccount, callback))
            }
            MailRequest::ConfirmEmailChange { user_id, new_email, callback } => {
                let draft = self.change_of(user_id, new_email, callback, LinkPurpose::ConfirmEmailChange);
                draft.await?.map(|draft| LinkMail { to: draft.user.email.clone(), ..draft })
            }
            MailRequest::VerifyNewEmail { user_id, new_email, callback, device_id } => {
                let draft = self.change_of(user_id, new_email, callback, LinkPurpose::VerifyNewEmail);
                draft.await?.map(|draft| LinkMail { device_id: device_id.as_deref(), ..draft })
            }
        })
    }

    /// A change of address. Nothing is sent to a new address that belongs to somebody; who asked for it is not told.
    async fn change_of<'a>(
        &self,
        user_id: &str,
        new_email: &str,
        callback: &'a str,
        purpose: LinkPurpose,
    ) -> Result<Option<LinkMail<'a>>, InternalError> {
        let taken = self.database.find_user_by_email(new_email).await?.is_some();
        let user = self.database.find_user(user_id).await?;
        Ok(user.map(|user| LinkMail {
            user,
            to: new_email.to_owned(),
            purpose,
            callback,
            new_email: Some(new_email.to_owned()),
            device_id: None,
            is_suppressed: taken && purpose == LinkPurpose::VerifyNewEmail,
        }))
    }

    /// Whether the rate limit lets one more mail of this kind go to an address. Each kind is counted by itself, so that mail
    /// a stranger can cause does not keep away mail a reader needs.
    pub(super) async fn may_send_to(&self, kind: &str, email: &str) -> Result<bool, InternalError> {
        match self.limits.check(Rule::Recipient, &format!("{kind} {email}")).await {
            Ok(()) => Ok(true),
            Err(LimitError::Exceeded { .. }) => Ok(false),
            Err(LimitError::Failure(failure)) => Err(failure),
        }
    }

    fn link_mail(&self, draft: &LinkMail<'_>, link: Link) -> Option<QueuedMail> {
        let template = match draft.purpose {
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
        let message = self.branding.render(id.clone(), &draft.to, &template, self.ports.clock.now()).ok()?;
        self.seal(id, Some(&draft.user.id), &QueueItem::Message(message))
    }

    /// A code for the browser that waits, if the account knows that browser: in another one, the owner of the mailbox would have
    /// to set a new password, which takes the link.
    async fn code(
        &self,
        draft: &LinkMail<'_>,
        link_id: &str,
    ) -> Result<Option<(VerificationCode, NewCode)>, InternalError> {
        let Some(device_id) = draft.device_id else { return Ok(None) };
        if !self.database.knows_device(&draft.user.id, device_id).await? {
            return Ok(None);
        }
        let [a, b, c, d, ..] = self.ports.random_bytes();
        let code = VerificationCode::of(u32::from_be_bytes([a, b, c, d]));
        let expires_at = self.ports.clock.now().plus_seconds(link_ttl::CODE);
        let hash = self.secret.sign(&code_message(link_id, &code));
        Ok(Some((code, NewCode { device_id: device_id.to_owned(), hash, expires_at })))
    }

    fn link(&self, draft: &LinkMail<'_>, token: &str, queued: &QueuedMail) -> storage::Link {
        let now = self.ports.clock.now();
        storage::Link {
            id: link_id(token),
            user_id: draft.user.id.clone(),
            purpose: draft.purpose.name().to_owned(),
            email: draft.user.email.clone(),
            new_email: draft.new_email.clone(),
            created_at: queued.created_at,
            expires_at: now.plus_seconds(draft.purpose.lifetime()),
            used_at: None,
        }
    }
}

impl<'a> LinkMail<'a> {
    fn to_user(user: User, purpose: LinkPurpose, callback: &'a str) -> Self {
        let (to, new_email, device_id) = (user.email.clone(), None, None);
        Self { user, to, purpose, callback, new_email, device_id, is_suppressed: false }
    }
}

/// Letters, digits and `-_.~` stand for themselves (RFC 3986 section 2.3).
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode_component(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &UNRESERVED)
}
