//! What is stored about one user, for the data export.

use const_format::concatcp;
use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    AcceptedTerms, Database, KnownDevice, Session, SignInMethod, StorageError, accepted_terms, sessions,
};

/// What is stored about a user besides the profile, the events and the conversations.
#[derive(Debug)]
pub struct UserDataRows {
    /// Since when the address is unverified, in Unix milliseconds; `None` once it is verified.
    pub unverified_since: Option<i64>,
    /// When the account was last used, in Unix milliseconds.
    pub last_active_at: i64,
    /// When the user was told that the idle account will be deleted, in Unix milliseconds.
    pub idle_notice_at: Option<i64>,
    /// Versions of the terms that were accepted, the oldest first.
    pub accepted_terms: Vec<AcceptedTerms>,
    /// Sign-in methods, the oldest first.
    pub methods: Vec<StoredMethod>,
    /// Sessions, the last used first, with those that have expired and are still stored.
    pub sessions: Vec<Session>,
    /// Known devices, the last used first.
    pub devices: Vec<KnownDevice>,
    /// Mailed links, the oldest first.
    pub links: Vec<StoredLink>,
    /// Queued mails, the oldest first.
    pub mails: Vec<WaitingMail>,
}

/// A sign-in method, and whether a password hash is stored with it.
#[derive(Debug, FromRow)]
pub struct StoredMethod {
    /// The method.
    #[sqlx(flatten)]
    pub method: SignInMethod,
    /// Whether there is a password hash.
    pub has_password: bool,
}

/// A mailed link without the hash of its token.
#[derive(Debug, FromRow)]
pub struct StoredLink {
    /// Its purpose.
    pub purpose: String,
    /// The user's address when it was requested.
    pub email: String,
    /// The address to change to.
    pub new_email: Option<String>,
    /// When it was requested.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it expires.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it was used, in Unix milliseconds.
    pub used_at: Option<i64>,
}

/// A queued mail without its content, which is encrypted.
#[derive(Debug, FromRow)]
pub struct WaitingMail {
    /// When it was requested.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it is tried next.
    #[sqlx(try_from = "i64")]
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

/// What a user's row holds besides the profile.
#[derive(Debug, FromRow)]
struct RestOfUser {
    unverified_since: Option<i64>,
    last_active_at: i64,
    idle_notice_at: Option<i64>,
}

const USER: &str =
    "select unverified_since, last_active_at, idle_notice_at from bookplate_users where id = $1";
const METHODS: &str = "select id, provider_id, account_id, created_at, updated_at,
    password_hash is not null as has_password
    from bookplate_accounts where user_id = $1 order by created_at, id";
const SESSIONS: &str = concatcp!(
    "select ",
    sessions::COLUMNS,
    " from bookplate_sessions s where s.user_id = $1 order by s.last_seen_at desc, s.id"
);
const LINKS: &str = "select purpose, email, new_email, created_at, expires_at, used_at from bookplate_links
    where user_id = $1 order by created_at, purpose";
const MAILS: &str = "select created_at, due_at, attempts from bookplate_mails
    where user_id = $1 order by created_at, id";

pub(crate) const STATEMENTS: &[&str] = &[USER, METHODS, SESSIONS, LINKS, MAILS];

impl Database {
    /// What is stored about a user; `None` when there is no such user.
    pub async fn user_data(&self, user_id: &str) -> Result<Option<UserDataRows>, StorageError> {
        let devices = self.devices_of(user_id).await?;
        let mut connection = self.connection().await?;
        let accepted_terms = connection.query(accepted_terms::OF_USER).bind(user_id).fetch_all().await?;
        let methods = connection.query(METHODS).bind(user_id).fetch_all().await?;
        let sessions = connection.query(SESSIONS).bind(user_id).fetch_all().await?;
        let links = connection.query(LINKS).bind(user_id).fetch_all().await?;
        let mails = connection.query(MAILS).bind(user_id).fetch_all().await?;
        // Last, so that a user who is deleted meanwhile is not taken for one who owns nothing.
        let user: Option<RestOfUser> = connection.query(USER).bind(user_id).fetch_optional().await?;
        Ok(user.map(|user| UserDataRows {
            unverified_since: user.unverified_since,
            last_active_at: user.last_active_at,
            idle_notice_at: user.idle_notice_at,
            accepted_terms,
            methods,
            sessions,
            devices,
            links,
            mails,
        }))
    }
}
