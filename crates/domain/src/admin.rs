//! What the operator does from the command line.

use contract::{Answers, Email, NewPassword, PersonName, Timestamp};
use storage::{Ban, Database, Link, NewAccount, Session, SignInMethod, User};

use crate::{
    ClientMetadata, EventKind, InternalError, MailQueue, MailTemplate, Ports,
    events::{self, AuditLog, with_mails},
    mail::{LinkPurpose, link_id, new_token},
};

/// Makes, finds, closes and removes accounts.
#[derive(Debug)]
pub struct Admin {
    database: Database,
    ports: Ports,
    events: AuditLog,
    post: MailQueue,
}

/// An account the operator makes.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// May be empty.
    pub name: PersonName,
    /// Without one, the reader sets it with a link.
    pub password: Option<NewPassword>,
    /// Whether the address counts as proved.
    pub email_verified: bool,
}

/// How a reader gets in.
#[derive(Debug, Clone)]
pub struct InitialCredential {
    /// What opens the account; a password only where one is set.
    pub methods: Vec<SignInMethod>,
    /// The browsers that are signed in.
    pub sessions: Vec<Session>,
}

/// Why the operator's wish was not done.
#[derive(Debug)]
pub enum AdminError {
    /// The address has an account.
    EmailTaken,
    /// No account has this address or id.
    Unknown,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

impl Admin {
    pub(crate) fn new(database: Database, ports: Ports, post: MailQueue) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, events, post }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`OperatorError::EmailTaken`].
    pub async fn create(&self, new: NewUser) -> Result<User, AdminError> {
        let password_hash = match new.password {
            Some(password) => Some(self.ports.hasher.hash(password).await?),
            None => None,
        };
        let now = self.ports.clock.now();
        let user = User {
            id: self.ports.random_uuid().to_string(),
            email: new.email.as_str().to_owned(),
            email_verified: new.email_verified,
            name: new.name.as_str().to_owned(),
            image: None,
            answers: Answers::default(),
            created_at: now,
            updated_at: now,
            ban: Ban::default(),
        };
        let credential_id = self.ports.random_uuid().to_string();
        let account = NewAccount { user, credential_id, password_hash, device: None };
        let record = self.events.done(EventKind::Operator, &account.user.id, &ClientMetadata::default());
        if !self.database.create_account(&account, None, &record).await? {
            return Err(AdminError::EmailTaken);
        }
        events::log(&record);
        Ok(account.user)
    }

    /// The reader with this address or id.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`].
    pub async fn find(&self, address_or_id: &str) -> Result<User, AdminError> {
        if let Ok(email) = Email::parse(address_or_id)
            && let Some(user) = self.database.find_user_by_email(email.as_str()).await?
        {
            return Ok(user);
        }
        // An id that came from elsewhere may look like an address.
        self.database.find_user(address_or_id).await?.ok_or(AdminError::Unknown)
    }

    /// Readers by address, those after `after`, whose address or name holds `search`.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn list(&self, after: &str, search: &str, limit: u32) -> Result<Vec<User>, InternalError> {
        let escaped: String = search.chars().flat_map(escaped).collect();
        Ok(self.database.list_users(after, &format!("%{escaped}%"), i64::from(limit)).await?)
    }

    /// How a reader gets in, and with which browsers they are in.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn access(&self, user: &User) -> Result<InitialCredential, InternalError> {
        let has_password = self.database.find_password(&user.id).await?.is_some();
        let mut methods = self.database.sign_in_methods(&user.id).await?;
        methods.retain(|method| has_password || method.provider_id != "credential");
        let sessions = self.database.sessions_of(&user.id, self.ports.clock.now()).await?;
        Ok(InitialCredential { methods, sessions })
    }

    /// Closes an account, until then or for good. Its sessions end at once.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] when it is gone.
    pub async fn ban(
        &self,
        user: &User,
        reason: Option<String>,
        until: Option<Timestamp>,
    ) -> Result<(), AdminError> {
        let ban = Ban {
            banned_at: Some(self.ports.clock.now().millis()),
            ban_reason: reason,
            ban_expires_at: until.map(Timestamp::millis),
        };
        self.set_ban(user, &ban, EventKind::Ban).await
    }

    /// Opens an account again.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] when it is gone.
    pub async fn unban(&self, user: &User) -> Result<(), AdminError> {
        self.set_ban(user, &Ban::default(), EventKind::Unban).await
    }

    async fn set_ban(&self, user: &User, ban: &Ban, kind: EventKind) -> Result<(), AdminError> {
        let record = self.events.done(kind, &user.id, &ClientMetadata::default());
        if !self.database.ban_user(&user.id, ban, &record).await? {
            return Err(AdminError::Unknown);
        }
        events::log(&record);
        Ok(())
    }

    /// Removes a reader and everything about them, and says so to them by mail.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] when they are gone.
    pub async fn delete(&self, user: &User) -> Result<(), AdminError> {
        let farewell = self.post.notice(None, &user.email, &MailTemplate::AccountDeleted);
        let record = with_mails(self.events.anonymous_deletion(), farewell);
        if !self.database.delete_user(&user.id, &record).await? {
            return Err(AdminError::Unknown);
        }
        events::log(&record);
        Ok(())
    }

    /// A link with which the reader sets a password, for handing over some other way than by mail: its token. Earlier
    /// ones die.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn reset_token(&self, user: &User) -> Result<String, InternalError> {
        let token = new_token(&self.ports);
        let now = self.ports.clock.now();
        let purpose = LinkPurpose::OperatorReset;
        let link = Link {
            id: link_id(&token),
            user_id: user.id.clone(),
            purpose: purpose.name().to_owned(),
            email: user.email.clone(),
            new_email: None,
            created_at: now,
            expires_at: now.plus_seconds(purpose.lifetime()),
            used_at: None,
        };
        self.database.add_link(&link, purpose.replaces()).await?;
        let record = self.events.done(EventKind::OperatorLink, &user.id, &ClientMetadata::default());
        self.database.record(&record).await?;
        events::log(&record);
        Ok(token)
    }
}

/// A character of a search as a `like` pattern has it, with `!` as its escape.
fn escaped(c: char) -> impl Iterator<Item = char> {
    matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])
}

impl<E: Into<InternalError>> From<E> for AdminError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl std::fmt::Display for AdminError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EmailTaken => f.write_str("this address has an account already"),
            Self::Unknown => f.write_str("no account has this address or id"),
            Self::Failure(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for AdminError {}
