//! Setting a password with a link that was mailed.

use contract::{Code, Email, NewPassword, Problem, Problems};
use storage::{ConsumeOutcome, Link, NewPasswordHash};

use super::{Accounts, failures};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    events::with_mails,
    mail::{LinkPurpose, MailRequest, link_id},
};

/// A password was set with a mailed link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordReset;

/// Why no link was asked for.
#[derive(Debug)]
pub enum RequestResetError {
    /// This Bookplate sends no mail.
    NoMail,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why a password was not set.
#[derive(Debug)]
pub enum ResetPasswordError {
    /// The link is unknown, used, replaced or too old.
    InvalidToken,
    /// The password is not accepted; the link stays good.
    Refused(Problem),
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

impl Accounts {
    /// Has a link to set a password mailed to who has this address, if anybody does. That is found out later, so the
    /// work here is the same for every address.
    ///
    /// # Errors
    /// [`RequestResetError`].
    pub async fn request_password_reset(
        &self,
        email: &Email,
        callback: &str,
        visit: &ClientInfo,
    ) -> Result<(), RequestResetError> {
        let (email, callback) = (email.as_str().to_owned(), callback.to_owned());
        let request = MailRequest::ResetPassword { email, callback, device: visit.device.clone() };
        let mail = self.post.request(None, request).ok_or(RequestResetError::NoMail)?;
        Ok(self.post.queue(&mail).await?)
    }

    /// Whether a link to set a password is good. Looking does not spend it.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn is_reset_link_valid(&self, token: &str) -> Result<bool, InternalError> {
        Ok(self.reset_link(token).await?.is_some())
    }

    /// Sets a password with a link: every session and every link of the reader ends, and the reader is told by mail. The
    /// browser is known from now on, so that strangers who guess at the account do not keep its reader out.
    ///
    /// # Errors
    /// [`ResetPasswordError`]; then nothing is changed.
    pub async fn reset_password(
        &self,
        token: &str,
        password: NewPassword,
        visit: &ClientInfo,
    ) -> Result<PasswordReset, ResetPasswordError> {
        let link = self.reset_link(token).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let user = self.database.find_user(&link.user_id).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let judged = self.rules.passwords.check_strength(&password, "newPassword", &self.about(&user));
        judged.map_err(ResetPasswordError::Refused)?;
        let hash = self.ports.hasher.hash(password).await?;
        let credential_id = self.ports.random_uuid().to_string();
        let new = NewPasswordHash { user_id: &user.id, credential_id: &credential_id, hash: &hash };
        let notice = self.post.notice(Some(&user.id), &user.email, &MailTemplate::PasswordChanged);
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
