//! Password reset by mail.

use contract::{Code, Email, NewPassword, Problem, Problems};
use storage::{ConsumeOutcome, Link, NewPasswordHash};

use super::{Accounts, failures};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    audit_log::with_mails,
    mail::{LinkPurpose, MailRequest, link_id},
};

/// The outcome of a password reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordReset;

/// Why no reset link was queued.
#[derive(Debug)]
pub enum RequestResetError {
    /// No mailer is configured.
    NoMail,
    /// The server failed.
    Failure(InternalError),
}

/// Why a password reset failed.
#[derive(Debug)]
pub enum ResetPasswordError {
    /// The link is unknown, used, replaced or expired.
    InvalidToken,
    /// The password is too weak; the link stays valid.
    Refused(Problem),
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Queues a reset link for an address. Whether it has an account is looked up later, so the work here is the same for
    /// every address.
    #[tracing::instrument(name = "accounts.request_password_reset", level = "debug", skip_all)]
    pub async fn request_password_reset(
        &self,
        email: &Email,
        callback: &str,
        visit: &ClientInfo,
    ) -> Result<(), RequestResetError> {
        let (email, callback) = (email.as_str().to_owned(), callback.to_owned());
        let request = MailRequest::ResetPassword { email, callback, device: visit.device.clone() };
        let mail = self.mail.request(None, request).ok_or(RequestResetError::NoMail)?;
        Ok(self.mail.queue(&mail).await?)
    }

    /// Whether a reset link is valid, without consuming it.
    #[tracing::instrument(name = "accounts.is_reset_link_valid", level = "debug", skip_all)]
    pub async fn is_reset_link_valid(&self, token: &str) -> Result<bool, InternalError> {
        Ok(self.reset_link(token).await?.is_some())
    }

    /// Sets a new password with a link, ends every session and link of the user, and notifies them by mail. The browser
    /// becomes a known device, so that guesses of others do not lock the user out.
    #[tracing::instrument(name = "accounts.reset_password", level = "debug", skip_all)]
    pub async fn reset_password(
        &self,
        token: &str,
        password: NewPassword,
        visit: &ClientInfo,
    ) -> Result<PasswordReset, ResetPasswordError> {
        let link = self.reset_link(token).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let user = self.database.find_user(&link.user_id).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let strength = self.rules.passwords.check_strength(&password, "newPassword", &self.about(&user));
        strength.map_err(ResetPasswordError::Refused)?;
        let hash = self.ports.hasher.hash(password).await?;
        let credential_id = self.ports.random_uuid().to_string();
        let new = NewPasswordHash { user_id: &user.id, credential_id: &credential_id, hash: &hash };
        let notice = self.mail.notice(Some(&user.id), &user.email, &MailTemplate::PasswordChanged);
        let record = with_mails(self.events.done(EventKind::PasswordReset, &user.id, &visit.device), notice);
        let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, self.events.now()));
        if self.database.reset_password(&link, &new, device.as_ref(), &record).await? != ConsumeOutcome::Now {
            return Err(ResetPasswordError::InvalidToken);
        }
        self.after_commit(&record);
        Ok(PasswordReset)
    }

    async fn reset_link(&self, token: &str) -> Result<Option<Link>, InternalError> {
        let link = self.database.find_link(&link_id(token)).await?;
        let now = self.ports.clock.now();
        let purposes = [LinkPurpose::ResetPassword.name(), LinkPurpose::OperatorReset.name()];
        Ok(link.filter(|link| purposes.contains(&link.purpose.as_str()) && link.expires_at > now))
    }
}

failures!(RequestResetError, ResetPasswordError);

impl From<RequestResetError> for Problems {
    fn from(error: RequestResetError) -> Self {
        match error {
            RequestResetError::NoMail => Problem::new(Code::ResetPasswordDisabled).into(),
            RequestResetError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ResetPasswordError> for Problems {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidToken => Problem::new(Code::InvalidResetToken).into(),
            ResetPasswordError::Refused(problem) => problem.into(),
            ResetPasswordError::Failure(failure) => failure.into(),
        }
    }
}
