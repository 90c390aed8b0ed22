//! Readers' accounts: sign-up, sign-in, profile.

use std::sync::Arc;

use contract::{
    AnswerInput, Answers, Code, Email, Image, NewPassword, PasswordAttempt, PersonName, Problem, Problems,
    Question, Questions,
};
use storage::{Database, NewAccount, SignedIn, User};

use crate::{Failure, Ports, Sessions, Visit};

/// Opens accounts, lets readers in and keeps their profiles.
#[derive(Debug)]
pub struct Accounts {
    database: Database,
    ports: Ports,
    questions: Arc<Questions>,
    sessions: Sessions,
}

/// A reader wants an account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// May be empty.
    pub name: PersonName,
    /// The address that will name the account.
    pub email: Email,
    /// What will open it.
    pub password: NewPassword,
    /// Address of a picture.
    pub image: Option<Image>,
    /// Answers to the background questions.
    pub answers: Answers,
    /// Whether the session outlives the browser window.
    pub remember: bool,
}

/// A reader wants in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The address that names the account.
    pub email: Email,
    /// What is said to open it.
    pub password: PasswordAttempt,
    /// Whether the session outlives the browser window.
    pub remember: bool,
}

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

/// An account was opened and its reader is in.
pub type SignedUp = SignedIn;

/// Why an account was not opened.
#[derive(Debug)]
pub enum SignUpError {
    /// The address has an account.
    EmailTaken,
    /// Nothing was wrong with the request.
    Failure(Failure),
}

/// Why a reader was not let in.
#[derive(Debug)]
pub enum SignInError {
    /// No account with this address and password. Never says which.
    WrongCredentials,
    /// Nothing was wrong with the request.
    Failure(Failure),
}

/// Why a profile was not changed.
#[derive(Debug)]
pub enum UpdateProfileError {
    /// The request names nothing that can be changed.
    NothingToChange,
    /// Answers that the questions do not accept.
    Refused(Problems),
    /// Nothing was wrong with the request.
    Failure(Failure),
}

/// Tries at a profile that other requests are changing at the same time. Each round lets one of them through, so this is
/// how many may come at once.
const UPDATE_TRIES: usize = 32;

impl Accounts {
    pub(crate) const fn new(
        database: Database,
        ports: Ports,
        questions: Arc<Questions>,
        sessions: Sessions,
    ) -> Self {
        Self { database, ports, questions, sessions }
    }

    /// Opens an account and a session in one step.
    ///
    /// # Errors
    /// [`SignUpError`]; then nothing is stored.
    pub async fn sign_up(&self, command: SignUp, visit: &Visit) -> Result<SignedUp, SignUpError> {
        // Hashed before the address is looked at: a taken address costs the same time as a free one.
        let password_hash = self.ports.hasher.hash(command.password).await?;
        let now = self.ports.clock.now();
        let user = User {
            id: self.ports.random_uuid().to_string(),
            email: command.email.as_str().to_owned(),
            email_verified: false,
            name: command.name.as_str().to_owned(),
            image: command.image.map(|image| image.as_str().to_owned()),
            answers: command.answers,
            created_at: now,
            updated_at: now,
        };
        let session = self.sessions.draft(&user.id, &visit.device, command.remember);
        let credential_id = self.ports.random_uuid().to_string();
        let account = NewAccount { user, credential_id, password_hash };
        if !self.database.create_account(&account, &session, visit.replaced().as_deref()).await? {
            tracing::info!("sign-up refused: address taken");
            return Err(SignUpError::EmailTaken);
        }
        tracing::info!(user = %account.user.id, "signed up");
        Ok(self.sessions.opened(session, account.user).await)
    }

    /// Lets a reader in under a new session.
    ///
    /// # Errors
    /// [`SignInError`]; an unknown address and a wrong password cost the same and answer alike.
    pub async fn sign_in(&self, command: SignIn, visit: &Visit) -> Result<SignedIn, SignInError> {
        let found = self.database.find_credentials(command.email.as_str()).await?;
        let phc = found.as_ref().map(|credentials| credentials.password_hash.clone());
        let matches = self.ports.hasher.verify(command.password, phc).await?;
        let Some(credentials) = found.filter(|_| matches) else {
            tracing::info!("sign-in refused: wrong credentials");
            return Err(SignInError::WrongCredentials);
        };
        let user = credentials.user;
        let session = self.sessions.draft(&user.id, &visit.device, command.remember);
        Ok(self.sessions.open(session, user, visit).await?)
    }

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
        Err(UpdateProfileError::Failure(Failure::Busy))
    }

    fn changed(&self, user: &User, change: &ProfileChange) -> Result<User, UpdateProfileError> {
        let answers = user.answers.with(&self.questions, |question| change.heard(question));
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
}

impl ProfileChange {
    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.image.is_none()
            && self.answers.iter().all(|(_, answer)| *answer == AnswerInput::Absent)
    }

    fn heard(&self, question: &Question) -> AnswerInput {
        let heard = self.answers.iter().find(|(name, _)| *name == question.name);
        heard.map_or(AnswerInput::Absent, |(_, answer)| answer.clone())
    }
}

/// Everything the services below can fail with converts alike.
macro_rules! failures {
    ($($error:ident),*) => {$(
        impl<E: Into<Failure>> From<E> for $error {
            fn from(error: E) -> Self {
                Self::Failure(error.into())
            }
        }
    )*};
}
failures!(SignUpError, SignInError, UpdateProfileError);

impl From<SignUpError> for Problems {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::EmailTaken => Problem::on(Code::UserAlreadyExists, "email").into(),
            SignUpError::Failure(failure) => failure.into(),
        }
    }
}

impl From<SignInError> for Problems {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::WrongCredentials => Problem::new(Code::InvalidEmailOrPassword).into(),
            SignInError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpdateProfileError> for Problems {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::NothingToChange => Problem::new(Code::NoFieldsToUpdate).into(),
            UpdateProfileError::Refused(problems) => problems,
            UpdateProfileError::Failure(failure) => failure.into(),
        }
    }
}
