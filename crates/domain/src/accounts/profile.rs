//! Profile and sign-in methods.

use contract::{AnswerInput, Code, Image, PersonName, Problem, Problems, Question};
use storage::{SignInMethod, User};

use super::{Accounts, failures};
use crate::InternalError;

/// The command to change a profile; `None` and [`AnswerInput::Absent`] leave a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<PersonName>,
    /// A new picture, or `None` to remove it.
    pub image: Option<Option<Image>>,
    /// New answers by question name.
    pub answers: Vec<(String, AnswerInput)>,
}

/// Why a profile change failed.
#[derive(Debug)]
pub enum UpdateProfileError {
    /// The request changes nothing.
    NothingToChange,
    /// An answer is invalid.
    Refused(Problems),
    /// The server failed.
    Failure(InternalError),
}

/// Why a sign-in method was not removed.
#[derive(Debug)]
pub enum UnlinkError {
    /// It is the only one.
    Last,
    /// The user has no such method.
    Unknown,
    /// The server failed.
    Failure(InternalError),
}

/// The most retries of a change that conflicts with others. One change succeeds in each round, so as many can run at once.
const MAX_RETRIES: usize = 32;

impl Accounts {
    /// Changes a profile. A concurrent change is applied to the result of the other.
    #[tracing::instrument(name = "accounts.update_profile", level = "debug", skip_all)]
    pub async fn update_profile(
        &self,
        user: &User,
        change: &ProfileChange,
    ) -> Result<User, UpdateProfileError> {
        if change.is_empty() {
            return Err(UpdateProfileError::NothingToChange);
        }
        let mut current = user.clone();
        for _ in 0..MAX_RETRIES {
            let changed = self.changed(&current, change)?;
            if self.database.update_profile(&changed, current.updated_at).await? {
                tracing::info!(user = %changed.id, "profile changed");
                return Ok(changed);
            }
            let Some(newer) = self.database.find_user(&user.id).await? else {
                return Err(UpdateProfileError::Refused(Problem::new(Code::Unauthorized).into()));
            };
            current = newer;
        }
        Err(UpdateProfileError::Failure(InternalError::Busy))
    }

    fn changed(&self, user: &User, change: &ProfileChange) -> Result<User, UpdateProfileError> {
        let answers = user.answers.with(&self.questions, |question| change.answer_for(question));
        let mut changed = user.clone();
        changed.answers = answers.map_err(UpdateProfileError::Refused)?;
        if let Some(name) = &change.name {
            changed.name = name.as_str().to_owned();
        }
        if let Some(image) = &change.image {
            changed.image = image.as_ref().map(|image| image.as_str().to_owned());
        }
        // Strictly later, because `updated_at` detects conflicts, also within one millisecond.
        let after = contract::Timestamp::from_millis(user.updated_at.millis().saturating_add(1));
        changed.updated_at = self.ports.clock.now().max(after);
        Ok(changed)
    }

    /// The sign-in methods of an account.
    #[tracing::instrument(name = "accounts.sign_in_methods", level = "debug", skip_all)]
    pub async fn sign_in_methods(&self, user: &User) -> Result<Vec<SignInMethod>, InternalError> {
        Ok(self.database.sign_in_methods(&user.id).await?)
    }

    /// Removes a sign-in method, but not the last one.
    #[tracing::instrument(name = "accounts.unlink", level = "debug", skip_all)]
    pub async fn unlink(&self, user: &User, id: &str) -> Result<(), UnlinkError> {
        let methods = self.database.sign_in_methods(&user.id).await?;
        if methods.len() <= 1 {
            return Err(UnlinkError::Last);
        }
        if !self.database.remove_sign_in_method(&user.id, id).await? {
            return Err(UnlinkError::Unknown);
        }
        Ok(())
    }
}

impl ProfileChange {
    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.image.is_none()
            && self.answers.iter().all(|(_, answer)| *answer == AnswerInput::Absent)
    }

    fn answer_for(&self, question: &Question) -> AnswerInput {
        let answer = self.answers.iter().find(|(name, _)| *name == question.name);
        answer.map_or(AnswerInput::Absent, |(_, answer)| answer.clone())
    }
}

failures!(UpdateProfileError, UnlinkError);

impl From<UpdateProfileError> for Problems {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::NothingToChange => Problem::new(Code::NoFieldsToUpdate).into(),
            UpdateProfileError::Refused(problems) => problems,
            UpdateProfileError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UnlinkError> for Problems {
    fn from(error: UnlinkError) -> Self {
        match error {
            UnlinkError::Last => Problem::new(Code::LastSignInMethod).into(),
            UnlinkError::Unknown => Problem::on(Code::SignInMethodNotFound, "accountId").into(),
            UnlinkError::Failure(failure) => failure.into(),
        }
    }
}
