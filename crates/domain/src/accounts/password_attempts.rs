//! The limit on guesses of a password, at sign-in and wherever the current password is asked for.

use contract::PasswordAttempt;
use storage::{Credentials, Session};

use super::{Accounts, failures};
use crate::{InternalError, LimitError, rate_limits::Rule};

/// What attempts are counted under.
pub(super) struct AttemptSubject(String);

/// Why a password was not verified.
pub(super) enum AttemptError {
    /// Too many wrong ones.
    TooMany {
        /// Seconds until the next attempt.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

failures!(AttemptError);

impl AttemptSubject {
    /// Sign-in at an address, whether or not it has an account, so that many clients together cannot guess. A known device
    /// of the account is counted separately, so that guesses of others do not lock its user out.
    pub(super) fn sign_in(email: &str, found: Option<&Credentials>, device_id: Option<&str>) -> Self {
        let known = found.zip(device_id).filter(|(credentials, _)| credentials.device_known);
        Self(known.map_or_else(
            || email.to_owned(),
            |(credentials, device)| format!("{} {device}", credentials.user.id),
        ))
    }

    /// The current password, asked for within a session: whoever has taken one over cannot guess, and does not lock the
    /// user out of another.
    pub(super) fn session(session: &Session) -> Self {
        Self(session.id.clone())
    }
}

impl Accounts {
    /// Whether the password matches. Counts the attempt, and takes the count back when the password was right or was
    /// never verified because the server is busy.
    pub(super) async fn verify_attempt(
        &self,
        subject: &AttemptSubject,
        password: &PasswordAttempt,
        hash: Option<&str>,
    ) -> Result<bool, AttemptError> {
        let counted =
            self.limits.count(Rule::PasswordAttempts, &subject.0).await.map_err(|error| match error {
                LimitError::Exceeded { retry_after } => AttemptError::TooMany { retry_after },
                LimitError::Failure(failure) => AttemptError::Failure(failure),
            })?;
        let verified = self.compare(password, hash).await;
        if !matches!(verified, Ok(false)) {
            self.limits.refund(counted).await?;
        }
        Ok(verified?)
    }
}
