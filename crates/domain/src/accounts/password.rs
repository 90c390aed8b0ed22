//! Changing a password by who knows it.

use contract::{Code, NewPassword, PasswordAttempt, Problem, Problems};
use storage::{NewPasswordHash, NewSession, Session, SignedIn, User};

use super::{Accounts, failures};
use crate::{
    ClientInfo, EventKind, InternalError, LimitError, MailTemplate, events::with_mails, rate_limits::Rule,
};

/// A reader wants another password.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The one in use.
    pub current: PasswordAttempt,
    /// The one wanted.
    pub new: NewPassword,
    /// Whether every other session ends; when nothing is said, they do, unless the reference's habits are followed.
    pub revoke_others: Option<bool>,
}

/// A password was changed.
#[derive(Debug)]
pub struct PasswordChanged {
    /// The reader.
    pub user: User,
    /// The session that takes the place of the reader's others, of the one that asked too.
    pub session: Option<Session>,
}

/// Why a password given again was not accepted.
#[derive(Debug)]
pub enum CheckPasswordError {
    /// It is not the reader's.
    WrongPassword,
    /// The account has none.
    NoPassword,
    /// Too many were tried.
    TooMany {
        /// Seconds until the next try.
        retry_after: u32,
    },
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why a password was not changed.
#[derive(Debug)]
pub enum ChangePasswordError {
    /// The current one was not accepted.
    Current(CheckPasswordError),
    /// The new one is not accepted.
    Refused(Problem),
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

impl Accounts {
    /// Changes a password, tells the reader by mail, and ends every link that was mailed to them.
    ///
    /// # Errors
    /// [`ChangePasswordError`]; then nothing is changed.
    pub async fn change_password(
        &self,
        command: ChangePassword,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<PasswordChanged, ChangePasswordError> {
        let user = &signed_in.user;
        let compared = self.password_of(signed_in, &command.current, EventKind::PasswordChange, visit);
        let compared = compared.await.map_err(ChangePasswordError::Current)?;
        let judged = self.rules.passwords.check_strength(&command.new, "newPassword", &self.about(user));
        judged.map_err(ChangePasswordError::Refused)?;
        let hash = self.ports.hasher.hash(command.new).await?;
        let revoke = command.revoke_others.unwrap_or(!self.rules.reference_habits);
        let session =
            revoke.then(|| self.sessions.new_session(&user.id, &visit.device, signed_in.session.remembered));
        let browser = visit.browser.as_ref().filter(|browser| browser.is_brought());
        let device = browser.map(|browser| browser.seen(&visit.device, self.events.now()));
        let opening =
            session.as_ref().map(|session| NewSession { session, replaced: None, device: device.as_ref() });
        let credential_id = self.ports.random_uuid().to_string();
        let password = NewPasswordHash { user_id: &user.id, credential_id: &credential_id, hash: &hash };
        let notice = self.post.notice(Some(&user.id), &user.email, &MailTemplate::PasswordChanged);
        let record = with_mails(self.events.done(EventKind::PasswordChange, &user.id, &visit.device), notice);
        if !self.database.change_password(&password, &compared, opening.as_ref(), &record).await? {
            // Changed by another request since it was compared.
            return Err(ChangePasswordError::Current(CheckPasswordError::WrongPassword));
        }
        self.after_commit(&record);
        let session = match session {
            Some(session) => Some(self.sessions.create_session_record(session, user.clone()).await.session),
            None => None,
        };
        let user = self.database.find_user(&user.id).await?.unwrap_or_else(|| user.clone());
        Ok(PasswordChanged { user, session })
    }

    /// Whether a password is the reader's.
    ///
    /// # Errors
    /// [`CheckPasswordError`] when it is not.
    pub async fn check_password(
        &self,
        attempt: &PasswordAttempt,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<(), CheckPasswordError> {
        self.password_of(signed_in, attempt, EventKind::PasswordCheck, visit).await.map(drop)
    }

    /// The hash of the reader's password, when the attempt matches it. Tries are counted for each session: who has taken
    /// one over cannot guess on, and does not keep the reader out of another.
    pub(super) async fn password_of(
        &self,
        signed_in: &SignedIn,
        attempt: &PasswordAttempt,
        kind: EventKind,
        visit: &ClientInfo,
    ) -> Result<String, CheckPasswordError> {
        let user = &signed_in.user;
        let hash = self.database.find_password(&user.id).await?.ok_or(CheckPasswordError::NoPassword)?;
        let counted = self.limits.count(Rule::Account, &signed_in.session.id).await;
        let counted = counted.map_err(|error| match error {
            LimitError::Exceeded { retry_after } => CheckPasswordError::TooMany { retry_after },
            LimitError::Failure(failure) => CheckPasswordError::Failure(failure),
        })?;
        let matches = match self.ports.hasher.verify(attempt.clone(), Some(hash.clone())).await {
            Ok(matches) => matches,
            Err(busy) => {
                self.limits.refund(counted).await?;
                return Err(busy.into());
            }
        };
        if !matches {
            self.events.record_now(kind, "wrong-password", Some(&user.id), &visit.device).await?;
            return Err(CheckPasswordError::WrongPassword);
        }
        self.limits.refund(counted).await?;
        Ok(hash)
    }
}

failures!(CheckPasswordError, ChangePasswordError);

impl CheckPasswordError {
    /// As a problem with the field the password stands in.
    pub fn on(self, field: &str) -> Problems {
        match self {
            Self::WrongPassword => Problem::on(Code::InvalidPassword, field).into(),
            Self::NoPassword => Problem::new(Code::CredentialAccountNotFound).into(),
            Self::TooMany { retry_after } => Problem::retry_in(Code::TooManyRequests, retry_after).into(),
            Self::Failure(failure) => failure.into(),
        }
    }
}

impl From<ChangePasswordError> for Problems {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Current(error) => error.on("currentPassword"),
            ChangePasswordError::Refused(problem) => problem.into(),
            ChangePasswordError::Failure(failure) => failure.into(),
        }
    }
}
