//! Proving an address, and changing it.

use contract::{Code, Email, Problem, Problems};
use storage::{ConsumeOutcome, Link, NewSession, Session, SignedIn, User};

use super::{Accounts, failures};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    events::with_mails,
    mail::{LinkPurpose, MailRequest, link_id, new_token},
};

/// What a link did.
#[derive(Debug)]
pub enum EmailLinkOutcome {
    /// The address is proved, now or before. Where addresses have to be proved first, the reader is in.
    Address {
        /// The reader's session, opened with the first use of the link.
        session: Option<Session>,
    },
    /// The address is proved, but not in a browser that the password was ever given in, so that is gone: who has the
    /// mailbox sets another with this token.
    NewPasswordNeeded {
        /// As in a link to set a password.
        token: String,
    },
    /// The change is confirmed at the present address; a link is on its way to the new one.
    ChangeConfirmed,
    /// The address is the new one.
    Changed(User),
}

/// What a link would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailLinkKind {
    /// Prove the reader's address.
    Address,
    /// Agree, at the present address, to move the account to this one.
    MoveTo(String),
    /// Prove this address, which the account moves to.
    NewAddress(String),
}

/// Why no link was sent to prove an address.
#[derive(Debug)]
pub enum SendVerificationError {
    /// This Bookplate sends no mail.
    NoMail,
    /// The address is not that of the reader who asks.
    Mismatch,
    /// The reader who asks has proved it already.
    AlreadyVerified,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why a link did nothing.
#[derive(Debug)]
pub enum VerifyEmailError {
    /// It is unknown, used or replaced.
    InvalidToken,
    /// It is too old.
    Expired,
    /// It changes the address of another reader than the one whose browser opened it.
    OtherUser,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why no change of address was begun.
#[derive(Debug)]
pub enum ChangeEmailError {
    /// This Bookplate sends no mail.
    NoMail,
    /// The reader has this address already.
    Same,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

impl Accounts {
    /// Has a link mailed that proves an address. Who asks without a session is told nothing about the address, neither
    /// in words nor in time: whether it needs proving is found out later.
    ///
    /// # Errors
    /// [`SendVerificationError`].
    pub async fn send_verification(
        &self,
        email: &Email,
        callback: &str,
        asking: Option<&User>,
    ) -> Result<(), SendVerificationError> {
        if let Some(user) = asking {
            if user.email != email.as_str() {
                return Err(SendVerificationError::Mismatch);
            }
            if user.email_verified {
                return Err(SendVerificationError::AlreadyVerified);
            }
        }
        let request =
            MailRequest::VerifyEmail { email: email.as_str().to_owned(), callback: callback.to_owned() };
        let mail = self.post.request(asking.map(|user| user.id.as_str()), request);
        Ok(self.post.queue(&mail.ok_or(SendVerificationError::NoMail)?).await?)
    }

    /// Begins a change of address. An address that belongs to somebody answers like a free one, and gets nothing.
    ///
    /// # Errors
    /// [`ChangeEmailError`].
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
        let (user_id, new_email, callback) =
            (user.id.clone(), new_email.as_str().to_owned(), callback.to_owned());
        // Only a proved address can be asked whether it agrees.
        let request = if user.email_verified {
            MailRequest::ConfirmEmailChange { user_id, new_email, callback }
        } else {
            MailRequest::VerifyNewEmail { user_id, new_email, callback }
        };
        let mail = self.post.request(Some(&user.id), request).ok_or(ChangeEmailError::NoMail)?;
        let record =
            with_mails(self.events.done(EventKind::EmailChangeRequest, &user.id, &visit.device), [mail]);
        self.database.record(&record).await?;
        self.after_commit(&record);
        Ok(())
    }

    /// Does what a mailed link is for: proves an address, or carries a change of it one step on.
    ///
    /// # Errors
    /// [`VerifyEmailError`].
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
            self.confirm_change(&link, new_email, callback).await
        } else if is(LinkPurpose::VerifyNewEmail) {
            self.finish_change(&link, &new_email, visit).await
        } else {
            Err(VerifyEmailError::InvalidToken)
        }
    }

    /// What a mailed link would do. Looking does not spend it.
    ///
    /// # Errors
    /// [`VerifyEmailError`] when it would do nothing; one that has proved an address may be opened again.
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

    /// Counts an address as proved. Opening the link again changes nothing and is no error.
    async fn verify_email_and_sign_in(
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
        let lets_in = self.rules.require_verified_email
            && signed_in.is_none()
            && !user.ban.holds(self.ports.clock.now());
        let session = lets_in.then(|| self.sessions.new_session(&user.id, &visit.device, true));
        let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, self.events.now()));
        let opening =
            session.as_ref().map(|session| NewSession { session, replaced: None, device: device.as_ref() });
        let record = self.events.done(EventKind::EmailVerification, &user.id, &visit.device);
        if self.database.verify_email(link, opening.as_ref(), &record).await? != ConsumeOutcome::Now {
            return self.opened_elsewhere(link).await;
        }
        self.after_commit(&record);
        let session = match session {
            Some(session) => Some(self.sessions.create_session_record(session, user).await.session),
            None => None,
        };
        Ok(EmailLinkOutcome::Address { session })
    }

    /// A link that could not be used: either another request has used it in this very moment, or it is dead.
    async fn opened_elsewhere(&self, link: &Link) -> Result<EmailLinkOutcome, VerifyEmailError> {
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

    /// Whether a link that proves an address would let in whoever opens it in this browser, where addresses have to be
    /// proved first.
    ///
    /// # Errors
    /// [`InternalError`].
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

    /// Counts an address as proved by who has the mailbox, and forgets the password, which may be somebody else's.
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
        if self.database.verify_email_anew(link, &reset, &record).await? != ConsumeOutcome::Now {
            return self.opened_elsewhere(link).await;
        }
        self.after_commit(&record);
        Ok(EmailLinkOutcome::NewPasswordNeeded { token })
    }

    async fn confirm_change(
        &self,
        link: &Link,
        new_email: String,
        callback: &str,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let (user_id, callback) = (link.user_id.clone(), callback.to_owned());
        let request = MailRequest::VerifyNewEmail { user_id, new_email, callback };
        let mail = self.post.request(Some(&link.user_id), request).ok_or(VerifyEmailError::InvalidToken)?;
        if !self.database.consume_link_and_queue_mail(link, &mail).await? {
            return Err(VerifyEmailError::InvalidToken);
        }
        self.post.wake_up();
        Ok(EmailLinkOutcome::ChangeConfirmed)
    }

    async fn finish_change(
        &self,
        link: &Link,
        new_email: &str,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyEmailError> {
        let occasion = MailTemplate::EmailChanged { new_email: new_email.to_owned() };
        let notice = self.post.notice(Some(&link.user_id), &link.email, &occasion);
        let record =
            with_mails(self.events.done(EventKind::EmailChange, &link.user_id, &visit.device), notice);
        // An address that was taken meanwhile is not told apart: its owner's account is nobody's business.
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
            ChangeEmailError::Failure(failure) => failure.into(),
        }
    }
}
