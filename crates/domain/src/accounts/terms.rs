//! The author's terms: which version a user has accepted.

use contract::{Code, Problem, Problems};
use storage::{AcceptedTerms, User};

use super::{AccountRules, Accounts, failures};
use crate::{ClientInfo, EventKind, InternalError};

/// Why no acceptance was recorded.
#[derive(Debug)]
pub enum AcceptTermsError {
    /// Not the current version, or none is asked for.
    OtherVersion,
    /// The server failed.
    Failure(InternalError),
}

impl AccountRules {
    /// Checks what a sign-up says of the terms: whether they are accepted, and which version the reader was shown, when it
    /// says that. Without terms to accept, everything passes.
    ///
    /// # Errors
    /// `TERMS_NOT_ACCEPTED`, about the field `acceptedTerms`.
    pub fn check_terms(&self, accepted: bool, version: Option<&str>) -> Result<(), Problem> {
        let Some(current) = self.terms_version.as_deref() else { return Ok(()) };
        if accepted && version.is_none_or(|shown| shown == current) {
            Ok(())
        } else {
            Err(Problem::on(Code::TermsNotAccepted, "acceptedTerms"))
        }
    }
}

impl Accounts {
    /// Whether a user still has to accept the current version of the terms.
    #[tracing::instrument(name = "accounts.must_accept_terms", level = "debug", skip_all)]
    pub async fn must_accept_terms(&self, user: &User) -> Result<bool, InternalError> {
        match &self.rules.terms_version {
            Some(version) => Ok(!self.database.has_accepted_terms(&user.id, version).await?),
            None => Ok(false),
        }
    }

    /// The versions of the terms that a user has accepted, the oldest first.
    #[tracing::instrument(name = "accounts.accepted_terms", level = "debug", skip_all)]
    pub async fn accepted_terms(&self, user: &User) -> Result<Vec<AcceptedTerms>, InternalError> {
        Ok(self.database.accepted_terms_of(&user.id).await?)
    }

    /// Records that a user accepts the current version of the terms. Accepting it again changes nothing.
    ///
    /// # Errors
    /// [`AcceptTermsError::OtherVersion`], so that nobody accepts what they were not shown.
    #[tracing::instrument(name = "accounts.accept_terms", level = "debug", skip_all)]
    pub async fn accept_terms(
        &self,
        version: &str,
        user: &User,
        visit: &ClientInfo,
    ) -> Result<(), AcceptTermsError> {
        if self.rules.terms_version.as_deref() != Some(version) {
            return Err(AcceptTermsError::OtherVersion);
        }
        let record = self.events.done(EventKind::TermsAcceptance, &user.id, &visit.device);
        if self.database.accept_terms(&user.id, version, &record).await? {
            self.after_commit(&record);
        }
        Ok(())
    }
}

failures!(AcceptTermsError);

impl From<AcceptTermsError> for Problem {
    fn from(error: AcceptTermsError) -> Self {
        match error {
            AcceptTermsError::OtherVersion => Self::on(Code::TermsNotAccepted, "acceptedTerms"),
            AcceptTermsError::Failure(failure) => failure.into(),
        }
    }
}

impl From<AcceptTermsError> for Problems {
    fn from(error: AcceptTermsError) -> Self {
        Problem::from(error).into()
    }
}
