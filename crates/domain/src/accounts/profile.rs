//! What a reader says about themselves, and the ways in.

use contract::{AnswerInput, Code, Image, PersonName, Problem, Problems, Question};
use storage::{SignInMethod, User};

use super::{Accounts, failures};
use crate::InternalError;

/// What a reader changes about the profile; `None` and [`AnswerInput::Absent`] leave a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<PersonName>,
    /// A new picture, or none.
    pub image: Option<Option<Image>>,
    /// New answers by question name.
    pub answers: Vec<(String, AnswerInput)>,
}

/// Why a profile was not changed.
#[derive(Debug)]
pub enum UpdateProfileError {
    /// The request names nothing that can be changed.
    NothingToChange,
    /// Answers that the questions do not accept.
    Refused(Problems),
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why a way to sign in was not taken away.
#[derive(Debug)]
pub enum UnlinkError {
    /// It is the only one.
    Last,
    /// The reader has no such way.
    Unknown,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Tries at a profile that other requests are changing at the same time. Each round lets one of them through, so this is
/// how many may come at once.
const UPDATE_TRIES: usize = 32;

impl Accounts {
    /// Changes what a reader says about themselves.
    ///
    /// Two changes at once both come through: the second is applied to what the first left.
    ///
    /// # Errors
    /// [`UpdateProfileError`]; then nothing is changed.
    pub async fn update_profile(
        &self,
        user: &User,
        change: &ProfileChange,
    ) -> Result<User, UpdateProfileError> {
        if change.is_empty() {
            return Err(UpdateProfileError::NothingToChange);
        }
        let mut current = user.clone();
        for _ in 0..UPDATE_TRIES {
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
        // Strictly later, so that two changes within one millisecond do not overlook each other.
        let after = contract::Timestamp::from_millis(user.updated_at.millis().saturating_add(1));
        changed.updated_at = self.ports.clock.now().max(after);
        Ok(changed)
    }

    /// The ways a reader can sign in.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn sign_in_methods(&self, user: &User) -> Result<Vec<SignInMethod>, InternalError> {
        Ok(self.database.sign_in_methods(&user.id).await?)
    }

    /// Takes a way to sign in away from a reader.
    ///
    /// # Errors
    /// [`UnlinkError`].
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
        let heard = self.answers.iter().find(|(name, _)| *name == question.name);
        heard.map_or(AnswerInput::Absent, |(_, answer)| answer.clone())
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
