//! Changes of passwords and addresses. Each is one transaction with the sessions and links it revokes, the session it opens
//! and its audit record.

use contract::Timestamp;

use crate::{
    AuditRecord, Database, KnownDevice, NewSession, StorageError,
    accounts::INSERT_CREDENTIAL,
    audit_log::insert_audit_record,
    connection::Transaction,
    devices::{self, upsert_known_device},
    locks::lock_user,
    one_time_tokens::{self, consume_link, insert_link},
    sessions::{self, insert_session},
};

/// A password to be set.
#[derive(Debug)]
pub struct NewPasswordHash<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The id of the credential row, if there is none yet.
    pub credential_id: &'a str,
    /// A PHC string.
    pub hash: &'a str,
}

/// The outcome of consuming a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumeOutcome {
    /// It was valid, and its change was made.
    Now,
    /// It has been used or replaced, or has expired: nothing was changed.
    Not,
    /// The new address belongs to another user: only the link was deleted.
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

/// Stores a password and deletes the user's one-time tokens.
async fn set_password(
    tx: &mut Transaction,
    password: &NewPasswordHash<'_>,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    tx.query(INSERT_CREDENTIAL)
        .bind(password.credential_id)
        .bind(password.user_id)
        .bind(password.hash)
        .bind(at.millis())
        .execute()
        .await?;
    tx.query(one_time_tokens::DELETE_OF_USER).bind(password.user_id).execute().await?;
    Ok(())
}

/// Marks a link as used and the address it was mailed to as verified. `false` unless both could be done; the transaction
/// must not be committed then.
async fn mark_email_verified(
    tx: &mut Transaction,
    link: &crate::Link,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let used = tx.query(one_time_tokens::USE).bind(&link.id).bind(now).execute().await?;
    let verified = tx.query(VERIFY).bind(&link.user_id).bind(&link.email).bind(now).execute().await?;
    Ok(used > 0 && verified > 0)
}

/// Deletes a user's sessions and known devices.
async fn revoke_all_sessions(tx: &mut Transaction, user_id: &str) -> Result<(), sqlx::Error> {
    tx.query(sessions::DELETE_OF_USER).bind(user_id).bind("").execute().await?;
    tx.query(devices::FORGET).bind(user_id).execute().await?;
    Ok(())
}

/// Whether the account is open and its password is still the one that was compared.
async fn is_same_password(
    tx: &mut Transaction,
    user_id: &str,
    compared: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let same = tx.query(SAME_PASSWORD).bind(user_id).bind(compared).bind(now.millis());
    Ok(same.fetch_optional::<(i32,)>().await?.is_some())
}

impl Database {
    /// Opens a session after a password was verified against the hash `compared`, unless the password has been changed or
    /// the user banned since; `false` then. `rehashed` replaces the hash.
    pub async fn open_session(
        &self,
        opening: &NewSession<'_>,
        compared: &str,
        rehashed: Option<&str>,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let user_id = &opening.session.user_id;
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, user_id).await? {
            return Ok(false);
        }
        if !is_same_password(&mut tx, user_id, compared, record.event.at).await? {
            return Ok(false);
        }
        if let Some(rehashed) = rehashed {
            tx.query(REHASH).bind(user_id).bind(compared).bind(rehashed).execute().await?;
        }
        insert_session(&mut tx, opening).await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes a password after the old one was verified against `compared`, unless it has been changed since; `false` then.
    /// With `opening`, all sessions of the user are replaced by that one; without, all stay.
    pub async fn change_password(
        &self,
        password: &NewPasswordHash<'_>,
        compared: &str,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, password.user_id).await? {
            return Ok(false);
        }
        if !is_same_password(&mut tx, password.user_id, compared, record.event.at).await? {
            return Ok(false);
        }
        set_password(&mut tx, password, record.event.at).await?;
        if let Some(opening) = opening {
            revoke_all_sessions(&mut tx, password.user_id).await?;
            insert_session(&mut tx, opening).await?;
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Consumes a link that resets a password: sets it, revokes every session and link of the user, marks the address as
    /// verified if the link was mailed to it, and remembers the device.
    pub async fn reset_password(
        &self,
        link: &crate::Link,
        password: &NewPasswordHash<'_>,
        device: Option<&KnownDevice>,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at;
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? {
            return Ok(ConsumeOutcome::Not);
        }
        if !consume_link(&mut tx, link, now).await? {
            return Ok(ConsumeOutcome::Not);
        }
        set_password(&mut tx, password, now).await?;
        revoke_all_sessions(&mut tx, password.user_id).await?;
        // One from the operator does not prove the address.
        if link.purpose == "reset-password" {
            tx.query(VERIFY).bind(password.user_id).bind(&link.email).bind(now.millis()).execute().await?;
        }
        upsert_known_device(&mut tx, password.user_id, device).await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(ConsumeOutcome::Now)
    }

    /// Marks the address a link was mailed to as verified, and opens a session when one is given. The link stays, marked as
    /// used, so that opening it again can be told from a link that never existed.
    pub async fn verify_email(
        &self,
        link: &crate::Link,
        opening: Option<&NewSession<'_>>,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at.millis();
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? || !mark_email_verified(&mut tx, link, now).await? {
            // Dropped without a commit, so neither has happened.
            return Ok(ConsumeOutcome::Not);
        }
        if let Some(opening) = opening {
            insert_session(&mut tx, opening).await?;
        }
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(ConsumeOutcome::Now)
    }

    /// Marks the address a link was mailed to as verified, in a browser that may not be the one in which the password was
    /// chosen: the password and its sessions are revoked, and `reset` is stored to set a new one.
    pub async fn verify_email_and_revoke_password(
        &self,
        link: &crate::Link,
        reset: &crate::Link,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now = record.event.at.millis();
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? || !mark_email_verified(&mut tx, link, now).await? {
            return Ok(ConsumeOutcome::Not);
        }
        tx.query(FORGET_PASSWORD).bind(&link.user_id).bind(now).execute().await?;
        revoke_all_sessions(&mut tx, &link.user_id).await?;
        // Other links may have been requested by whoever chose the password. The link itself stays, marked as used.
        tx.query(one_time_tokens::DELETE_OTHERS).bind(&link.user_id).bind(&link.id).execute().await?;
        insert_link(&mut tx, reset, [reset.purpose.as_str(), reset.purpose.as_str()]).await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(ConsumeOutcome::Now)
    }

    /// Consumes a link that changes a user's address, and deletes the user's other links, which name the old one.
    pub async fn change_email(
        &self,
        link: &crate::Link,
        new_email: &str,
        record: &AuditRecord,
    ) -> Result<ConsumeOutcome, StorageError> {
        let now: Timestamp = record.event.at;
        let changed = self.try_change_email(link, new_email, now, record).await;
        match changed {
            // Another transaction has taken the address since the statement checked it.
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
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? {
            return Ok(ConsumeOutcome::Not);
        }
        if !consume_link(&mut tx, link, now).await? {
            return Ok(ConsumeOutcome::Not);
        }
        let changed = tx
            .query(CHANGE_EMAIL)
            .bind(&link.user_id)
            .bind(&link.email)
            .bind(new_email)
            .bind(now.millis())
            .execute()
            .await?;
        let outcome = if changed > 0 {
            tx.query(one_time_tokens::DELETE_OF_USER).bind(&link.user_id).execute().await?;
            insert_audit_record(&mut tx, record).await?;
            ConsumeOutcome::Now
        } else {
            ConsumeOutcome::Taken
        };
        tx.commit().await?;
        Ok(outcome)
    }

    /// Restarts the period after which an unverified account is deleted, and remembers the device.
    pub async fn touch_unverified(
        &self,
        user_id: &str,
        now: Timestamp,
        device: Option<&KnownDevice>,
        record: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        upsert_known_device(&mut tx, user_id, device).await?;
        tx.query(STILL_UNVERIFIED).bind(user_id).bind(now.millis()).execute().await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }
}
