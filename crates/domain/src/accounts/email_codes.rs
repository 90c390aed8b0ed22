//! Verification of an address by the code that is mailed beside the link.

use contract::{Code, Problem, Problems, VerificationCode};
use storage::{GuessedCode, SignedIn};

use super::{Accounts, EmailLinkOutcome, VerifyEmailError};
use crate::{
    ClientInfo, EventKind, InternalError, LimitError,
    audit_log::TOO_MANY,
    mail::{LinkPurpose, code_message},
    rate_limits::Rule,
};

/// Wrong guesses after which a code is dead; its link goes on working.
const MAX_GUESSES: i64 = 5;
/// The outcome of a wrong code in the audit log.
const WRONG_CODE: &str = "wrong-code";

/// Why a code was refused.
#[derive(Debug)]
pub enum VerifyCodeError {
    /// It is wrong, used, replaced or dead, or this browser waits for none; which of these is not revealed.
    WrongCode,
    /// Too many wrong codes for this account.
    TooMany {
        /// Seconds until the next attempt.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Verifies an address as its mailed link would, by the code of the same mail. A code counts only in the browser that waits
    /// for it, recognised by its cookie of 128 bits; where no account waits there, a guess does the same work and fails alike.
    #[tracing::instrument(name = "accounts.verify_email_code", level = "debug", skip_all)]
    pub async fn verify_email_code(
        &self,
        code: &VerificationCode,
        signed_in: Option<&SignedIn>,
        visit: &ClientInfo,
    ) -> Result<EmailLinkOutcome, VerifyCodeError> {
        let device_id = visit.device_id().unwrap_or_default();
        let user_id = signed_in.map_or("", |signed_in| signed_in.user.id.as_str());
        let now = self.ports.clock.now();
        let guessed = self.database.count_code_guess(&device_id, user_id, now, MAX_GUESSES).await?;
        let known = guessed.as_ref().map(|guessed| guessed.link.user_id.as_str());
        let attempt = match self.limits.count(Rule::CodeGuesses, known.unwrap_or(&device_id)).await {
            Ok(attempt) => attempt,
            Err(LimitError::Exceeded { retry_after }) => {
                let kind = EventKind::EmailVerification;
                self.events.record_now(kind, TOO_MANY, known, &visit.device).await?;
                return Err(VerifyCodeError::TooMany { retry_after });
            }
            Err(LimitError::Failure(failure)) => return Err(failure.into()),
        };
        let Some(GuessedCode { link, .. }) = guessed.as_ref().filter(|guessed| self.is_code(guessed, code))
        else {
            self.events.record_now(EventKind::EmailVerification, WRONG_CODE, known, &visit.device).await?;
            return Err(VerifyCodeError::WrongCode);
        };
        self.limits.refund(attempt).await?;
        let verified = match &link.new_email {
            None if link.purpose == LinkPurpose::VerifyEmail.name() => {
                self.verify_email_and_sign_in(link, signed_in, visit).await
            }
            Some(new_email) if link.purpose == LinkPurpose::VerifyNewEmail.name() => {
                self.finish_change(link, new_email, visit).await
            }
            _ => Err(VerifyEmailError::InvalidToken),
        };
        verified.map_err(|error| match error {
            VerifyEmailError::Failure(failure) => failure.into(),
            // Another request has just used or replaced the link.
            VerifyEmailError::InvalidToken | VerifyEmailError::Expired | VerifyEmailError::OtherUser => {
                VerifyCodeError::WrongCode
            }
        })
    }

    /// Whether this is the code of the mail, in constant time.
    fn is_code(&self, guessed: &GuessedCode, code: &VerificationCode) -> bool {
        self.sessions.secret().signed(&code_message(&guessed.link.id, code), &guessed.hash)
    }
}

impl<E: Into<InternalError>> From<E> for VerifyCodeError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl From<VerifyCodeError> for Problems {
    fn from(error: VerifyCodeError) -> Self {
        match error {
            VerifyCodeError::WrongCode => {
                Problem::on(Code::InvalidVerificationCode, VerificationCode::FIELD).into()
            }
            VerifyCodeError::TooMany { retry_after } => {
                Problem::retry_in(Code::TooManyRequests, retry_after).into()
            }
            VerifyCodeError::Failure(failure) => failure.into(),
        }
    }
}
