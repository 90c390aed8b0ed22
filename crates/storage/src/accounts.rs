//! Accounts and their sign-in methods.

use const_format::concatcp;
use contract::Timestamp;
use sqlx::{FromRow, types::Json};

use crate::{
    AuditRecord, Database, NewSession, StorageError,
    accepted_terms::insert_accepted_terms,
    audit_log::insert_audit_record,
    connection::Transaction,
    devices::upsert_known_device,
    invitations::{self, use_invitation},
    locks::lock_user,
    sessions::insert_session,
    users::{COLUMNS, User},
};

/// An account to be created.
#[derive(Debug)]
pub struct NewAccount {
    /// The user.
    pub user: User,
    /// The id of the credential row, a UUID.
    pub credential_id: String,
    /// A PHC string, or a hash of Better Auth's; `None` for an account without a password.
    pub password_hash: Option<String>,
    /// The browser in which the password was chosen; `None` when there is none, or the first session brings it.
    pub device: Option<crate::KnownDevice>,
}

/// What a sign-up brings along.
#[derive(Debug, Clone, Copy, Default)]
pub struct Admission<'a> {
    /// The id of the invitation to use.
    pub invitation: Option<&'a str>,
    /// The version of the terms that is accepted.
    pub terms: Option<&'a str>,
}

/// The outcome of creating an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateAccountOutcome {
    /// It was created.
    Created,
    /// The address or the id is taken.
    Taken,
    /// The invitation is not valid any more. Nothing was stored.
    NotInvited,
}

/// What a sign-in with a password needs.
#[derive(Debug, FromRow)]
pub struct Credentials {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// A PHC string, or a hash of Better Auth's.
    pub password_hash: String,
    /// Whether the user has signed in with this browser before.
    pub device_known: bool,
}

/// A sign-in method.
#[derive(Debug, Clone, FromRow)]
pub struct SignInMethod {
    /// The id, a UUID.
    pub id: String,
    /// `credential` for a password.
    pub provider_id: String,
    /// The user's id at the provider; the user's own id for a password.
    pub account_id: String,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

const INSERT_USER: &str = "insert into bookplate_users
    (id, email, email_verified, name, image, answers, created_at, updated_at, unverified_since, last_active_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict do nothing returning id";
pub(crate) const INSERT_CREDENTIAL: &str = "insert into bookplate_accounts
    (id, user_id, provider_id, account_id, password_hash, created_at, updated_at)
    values ($1, $2, 'credential', $2, $3, $4, $4)
    on conflict (provider_id, account_id) do update set password_hash = $3, updated_at = $4";
const FIND_CREDENTIALS: &str = concatcp!(
    "select ",
    COLUMNS,
    ", a.password_hash,
    exists (select 1 from bookplate_devices d where d.user_id = u.id and d.id = $2) as device_known
    from bookplate_users u
    join bookplate_accounts a on a.user_id = u.id and a.provider_id = 'credential'
    where u.email = $1 and a.password_hash is not null"
);
const UPDATE_PROFILE: &str = "update bookplate_users set name = $3, image = $4, answers = $5, updated_at = $6
    where id = $1 and updated_at = $2 returning id";
const FIND_USER: &str = concatcp!("select ", COLUMNS, " from bookplate_users u where u.id = $1");
const FIND_BY_EMAIL: &str = concatcp!("select ", COLUMNS, " from bookplate_users u where u.email = $1");
const FIND_PASSWORD: &str = "select password_hash from bookplate_accounts
    where user_id = $1 and provider_id = 'credential' and password_hash is not null";
const METHODS: &str = "select id, provider_id, account_id, created_at, updated_at from bookplate_accounts
    where user_id = $1 order by created_at, id";
const UNLINK: &str = "delete from bookplate_accounts where user_id = $1 and id = $2
    and (select count(*) from bookplate_accounts where user_id = $1) > 1";
/// One hash of each algorithm; those of bcrypt differ in their first seven characters, which hold the cost.
const FOREIGN_HASHES: &str = "select min(password_hash) from bookplate_accounts
    where password_hash is not null and password_hash not like '$argon2id$%'
    group by case when password_hash like '$2%' then substr(password_hash, 1, 7) else '' end";
const DELETE: &str = "delete from bookplate_users where id = $1";
/// Locks every conversation of a user until the transaction ends.
const LOCK_CONVERSATIONS: &str =
    "update bookplate_conversations set deleted_at = deleted_at where user_id = $1";

pub(crate) const STATEMENTS: &[&str] = &[
    INSERT_USER,
    INSERT_CREDENTIAL,
    FIND_CREDENTIALS,
    UPDATE_PROFILE,
    FIND_USER,
    FIND_BY_EMAIL,
    FIND_PASSWORD,
    METHODS,
    UNLINK,
    FOREIGN_HASHES,
    DELETE,
    LOCK_CONVERSATIONS,
];

impl Database {
    /// Creates an account with its password and its first session, if there are such. `false` when the address or the id
    /// is taken.
    pub async fn create_account(
        &self,
        account: &NewAccount,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let outcome = self.sign_up(account, Admission::default(), opening, record).await?;
        Ok(outcome == CreateAccountOutcome::Created)
    }

    /// As [`Database::create_account`], using the invitation and recording that the terms are accepted. Other invitations
    /// for the address are deleted.
    pub async fn sign_up(
        &self,
        account: &NewAccount,
        admission: Admission<'_>,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<CreateAccountOutcome, StorageError> {
        let user = &account.user;
        let unverified_since = (!user.email_verified).then(|| record.event.at.millis());
        let mut tx = self.begin().await?;
        let inserted: Option<(String,)> = tx
            .query(INSERT_USER)
            .bind(&user.id)
            .bind(&user.email)
            .bind(user.email_verified)
            .bind(&user.name)
            .bind(&user.image)
            .bind(Json(&user.answers))
            .bind(user.created_at.millis())
            .bind(user.updated_at.millis())
            .bind(unverified_since)
            .bind(record.event.at.millis())
            .fetch_optional()
            .await?;
        if inserted.is_none() {
            return Ok(CreateAccountOutcome::Taken);
        }
        if let Some(invitation) = admission.invitation
            && !use_invitation(&mut tx, invitation, &user.email, record.event.at).await?
        {
            return Ok(CreateAccountOutcome::NotInvited);
        }
        tx.query(invitations::DELETE_OF_EMAIL).bind(&user.email).execute().await?;
        if let Some(version) = admission.terms {
            insert_accepted_terms(&mut tx, &user.id, version, record.event.at).await?;
        }
        tx.query(INSERT_CREDENTIAL)
            .bind(&account.credential_id)
            .bind(&user.id)
            .bind(&account.password_hash)
            .bind(user.created_at.millis())
            .execute()
            .await?;
        upsert_known_device(&mut tx, &user.id, account.device.as_ref()).await?;
        if let Some(opening) = opening {
            insert_session(&mut tx, opening).await?;
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(CreateAccountOutcome::Created)
    }

    /// The user with this address, the password hash, and whether the device is known; `None` without an account or
    /// password.
    pub async fn find_credentials(
        &self,
        email: &str,
        device_id: Option<&str>,
    ) -> Result<Option<Credentials>, StorageError> {
        Ok(self
            .connection()
            .await?
            .query(FIND_CREDENTIALS)
            .bind(email)
            .bind(device_id)
            .fetch_optional()
            .await?)
    }

    /// The user with this id.
    pub async fn find_user(&self, id: &str) -> Result<Option<User>, StorageError> {
        Ok(self.connection().await?.query(FIND_USER).bind(id).fetch_optional().await?)
    }

    /// The user with this address, which is given in lower case.
    pub async fn find_user_by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        Ok(self.connection().await?.query(FIND_BY_EMAIL).bind(email).fetch_optional().await?)
    }

    /// A user's password hash.
    pub async fn find_password(&self, user_id: &str) -> Result<Option<String>, StorageError> {
        let found: Option<(String,)> =
            self.connection().await?.query(FIND_PASSWORD).bind(user_id).fetch_optional().await?;
        Ok(found.map(|(hash,)| hash))
    }

    /// A user's sign-in methods, the oldest first.
    pub async fn sign_in_methods(&self, user_id: &str) -> Result<Vec<SignInMethod>, StorageError> {
        Ok(self.connection().await?.query(METHODS).bind(user_id).fetch_all().await?)
    }

    /// Removes a sign-in method, unless it is the last one; whether it did.
    pub async fn remove_sign_in_method(&self, user_id: &str, id: &str) -> Result<bool, StorageError> {
        let removed = self.connection().await?.query(UNLINK).bind(user_id).bind(id).execute().await?;
        Ok(removed > 0)
    }

    /// One password hash of each algorithm that another system has used.
    pub async fn foreign_hashes(&self) -> Result<Vec<String>, StorageError> {
        let found: Vec<(String,)> = self.connection().await?.query(FOREIGN_HASHES).fetch_all().await?;
        Ok(found.into_iter().map(|(hash,)| hash).collect())
    }

    /// Stores a changed profile, unless another change was made since `updated_at` was `read_at`; `false` then.
    pub async fn update_profile(&self, changed: &User, read_at: Timestamp) -> Result<bool, StorageError> {
        let updated: Option<(String,)> = self
            .connection()
            .await?
            .query(UPDATE_PROFILE)
            .bind(&changed.id)
            .bind(read_at.millis())
            .bind(&changed.name)
            .bind(&changed.image)
            .bind(Json(&changed.answers))
            .bind(changed.updated_at.millis())
            .fetch_optional()
            .await?;
        Ok(updated.is_some())
    }

    /// Deletes a user with everything that belongs to them; the events stay without user, address and user agent. `false`
    /// when there was none.
    pub async fn delete_user(&self, id: &str, record: &AuditRecord) -> Result<bool, StorageError> {
        match self.delete_and_record(id, Some(record)).await {
            // A database without room has none for the record either, and deletion must go on.
            Err(StorageError::Full(_)) => self.delete_and_record(id, None).await,
            deleted => deleted,
        }
    }

    async fn delete_and_record(&self, id: &str, record: Option<&AuditRecord>) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        // In the order in which an append locks them, so that the two cannot deadlock. While the user is locked, no
        // conversation can be created.
        if !lock_user(&mut tx, id).await? {
            return Ok(false);
        }
        delete_locked_user(&mut tx, id, record).await?;
        tx.commit().await?;
        self.merge_deleted_terms().await;
        Ok(true)
    }

    /// Removes the terms of a deleted user from the full-text index. The user is deleted, so a failure must not say otherwise.
    pub(crate) async fn merge_deleted_terms(&self) {
        if let Err(error) = self.merge_fts_index(true).await {
            tracing::warn!(%error, "the terms of a deleted user stay in the full-text index until the next deletion");
        }
    }
}

/// Deletes a user whose row is locked, with everything that belongs to them, and records it.
pub(crate) async fn delete_locked_user(
    tx: &mut Transaction,
    id: &str,
    record: Option<&AuditRecord>,
) -> Result<(), sqlx::Error> {
    tx.query(LOCK_CONVERSATIONS).bind(id).execute().await?;
    tx.query(invitations::DELETE_OF_USER).bind(id).execute().await?;
    tx.query(DELETE).bind(id).execute().await?;
    tx.query(crate::audit_log::FORGET).bind(id).execute().await?;
    match record {
        Some(record) => insert_audit_record(tx, record).await,
        None => Ok(()),
    }
}
