//! Verification and change of email addresses.

use contract::{Code, Email, Problem, Problems};
use storage::{ConsumeOutcome, Link, NewSession, Session, SignedIn, User};

use super::{Accounts, failures};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    audit_log::with_mails,
    mail::{LinkPurpose, MailRequest, link_id, new_token},
};

/// What opening a mailed link did.
#[derive(Debug)]
pub enum EmailLinkOutcome {
    /// The address is verified. Where verification is required, the user is signed in.
    Address {
        /// The session, opened at the first use of the link.
        session: Option<Session>,
    },
    /// The address is verified, but in a browser in which the password was never given. The password is revoked, because it
    /// may be a stranger's, and the owner of the mailbox sets a new one.
    NewPasswordNeeded {
        /// A token as in a password reset link.
        token: String,
    },
    /// The current address confirmed the change; a link was mailed to the new one.
    ChangeConfirmed,
    /// The address was changed.
    Changed(User),
}

/// What opening a mailed link would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailLinkKind {
    /// Verify the address.
    Address,
    /// Confirm, at the current address, the change to this one.
    MoveTo(String),
    /// Verify this new address and finish the change.
    NewAddress(String),
}

/// Why no verification link was sent.
#[derive(Debug)]
pub enum SendVerificationError {
    /// No mailer is configured.
    NoMail,
    /// The address is not that of the signed-in user.
    Mismatch,
    /// The address of the signed-in user is verified already.
    AlreadyVerified,
    /// The server failed.
    Failure(InternalError),
}

/// Why a link was refused.
#[derive(Debug)]
pub enum VerifyEmailError {
    /// The link is unknown, used or replaced.
    InvalidToken,
    /// The link has expired.
    Expired,
    /// The link is of another user than the signed-in one.
    OtherUser,
    /// The server failed.
    Failure(InternalError),
}

/// Why no change of address was started.
#[derive(Debug)]
pub enum ChangeEmailError {
    /// No mailer is configured.
    NoMail,
    /// It is the current address.
    Same,
    /// Accounts are for addresses of other domains.
    DomainNotAllowed,
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Queues a verification link. Without a session, nothing about the address is revealed, not even by timing: whether it
    /// is unverified is looked up later.
    #[tracing::instrument(name = "accounts.send_verification", level = "debug", skip_all)]
    pub async fn send_verification(
        &self,
        email: &Email,
        callback: &str,
        asking: Option<&User>,
        visit: &ClientInfo,
    ) -> Result<(), SendVerificationError> {
        if let Some(user) = asking {
            if user.email != email.as_str() {
                return Err(SendVerificationError::Mismatch);
            }
            if user.email_verified {
                return Err(SendVerificationError::AlreadyVerified);
            }
        }
        let request = MailRequest::VerifyEmail {
            email: email.as_str().to_owned(),
            callback: callback.to_owned(),
            device_id: visit.device_id(),
        };
        let mail = self.mail.request(asking.map(|user| user.id.as_str()), request);
        Ok(self.mail.queue(&mail.ok_or(SendVerificationError::NoMail)?).await?)
    }

    /// Starts a change of address. A taken address gets the same outcome as a free one, but no mail.
    #[tracing::instrument(name = "accounts.change_email", level = "debug", skip_all)]
    pub async fn change_email(
        &self,
        new_email: &Email,
        callback: &str,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<(), ChangeEmailError> {
        let user = &signed_in.user;
        if user.email == new_email.as_str() {
            return Err(ChangeEmailError::Same);
        }
        if !self.rules.sign_up.allows_change_to(new_email) {
            return Err(ChangeEmailError::DomainNotAllowed);
        }
        let (user_id, new_email, callback) =
            (user.id.clone(), new_email.as_str().to_owned(), callback.to_owned());
        // Only a verified address can confirm the change.
        let request = if user.email_verified {
            MailRequest::ConfirmEmailChange { user_id, new_email, callback }
        } else {
            MailRequest::VerifyNewEmail { user_id, new_email, callback, device_id: visit.device_id() }
        };
        let mail = self.mail.request(Some(&user.id), request).ok_or(ChangeEmailError::NoMail)?;
        let record =
            with_mails(self.events.done(EventKind::EmailChangeRequest, &user.id, &visit.device), [mail]);
        self.database.record(&record).await?;
        self.after_commit(&record);
        Ok(())
    }

    /// Opens a mailed link: verifies an address, or takes the next step of a change.
    #[tracing::instrument(name = "accounts.verify_email", level = "debug", skip_all)]
    pub async fn verify_email(
        &self,
        token: &str,
        callback: &str,
        signed_in: Option<&SignedIn>,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let link = self.database.find_link(&link_id(token)).await?.ok_or(VerifyEmailError::InvalidToken)?;
        let is = |purpose: LinkPurpose| link.purpose == purpose.name();
        if link.expires_at <= self.ports.clock.now() {
            return Err(VerifyEmailError::Expired);
        }
        if is(LinkPurpose::VerifyEmail) {
            return self.verify_email_and_sign_in(&link, signed_in, visit).await;
        }
        if signed_in.is_some_and(|signed_in| signed_in.user.id != link.user_id) {
            return Err(VerifyEmailError::OtherUser);
        }
        let new_email = link.new_email.clone().ok_or(VerifyEmailError::InvalidToken)?;
        if is(LinkPurpose::ConfirmEmailChange) {
            self.confirm_change(&link, new_email, callback, visit).await
        } else if is(LinkPurpose::VerifyNewEmail) {
            self.finish_change(&link, &new_email, visit).await
        } else {
            Err(VerifyEmailError::InvalidToken)
        }
    }

    /// What opening a mailed link would do, without consuming it. A verification link may be opened again.
    #[tracing::instrument(name = "accounts.inspect_link", level = "debug", skip_all)]
    pub async fn inspect_link(&self, token: &str) -> Result<EmailLinkKind, VerifyEmailError> {
        let link = self.database.find_link(&link_id(token)).await?.ok_or(VerifyEmailError::InvalidToken)?;
        if link.expires_at <= self.ports.clock.now() {
            return Err(VerifyEmailError::Expired);
        }
        let is = |purpose: LinkPurpose| link.purpose == purpose.name();
        match &link.new_email {
            _ if is(LinkPurpose::VerifyEmail) => Ok(EmailLinkKind::Address),
            Some(new_email) if is(LinkPurpose::ConfirmEmailChange) => {
                Ok(EmailLinkKind::MoveTo(new_email.clone()))
            }
            Some(new_email) if is(LinkPurpose::VerifyNewEmail) => {
                Ok(EmailLinkKind::NewAddress(new_email.clone()))
            }
            _ => Err(VerifyEmailError::InvalidToken),
        }
    }

    /// Marks the address as verified, and signs in where verification is required. Opening the link again is no error.
    pub(super) async fn verify_email_and_sign_in(
        &self,
        link: &Link,
        signed_in: Option<&SignedIn>,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let user = self.database.find_user(&link.user_id).await?.ok_or(VerifyEmailError::InvalidToken)?;
        if user.email != link.email {
            return Err(VerifyEmailError::InvalidToken);
        }
        if link.used_at.is_some() {
            return Ok(EmailLinkOutcome::Address { session: None });
        }
        if self.rules.require_verified_email && !self.is_own_browser(&user, visit).await? {
            return self.verify_email_in_other_browser(link, visit).await;
        }
        let signs_in = self.rules.require_verified_email
            && signed_in.is_none()
            && !user.ban.holds(self.ports.clock.now());
        let session = signs_in.then(|| self.sessions.new_session(&user.id, &visit.device, true));
        let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, self.events.now()));
        let new_session =
            session.as_ref().map(|session| NewSession { session, replaced: None, device: device.as_ref() });
        let record = self.events.done(EventKind::EmailVerification, &user.id, &visit.device);
        if self.database.verify_email(link, new_session.as_ref(), &record).await? != ConsumeOutcome::Now {
            return self.concurrently_used(link).await;
        }
        self.after_commit(&record);
        let session = match session {
            Some(session) => Some(self.sessions.create_session_record(session, user).await.session),
            None => None,
        };
        Ok(EmailLinkOutcome::Address { session })
    }

    /// The outcome for a link that could not be consumed: another request has just used it, or it is invalid.
    async fn concurrently_used(&self, link: &Link) -> Result<EmailLinkOutcome, VerifyEmailError> {
        match self.database.find_link(&link.id).await? {
            Some(link) if link.used_at.is_some() => Ok(EmailLinkOutcome::Address { session: None }),
            _ => Err(VerifyEmailError::InvalidToken),
        }
    }

    /// Whether the password was given in this browser, at sign-up or later.
    async fn is_own_browser(&self, user: &User, visit: &ClientInfo) -> Result<bool, InternalError> {
        match &visit.browser {
            Some(browser) => Ok(self.database.knows_device(&user.id, &browser.stored_name()).await?),
            None => Ok(false),
        }
    }

    /// Whether a verification link would sign this browser in, where verification is required.
    #[tracing::instrument(name = "accounts.link_signs_in_this_browser", level = "debug", skip_all)]
    pub async fn link_signs_in_this_browser(
        &self,
        token: &str,
        visit: &ClientInfo,
    ) -> Result<bool, InternalError> {
        let Some(link) = self.database.find_link(&link_id(token)).await? else { return Ok(false) };
        match self.database.find_user(&link.user_id).await? {
            Some(user) => self.is_own_browser(&user, visit).await,
            None => Ok(false),
        }
    }

    /// Marks the address as verified and revokes the password, which may be a stranger's.
    async fn verify_email_in_other_browser(
        &self,
        link: &Link,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let token = new_token(&self.ports);
        let now = self.ports.clock.now();
        let reset = Link {
            id: link_id(&token),
            purpose: LinkPurpose::ResetPassword.name().to_owned(),
            created_at: now,
            expires_at: now.plus_seconds(LinkPurpose::ResetPassword.lifetime()),
            ..link.clone()
        };
        let record = self.events.done(EventKind::EmailVerification, &link.user_id, &visit.device);
        if self.database.verify_email_and_revoke_password(link, &reset, &record).await? != ConsumeOutcome::Now
        {
            return self.concurrently_used(link).await;
        }
        self.after_commit(&record);
        Ok(EmailLinkOutcome::NewPasswordNeeded { token })
    }

    async fn confirm_change(
        &self,
        link: &Link,
        new_email: String,
        callback: &str,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let (user_id, callback) = (link.user_id.clone(), callback.to_owned());
        let request =
            MailRequest::VerifyNewEmail { user_id, new_email, callback, device_id: visit.device_id() };
        let mail = self.mail.request(Some(&link.user_id), request).ok_or(VerifyEmailError::InvalidToken)?;
        if !self.database.consume_link_and_queue_mail(link, &mail).await? {
            return Err(VerifyEmailError::InvalidToken);
        }
        self.mail.wake_up();
        Ok(EmailLinkOutcome::ChangeConfirmed)
    }

    pub(super) async fn finish_change(
        &self,
        link: &Link,
        new_email: &str,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let template = MailTemplate::EmailChanged { new_email: new_email.to_owned() };
        let notice = self.mail.notice(Some(&link.user_id), &link.email, &template);
        let record =
            with_mails(self.events.done(EventKind::EmailChange, &link.user_id, &visit.device), notice);
        // An address taken meanwhile fails like an invalid link, so that its account is not revealed.
        if self.database.change_email(link, new_email, &record).await? != ConsumeOutcome::Now {
            return Err(VerifyEmailError::InvalidToken);
        }
        self.after_commit(&record);
        let user = self.database.find_user(&link.user_id).await?.ok_or(VerifyEmailError::InvalidToken)?;
        Ok(EmailLinkOutcome::Changed(user))
    }
}

failures!(SendVerificationError, VerifyEmailError, ChangeEmailError);

impl From<SendVerificationError> for Problems {
    fn from(error: SendVerificationError) -> Self {
        match error {
            SendVerificationError::NoMail => Problem::new(Code::VerificationEmailNotEnabled).into(),
            SendVerificationError::Mismatch => Problem::on(Code::EmailMismatch, "email").into(),
            SendVerificationError::AlreadyVerified => Problem::new(Code::EmailAlreadyVerified).into(),
            SendVerificationError::Failure(failure) => failure.into(),
        }
    }
}

impl From<VerifyEmailError> for Problems {
    fn from(error: VerifyEmailError) -> Self {
        Problem::from(error).into()
    }
}

impl From<VerifyEmailError> for Problem {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::InvalidToken => Self::new(Code::InvalidVerificationToken),
            VerifyEmailError::Expired => Self::new(Code::TokenExpired),
            VerifyEmailError::OtherUser => Self::new(Code::InvalidUser),
            VerifyEmailError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ChangeEmailError> for Problems {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::NoMail => Problem::new(Code::ChangeEmailDisabled).into(),
            ChangeEmailError::Same => Problem::on(Code::EmailIsTheSame, "newEmail").into(),
            ChangeEmailError::DomainNotAllowed => Problem::on(Code::EmailDomainNotAllowed, "newEmail").into(),
            ChangeEmailError::Failure(failure) => failure.into(),
        }
    }
}
