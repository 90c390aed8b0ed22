//! Change and check of a password.

use contract::{Code, NewPassword, PasswordAttempt, Problem, Problems};
use storage::{NewPasswordHash, NewSession, Session, SignedIn, User};

use super::{
    Accounts, failures,
    password_attempts::{AttemptError, AttemptSubject},
};
use crate::{ClientInfo, EventKind, InternalError, MailTemplate, audit_log::with_mails};

/// The command to change a password.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The current password.
    pub current: PasswordAttempt,
    /// The new password.
    pub new: NewPassword,
    /// Whether to end every other session; by default yes, except in compatibility mode.
    pub revoke_others: Option<bool>,
}

/// The outcome of a password change.
#[derive(Debug)]
pub struct PasswordChanged {
    /// The user.
    pub user: User,
    /// The session that replaces all others, the requesting one too.
    pub session: Option<Session>,
}

/// Why the current password was refused.
#[derive(Debug)]
pub enum CheckPasswordError {
    /// It is wrong.
    WrongPassword,
    /// The account has no password.
    NoPassword,
    /// Too many attempts.
    TooMany {
        /// Seconds until the next attempt.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

/// Why a password change failed.
#[derive(Debug)]
pub enum ChangePasswordError {
    /// The current password was refused.
    Current(CheckPasswordError),
    /// The new password is too weak.
    Refused(Problem),
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Changes a password, notifies the user by mail, and invalidates every link that was mailed to them.
    #[tracing::instrument(name = "accounts.change_password", level = "debug", skip_all)]
    pub async fn change_password(
        &self,
        command: ChangePassword,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<PasswordChanged, ChangePasswordError> {
        let user = &signed_in.user;
        let current = self.password_of(signed_in, &command.current, EventKind::PasswordChange, visit);
        let current = current.await.map_err(ChangePasswordError::Current)?;
        let strength = self.rules.passwords.check_strength(&command.new, "newPassword", &self.about(user));
        strength.map_err(ChangePasswordError::Refused)?;
        let hash = self.ports.hasher.hash(command.new).await?;
        let revoke = command.revoke_others.unwrap_or(!self.rules.reference_habits);
        let session =
            revoke.then(|| self.sessions.new_session(&user.id, &visit.device, signed_in.session.remembered));
        let browser = visit.browser.as_ref().filter(|browser| browser.was_sent());
        let device = browser.map(|browser| browser.seen(&visit.device, self.events.now()));
        let new_session =
            session.as_ref().map(|session| NewSession { session, replaced: None, device: device.as_ref() });
        let credential_id = self.ports.random_uuid().to_string();
        let password = NewPasswordHash { user_id: &user.id, credential_id: &credential_id, hash: &hash };
        let notice = self.mail.notice(Some(&user.id), &user.email, &MailTemplate::PasswordChanged);
        let record = with_mails(self.events.done(EventKind::PasswordChange, &user.id, &visit.device), notice);
        if !self.database.change_password(&password, &current, new_session.as_ref(), &record).await? {
            // Another request has changed it since it was verified.
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

    /// Checks the current password.
    #[tracing::instrument(name = "accounts.check_password", level = "debug", skip_all)]
    pub async fn check_password(
        &self,
        attempt: &PasswordAttempt,
        signed_in: &SignedIn,
        visit: &ClientInfo,
    ) -> Result<(), CheckPasswordError> {
        self.password_of(signed_in, attempt, EventKind::PasswordCheck, visit).await.map(drop)
    }

    /// The hash of the password, if the attempt matches it.
    pub(super) async fn password_of(
        &self,
        signed_in: &SignedIn,
        attempt: &PasswordAttempt,
        kind: EventKind,
        visit: &ClientInfo,
    ) -> Result<String, CheckPasswordError> {
        let user = &signed_in.user;
        let hash = self.database.find_password(&user.id).await?.ok_or(CheckPasswordError::NoPassword)?;
        let subject = AttemptSubject::session(&signed_in.session);
        let matches = match self.verify_attempt(&subject, attempt, Some(&hash)).await {
            Ok(matches) => matches,
            Err(AttemptError::TooMany { retry_after }) => {
                return Err(CheckPasswordError::TooMany { retry_after });
            }
            Err(AttemptError::Failure(failure)) => return Err(failure.into()),
        };
        if !matches {
            self.events.record_now(kind, "wrong-password", Some(&user.id), &visit.device).await?;
            return Err(CheckPasswordError::WrongPassword);
        }
        Ok(hash)
    }
}

failures!(CheckPasswordError, ChangePasswordError);

impl CheckPasswordError {
    /// The problem on the field of the password.
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
