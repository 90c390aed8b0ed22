//! Administration from the command line.

use contract::{Answers, Email, NewPassword, PersonName, Timestamp};
use storage::{Ban, Database, Link, NewAccount, Session, SignInMethod, User};
use unicode_normalization::UnicodeNormalization;

use crate::{
    ClientMetadata, EventKind, InternalError, MailQueue, MailTemplate, Ports,
    audit_log::{self, AuditLog, with_mails},
    mail::{LinkPurpose, link_id, new_token},
};

/// Creates, finds, bans and deletes accounts.
#[derive(Debug)]
pub struct Admin {
    database: Database,
    ports: Ports,
    events: AuditLog,
    mail: MailQueue,
}

/// An account to create.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The email address.
    pub email: Email,
    /// May be empty.
    pub name: PersonName,
    /// `None` if the user is to set one with a link.
    pub password: Option<NewPassword>,
    /// Whether the email address counts as verified.
    pub email_verified: bool,
}

/// How a user can sign in, and where they are signed in.
#[derive(Debug, Clone)]
pub struct InitialCredential {
    /// The ways to sign in; a password only if one is set.
    pub methods: Vec<SignInMethod>,
    /// The active sessions.
    pub sessions: Vec<Session>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The email address has an account.
    #[error("this address has an account already")]
    EmailTaken,
    /// No account has this email address or id.
    #[error("no account has this address or id")]
    Unknown,
    /// The server failed.
    #[error(transparent)]
    Failure(InternalError),
}

impl Admin {
    pub(crate) fn new(database: Database, ports: Ports, mail: MailQueue) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, events, mail }
    }

    /// Creates an account.
    #[tracing::instrument(name = "admin.create", level = "debug", skip_all)]
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
        audit_log::log(&record);
        Ok(account.user)
    }

    /// The user with this email address or id.
    #[tracing::instrument(name = "admin.find", level = "debug", skip_all)]
    pub async fn find(&self, address_or_id: &str) -> Result<User, AdminError> {
        if let Ok(email) = Email::parse(address_or_id)
            && let Some(user) = self.database.find_user_by_email(email.as_str()).await?
        {
            return Ok(user);
        }
        // An imported id may look like an email address.
        self.database.find_user(address_or_id).await?.ok_or(AdminError::Unknown)
    }

    /// Users whose email address or name contains `search`, by email address, those after `after`. An internationalised domain
    /// is found by its ASCII form and as it is shown.
    #[tracing::instrument(name = "admin.list", level = "debug", skip_all)]
    pub async fn list(&self, after: &str, search: &str, limit: u32) -> Result<Vec<User>, InternalError> {
        let escaped: String = search.chars().flat_map(escape_like).collect();
        let pattern = format!("%{escaped}%");
        let search = folded(search);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.to_owned();
        let mut found = Vec::new();
        loop {
            let candidates = self.database.list_users(&after, &pattern, BATCH).await?;
            let last = candidates.last().map(|user| user.email.clone());
            found.extend(candidates.into_iter().filter(|user| matches(user, &search)));
            found.truncate(limit);
            match last {
                Some(last) if found.len() < limit => after = last,
                _ => return Ok(found),
            }
        }
    }

    /// The ways to sign in to an account and its active sessions.
    #[tracing::instrument(name = "admin.access", level = "debug", skip_all)]
    pub async fn access(&self, user: &User) -> Result<InitialCredential, InternalError> {
        let has_password = self.database.find_password(&user.id).await?.is_some();
        let mut methods = self.database.sign_in_methods(&user.id).await?;
        methods.retain(|method| has_password || method.provider_id != "credential");
        let sessions = self.database.sessions_of(&user.id, self.ports.clock.now()).await?;
        Ok(InitialCredential { methods, sessions })
    }

    /// Bans an account, for good without `until`. Its sessions end at once.
    #[tracing::instrument(name = "admin.ban", level = "debug", skip_all)]
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

    /// Lifts a ban.
    #[tracing::instrument(name = "admin.unban", level = "debug", skip_all)]
    pub async fn unban(&self, user: &User) -> Result<(), AdminError> {
        self.set_ban(user, &Ban::default(), EventKind::Unban).await
    }

    async fn set_ban(&self, user: &User, ban: &Ban, kind: EventKind) -> Result<(), AdminError> {
        let record = self.events.done(kind, &user.id, &ClientMetadata::default());
        if !self.database.ban_user(&user.id, ban, &record).await? {
            return Err(AdminError::Unknown);
        }
        audit_log::log(&record);
        Ok(())
    }

    /// Deletes an account with everything stored about it, and notifies the user by mail.
    #[tracing::instrument(name = "admin.delete", level = "debug", skip_all)]
    pub async fn delete(&self, user: &User) -> Result<(), AdminError> {
        let notice = self.mail.notice(None, &user.email, &MailTemplate::AccountDeleted);
        let record = with_mails(self.events.anonymous_deletion(), notice);
        if !self.database.delete_user(&user.id, &record).await? {
            return Err(AdminError::Unknown);
        }
        self.mail.wake(&record);
        audit_log::log(&record);
        Ok(())
    }

    /// Creates a password reset link to hand over, and returns its token. Earlier ones are invalidated.
    #[tracing::instrument(name = "admin.reset_token", level = "debug", skip_all)]
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
        audit_log::log(&record);
        Ok(token)
    }
}

/// How many users a search reads at once.
const BATCH: i64 = 500;

/// Whether an address or a name contains a text that is [`folded`].
fn matches(user: &User, search: &str) -> bool {
    let shown = Email::display(&user.email);
    [user.email.as_str(), &shown, &user.name].into_iter().any(|text| folded(text).contains(search))
}

/// A text in lower case and composed (NFC), as it is compared.
fn folded(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

/// Escapes a character for a `like` pattern with the escape character `!`.
fn escape_like(c: char) -> impl Iterator<Item = char> {
    matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])
}

impl<E: Into<InternalError>> From<E> for AdminError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}
