//! Readers and their sign-in methods.

use contract::{Answers, Timestamp};
use sqlx::{FromRow, types::Json};

use crate::{
    Database, Session, StorageError,
    database::{in_transaction, on_pool},
    sessions,
};

/// A reader.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// UUID.
    pub id: String,
    /// In lower case.
    pub email: String,
    /// Whether the reader has proved the address.
    pub email_verified: bool,
    /// May be empty.
    pub name: String,
    /// Address of a picture.
    pub image: Option<String>,
    /// Answers to the background questions, of earlier declarations too.
    #[sqlx(json)]
    pub answers: Answers,
    /// When the account was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When the profile last changed; moves with every change, so it serves as the version of the row.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

/// A reader with a password, not stored yet.
#[derive(Debug)]
pub struct NewAccount {
    /// The reader.
    pub user: User,
    /// The id of the credential row, a UUID.
    pub credential_id: String,
    /// PHC string.
    pub password_hash: String,
}

/// What a password sign-in compares with.
#[derive(Debug, FromRow)]
pub struct Credentials {
    /// The reader.
    #[sqlx(flatten)]
    pub user: User,
    /// PHC string.
    pub password_hash: String,
}

const INSERT_USER: &str = "insert into bookplate_users
    (id, email, email_verified, name, image, answers, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (email) do nothing returning id";
const INSERT_CREDENTIAL: &str = "insert into bookplate_accounts
    (id, user_id, provider_id, account_id, password_hash, created_at, updated_at)
    values ($1, $2, 'credential', $2, $3, $4, $4)";
const FIND_CREDENTIALS: &str =
    "select u.id, u.email, u.email_verified, u.name, u.image, u.answers, u.created_at,
    u.updated_at, a.password_hash
    from bookplate_users u
    join bookplate_accounts a on a.user_id = u.id and a.provider_id = 'credential'
    where u.email = $1 and a.password_hash is not null";
const UPDATE_PROFILE: &str = "update bookplate_users set name = $3, image = $4, answers = $5, updated_at = $6
    where id = $1 and updated_at = $2 returning id";
const FIND_USER: &str = "select id, email, email_verified, name, image, answers, created_at, updated_at
    from bookplate_users where id = $1";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT_USER, INSERT_CREDENTIAL, FIND_CREDENTIALS, UPDATE_PROFILE, FIND_USER];

impl Database {
    /// Stores a reader, the password and the first session together. `false` when the address is taken; then nothing
    /// is stored.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn create_account(
        &self,
        account: &NewAccount,
        session: &Session,
        replaced: Option<&str>,
    ) -> Result<bool, StorageError> {
        let user = &account.user;
        Ok(in_transaction!(self, |connection| {
            let inserted: Option<(String,)> = sqlx::query_as(INSERT_USER)
                .bind(&user.id)
                .bind(&user.email)
                .bind(user.email_verified)
                .bind(&user.name)
                .bind(&user.image)
                .bind(Json(&user.answers))
                .bind(user.created_at.millis())
                .bind(user.updated_at.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if inserted.is_none() {
                return Ok(false);
            }
            sqlx::query(INSERT_CREDENTIAL)
                .bind(&account.credential_id)
                .bind(&user.id)
                .bind(&account.password_hash)
                .bind(user.created_at.millis())
                .execute(&mut *connection)
                .await?;
            sessions::insert!(connection, session, replaced);
            true
        }))
    }

    /// The reader with this address and password hash; `None` when there is no such account, or it has no password.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_credentials(&self, email: &str) -> Result<Option<Credentials>, StorageError> {
        Ok(on_pool!(self, |pool| sqlx::query_as(FIND_CREDENTIALS).bind(email).fetch_optional(pool).await?))
    }

    /// The reader with this id.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_user(&self, id: &str) -> Result<Option<User>, StorageError> {
        Ok(on_pool!(self, |pool| sqlx::query_as(FIND_USER).bind(id).fetch_optional(pool).await?))
    }

    /// Stores a changed profile, unless the reader has changed since it was read at `read_at`; `false` then.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn update_profile(&self, changed: &User, read_at: Timestamp) -> Result<bool, StorageError> {
        let updated: Option<(String,)> = on_pool!(self, |pool| {
            sqlx::query_as(UPDATE_PROFILE)
                .bind(&changed.id)
                .bind(read_at.millis())
                .bind(&changed.name)
                .bind(&changed.image)
                .bind(Json(&changed.answers))
                .bind(changed.updated_at.millis())
                .fetch_optional(pool)
                .await?
        });
        Ok(updated.is_some())
    }
}
