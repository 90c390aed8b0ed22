//! Who may sign up.

use contract::{Code, Email, Problem};

use super::{Accounts, SignUpError};
use crate::{ClientInfo, EventKind, mail::link_id};

/// Who may open an account by signing up. The operator's commands open accounts in every mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignUpMode {
    /// Anybody.
    #[default]
    Open,
    /// Who has an invitation.
    Invite,
    /// Who has an address of one of these domains, spelled as [`Email::domain`], and who has an invitation. An address shows
    /// that somebody belongs to its domain only once it is verified, so this needs
    /// [`super::AccountRules::require_verified_email`].
    Domains(Vec<String>),
    /// Nobody.
    Closed,
}

impl SignUpMode {
    /// Whether an account can be moved to this address: where accounts are for some domains, to another address of theirs.
    pub(crate) fn allows_change_to(&self, email: &Email) -> bool {
        match self {
            Self::Domains(domains) => is_of(domains, email),
            Self::Open | Self::Invite | Self::Closed => true,
        }
    }

    /// Refuses where nobody can sign up, before the rest of a form is looked at.
    ///
    /// # Errors
    /// `EMAIL_PASSWORD_SIGN_UP_DISABLED`.
    pub fn check_enabled(&self) -> Result<(), Problem> {
        if *self == Self::Closed { Err(Problem::new(Code::SignUpDisabled)) } else { Ok(()) }
    }
}

fn is_of(domains: &[String], email: &Email) -> bool {
    domains.iter().any(|domain| domain == email.domain())
}

impl Accounts {
    /// Decides whether an address may sign up; with the id of the invitation to use, where one is needed.
    pub(super) async fn admit(
        &self,
        email: &Email,
        token: Option<&str>,
        visit: &ClientInfo,
    ) -> Result<Option<String>, SignUpError> {
        let without_token = match &self.rules.sign_up {
            SignUpMode::Open => return Ok(None),
            SignUpMode::Domains(domains) if is_of(domains, email) => return Ok(None),
            SignUpMode::Closed => return self.refuse(SignUpError::Disabled, visit).await,
            SignUpMode::Invite => SignUpError::InvitationRequired,
            SignUpMode::Domains(_) => SignUpError::DomainNotAllowed,
        };
        let Some(token) = token else { return self.refuse(without_token, visit).await };
        let found = self.database.find_invitation(&link_id(token)).await?;
        let valid = found.filter(|invitation| {
            let is_for = |bound: &String| bound == email.as_str();
            invitation.expires_at > self.ports.clock.now() && invitation.email.as_ref().is_none_or(is_for)
        });
        match valid {
            Some(invitation) => Ok(Some(invitation.id)),
            None => self.refuse(SignUpError::InvalidInvitation, visit).await,
        }
    }

    /// Records that a sign-up was refused, about nobody.
    pub(super) async fn refuse<T>(&self, error: SignUpError, visit: &ClientInfo) -> Result<T, SignUpError> {
        let outcome = match &error {
            SignUpError::Disabled => "sign-up-disabled",
            SignUpError::InvitationRequired => "not-invited",
            SignUpError::InvalidInvitation => "invalid-invitation",
            SignUpError::DomainNotAllowed => "other-domain",
            SignUpError::EmailTaken
            | SignUpError::Refused(_)
            | SignUpError::TermsNotAccepted(_)
            | SignUpError::Failure(_) => return Err(error),
        };
        self.events.record_now(EventKind::SignUp, outcome, None, &visit.device).await?;
        Err(error)
    }
}
