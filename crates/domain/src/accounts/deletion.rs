//! Account deletion.

use contract::{Code, PasswordAttempt, Problem, Problems};
use storage::{SignedIn, User};

use super::{Accounts, failures, password::CheckPasswordError};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    audit_log::with_mails,
    mail::{LinkPurpose, MailRequest, link_id},
};

/// The command to delete an account.
#[derive(Debug, Clone, Default)]
pub struct DeleteAccount {
    /// The current password.
    pub password: Option<PasswordAttempt>,
    /// The token of a mailed link.
    pub token: Option<String>,
    /// Where such a link leads in the end.
    pub callback: String,
}

/// The outcome of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteAccountOutcome {
    /// The account was deleted.
    Now,
    /// A link that deletes it was mailed.
    ByMail,
}

/// Why an account was not deleted.
#[derive(Debug)]
pub enum DeleteAccountError {
    /// The password was refused.
    Password(CheckPasswordError),
    /// The link is unknown, used, expired or of another user.
    InvalidToken,
    /// Without a password, the session must be fresh.
    NotFresh,
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Deletes an account by password, by a mailed link, or from a fresh session. Where verification is required, a link is
    /// mailed instead, because whoever has the session and even the password may not have the address.
    #[tracing::instrument(name = "accounts.delete", level = "debug", skip_all)]
    pub async fn delete(
        &self,
        command: DeleteAccount,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<DeleteAccountOutcome, DeleteAccountError> {
        if let Some(password) = &command.password {
            let checked = self.password_of(signed_in, password, EventKind::Deletion, visit).await;
            checked.map_err(DeleteAccountError::Password)?;
        }
        if let Some(token) = &command.token {
            return self.delete_by_link(token, signed_in).await;
        }
        if self.rules.require_verified_email && self.mail.is_enabled() {
            return self.mail_deletion_link(&signed_in.user, command.callback, visit).await;
        }
        if command.password.is_none() && !self.sessions.is_fresh(&signed_in.session) {
            return Err(DeleteAccountError::NotFresh);
        }
        self.erase(&signed_in.user).await?;
        Ok(DeleteAccountOutcome::Now)
    }

    /// Deletes an account by a mailed link, opened where its user is signed in. The link of another user is not consumed.
    #[tracing::instrument(name = "accounts.delete_by_link", level = "debug", skip_all)]
    pub async fn delete_by_link(
        &self,
        token: &str,
        signed_in: &SignedIn,
    ) -> Result<DeleteAccountOutcome, DeleteAccountError> {
        let now = self.ports.clock.now();
        let link = self.database.find_link(&link_id(token)).await?;
        let valid = link.filter(|link| {
            link.purpose == LinkPurpose::DeleteAccount.name()
                && link.user_id == signed_in.user.id
                && link.expires_at > now
        });
        let link = valid.ok_or(DeleteAccountError::InvalidToken)?;
        if !self.database.take_link(&link, now).await? {
            return Err(DeleteAccountError::InvalidToken);
        }
        self.erase(&signed_in.user).await?;
        Ok(DeleteAccountOutcome::Now)
    }

    /// Queues a link that deletes the account.
    async fn mail_deletion_link(
        &self,
        user: &User,
        callback: String,
        visit: &ClientInfo,
    ) -> Result<DeleteAccountOutcome, DeleteAccountError> {
        let request = MailRequest::DeleteAccount { user_id: user.id.clone(), callback };
        let mail = self.mail.request(Some(&user.id), request);
        let record = with_mails(self.events.done(EventKind::DeletionRequest, &user.id, &visit.device), mail);
        self.database.record(&record).await?;
        self.after_commit(&record);
        Ok(DeleteAccountOutcome::ByMail)
    }

    /// Deletes an account with everything stored about it, and notifies its user by mail.
    pub(crate) async fn erase(&self, user: &User) -> Result<bool, InternalError> {
        let notice = self.mail.notice(None, &user.email, &MailTemplate::AccountDeleted);
        let record = with_mails(self.events.anonymous_deletion(), notice);
        let erased = self.database.delete_user(&user.id, &record).await?;
        if erased {
            self.after_commit(&record);
        }
        Ok(erased)
    }
}

failures!(DeleteAccountError);

impl From<DeleteAccountError> for Problems {
    fn from(error: DeleteAccountError) -> Self {
        match error {
            DeleteAccountError::Password(error) => error.on("password"),
            DeleteAccountError::InvalidToken => Problem::new(Code::InvalidDeletionToken).into(),
            DeleteAccountError::NotFresh => Problem::new(Code::SessionExpired).into(),
            DeleteAccountError::Failure(failure) => failure.into(),
        }
    }
}
