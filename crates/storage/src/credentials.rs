//! Changes of what opens an account: password and address. Each is one transaction together with the sessions and links
//! it ends, the session it opens and what it leaves behind.

use contract::Timestamp;

use crate::{
    AuditRecord, Database, KnownDevice, NewSession, StorageError,
    accounts::INSERT_CREDENTIAL,
    audit_log::insert_audit_record,
    database::in_transaction,
    devices::{self, upsert_known_device},
    locks::lock_user,
    one_time_tokens,
    sessions::{self, insert_session},
};

/// A password that takes the place of another, or is the first.
#[derive(Debug)]
pub struct NewPasswordHash<'a> {
    /// Whose.
    pub user_id: &'a str,
    /// Id of the credential row if there is none yet.
    pub credential_id: &'a str,
    /// PHC string.
    pub hash: &'a str,
}

/// What became of an attempt to spend a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumeOutcome {
    /// It did what it is for.
    Now,
    /// It has been used, replaced or is too old: nothing was changed.
    Not,
    /// The address it was to set belongs to somebody else: nothing was changed but the link, which is gone.
    Taken,
}

const SAME_PASSWORD: &str = "select 1 from bookplate_accounts
    where user_id = $1 and provider_id = 'credential' and password_hash = $2
    and exists (select 1 from bookplate_users where id = $1
        and (banned_at is null or coalesce(ban_expires_at <= $3, false)))";
const REHASH: &str = "update bookplate_accounts set password_hash = $3
    where user_id = $1 and provider_id = 'credential' and password_hash = $2";
const VERIFY: &str =
    "update bookplate_users set email_verified = true, unverified_since = null, updated_at = $3
    where id = $1 and email = $2";
const CHANGE_EMAIL: &str = "update bookplate_users set email = $3, updated_at = $4
    where id = $1 and email = $2 and not exists (select 1 from bookplate_users where email = $3)";
const FORGET_PASSWORD: &str = "update bookplate_accounts set password_hash = null, updated_at = $2
    where user_id = $1 and provider_id = 'credential'";
const STILL_UNVERIFIED: &str = "update bookplate_users set unverified_since = $2
    where id = $1 and unverified_since is not null";

pub(crate) const STATEMENTS: &[&str] =
    &[SAME_PASSWORD, REHASH, VERIFY, CHANGE_EMAIL, FORGET_PASSWORD, STILL_UNVERIFIED];

/// Stores a password on an open connection and ends the reader's links.
macro_rules! set_password {
    ($connection:ident, $password:expr, $at:expr) => {{
        let password: &NewPasswordHash<'_> = $password;
        sqlx::query(INSERT_CREDENTIAL)
            .bind(password.credential_id)
            .bind(password.user_id)
            .bind(password.hash)
            .bind($at.millis())
            .execute(&mut *$connection)
            .await?;
        sqlx::query(one_time_tokens::DELETE_OF_USER)
            .bind(password.user_id)
            .execute(&mut *$connection)
            .await?;
    }};
}

/// Marks a link as used and the address it was mailed to as proved, on an open connection; `false` unless both could be
/// done, and then the transaction is not to be committed.
macro_rules! mark_email_verified {
    ($connection:ident, $link:expr, $now:expr) => {{
        let used =
            sqlx::query(one_time_tokens::USE).bind(&$link.id).bind($now).execute(&mut *$connection).await?;
        let verified = sqlx::query(VERIFY)
            .bind(&$link.user_id)
            .bind(&$link.email)
            .bind($now)
            .execute(&mut *$connection)
            .await?;
        used.rows_affected() > 0 && verified.rows_affected() > 0
    }};
}

/// Ends every session of a reader on an open connection, and knows none of the reader's browsers any more.
macro_rules! revoke_all_sessions {
    ($connection:ident, $user_id:expr) => {{
        sqlx::query(sessions::DELETE_OF_USER).bind($user_id).bind("").execute(&mut *$connection).await?;
        sqlx::query(devices::FORGET).bind($user_id).execute(&mut *$connection).await?;
    }};
}

impl Database {
    /// Opens a session that a password was given for, unless that password has been changed or the account
    /// closed since it was compared; `false` then. `rehashed` takes the hash's place.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn open_session(
        &self,
        opening: &NewSession<'_>,
        compared: &str,
        rehashed: Option<&str>,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let user_id = &opening.session.user_id;
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, user_id) {
                return Ok(false);
            }
            let same: Option<(i32,)> = sqlx::query_as(SAME_PASSWORD)
                .bind(user_id)
                .bind(compared)
                .bind(record.event.at.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if same.is_none() {
                return Ok(false);
            }
            if let Some(rehashed) = rehashed {
                sqlx::query(REHASH)
                    .bind(user_id)
                    .bind(compared)
                    .bind(rehashed)
                    .execute(&mut *connection)
                    .await?;
            }
            insert_session!(connection, opening);
            insert_audit_record!(connection, record);
            true
        }))
    }

    /// Changes a password that was compared with `compared`, unless it has been changed since; `false` then. With an
    /// opening every session of the reader ends and this one begins; without, all stay.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn change_password(
        &self,
        password: &NewPasswordHash<'_>,
        compared: &str,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, password.user_id) {
                return Ok(false);
            }
            let same: Option<(i32,)> = sqlx::query_as(SAME_PASSWORD)
                .bind(password.user_id)
                .bind(compared)
                .bind(record.event.at.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if same.is_none() {
                return Ok(false);
            }
            set_password!(connection, password, record.event.at);
            if let Some(opening) = opening {
                revoke_all_sessions!(connection, password.user_id);
                insert_session!(connection, opening);
            }
            insert_audit_record!(connection, record);
            true
        }))
    }

    /// Spends a link that resets a password: sets it, ends every session and link of the reader, counts the address it
    /// was mailed to as proved, if it was, and knows the browser from now on.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn reset_password(
        &self,
        link: &crate::Link,
        password: &NewPasswordHash<'_>,
        device: Option<&KnownDevice>,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at;
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) {
                return Ok(ConsumeOutcome::Not);
            }
            let taken: Option<(String,)> = sqlx::query_as(one_time_tokens::TAKE)
                .bind(&link.id)
                .bind(&link.purpose)
                .bind(now.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if taken.is_none() {
                return Ok(ConsumeOutcome::Not);
            }
            set_password!(connection, password, now);
            revoke_all_sessions!(connection, password.user_id);
            // One that the operator handed over says nothing about the address.
            if link.purpose == "reset-password" {
                sqlx::query(VERIFY)
                    .bind(password.user_id)
                    .bind(&link.email)
                    .bind(now.millis())
                    .execute(&mut *connection)
                    .await?;
            }
            upsert_known_device!(connection, password.user_id, device);
            insert_audit_record!(connection, record);
            ConsumeOutcome::Now
        }))
    }

    /// Counts the address a link was mailed to as proved, and opens a session when one is given. The link stays, marked
    /// as used, so that opening it again can be told from a link that never was.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn verify_email(
        &self,
        link: &crate::Link,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at.millis();
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) || !mark_email_verified!(connection, link, now) {
                // Dropped without a commit, so neither has happened.
                return Ok(ConsumeOutcome::Not);
            }
            if let Some(opening) = opening {
                insert_session!(connection, opening);
            }
            insert_audit_record!(connection, record);
            ConsumeOutcome::Now
        }))
    }

    /// Counts the address a link was mailed to as proved, by somebody who may not be who chose the password: the password
    /// and all that it has opened are gone, and `reset` is what a new one is set with.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn verify_email_anew(
        &self,
        link: &crate::Link,
        reset: &crate::Link,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at.millis();
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) || !mark_email_verified!(connection, link, now) {
                return Ok(ConsumeOutcome::Not);
            }
            sqlx::query(FORGET_PASSWORD).bind(&link.user_id).bind(now).execute(&mut *connection).await?;
            revoke_all_sessions!(connection, &link.user_id);
            // What else was asked for in the reader's name may be somebody else's too. The link itself stays, marked as
            // used.
            sqlx::query(one_time_tokens::DELETE_OTHERS)
                .bind(&link.user_id)
                .bind(&link.id)
                .execute(&mut *connection)
                .await?;
            one_time_tokens::insert_link!(
                connection,
                reset,
                [reset.purpose.as_str(), reset.purpose.as_str()]
            );
            insert_audit_record!(connection, record);
            ConsumeOutcome::Now
        }))
    }

    /// Spends a link that changes a reader's address, and ends the reader's other links, which name the old one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn change_email(
        &self,
        link: &crate::Link,
        new_email: &str,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now: Timestamp = record.event.at;
        let changed = self.try_change_email(link, new_email, now, record).await;
        match changed {
            // Somebody took the address in this very moment, past the question in the statement.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(ConsumeOutcome::Taken),
            changed => Ok(changed?),
        }
    }

    async fn try_change_email(
        &self,
        link: &crate::Link,
        new_email: &str,
        now: Timestamp,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, sqlx::Error> {
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) {
                return Ok(ConsumeOutcome::Not);
            }
            let taken: Option<(String,)> = sqlx::query_as(one_time_tokens::TAKE)
                .bind(&link.id)
                .bind(&link.purpose)
                .bind(now.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if taken.is_none() {
                return Ok(ConsumeOutcome::Not);
            }
            let changed = sqlx::query(CHANGE_EMAIL)
                .bind(&link.user_id)
                .bind(&link.email)
                .bind(new_email)
                .bind(now.millis())
                .execute(&mut *connection)
                .await?;
            if changed.rows_affected() > 0 {
                sqlx::query(one_time_tokens::DELETE_OF_USER)
                    .bind(&link.user_id)
                    .execute(&mut *connection)
                    .await?;
                insert_audit_record!(connection, record);
                ConsumeOutcome::Now
            } else {
                ConsumeOutcome::Taken
            }
        }))
    }

    /// Notes that the reader of an unproved address is about to prove it, so that the account is kept a while longer, and
    /// knows the browser the password was given in.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn touch_unverified(
        &self,
        user_id: &str,
        now: Timestamp,
        device: Option<&KnownDevice>,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        in_transaction!(self, |connection| {
            upsert_known_device!(connection, user_id, device);
            sqlx::query(STILL_UNVERIFIED).bind(user_id).bind(now.millis()).execute(&mut *connection).await?;
            insert_audit_record!(connection, record);
        });
        Ok(())
    }
}
