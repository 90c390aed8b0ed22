//! The queue of mail. Bodies are encrypted, because they hold links; a row goes as soon as its mail is sent.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, Link, StorageError,
    database::{in_transaction, on_pool},
    locks::lock_user,
    one_time_tokens,
};

/// A mail, or what one is to be written about.
#[derive(Debug, Clone, FromRow)]
pub struct QueuedMail {
    /// UUID.
    pub id: String,
    /// The reader it goes away with; `None` for a mail that outlives its reader.
    pub user_id: Option<String>,
    /// The mail, encrypted.
    pub sealed: String,
    /// When it was asked for.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it is tried next. A carrier that takes it moves this, so that no other takes it meanwhile.
    #[sqlx(try_from = "i64")]
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

pub(crate) const INSERT: &str =
    "insert into bookplate_mails (id, user_id, sealed, created_at, due_at, attempts)
    values ($1, $2, $3, $4, $5, $6)";
/// The condition stands twice: of two carriers that chose the same row, the second finds it taken when it gets there.
const CLAIM: &str = "update bookplate_mails set due_at = $2, attempts = attempts + 1
    where due_at <= $1 and id = (select id from bookplate_mails where due_at <= $1 order by due_at, created_at limit 1)
    returning id, user_id, sealed, created_at, due_at, attempts";
const POSTPONE: &str = "update bookplate_mails set due_at = $2 where id = $1";
pub(crate) const DELETE: &str = "delete from bookplate_mails where id = $1";
/// Whether a reader's password was set anew since; what a session asked for before then is not done any more.
const NEW_PASSWORD: &str =
    "select 1 from bookplate_accounts where user_id = $1 and provider_id = 'credential'
    and updated_at > $2 and updated_at > created_at";
const NEXT: &str = "select min(due_at) from bookplate_mails";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, CLAIM, POSTPONE, DELETE, NEW_PASSWORD, NEXT];

/// Queues a mail on an open connection. One that would have gone with its reader is not queued when they are gone.
macro_rules! insert_mail {
    ($connection:ident, $mail:expr) => {{
        let mail: &$crate::QueuedMail = $mail;
        let wanted = match &mail.user_id {
            Some(user_id) => $crate::locks::lock_user!($connection, user_id),
            None => true,
        };
        if wanted {
            sqlx::query($crate::mail_queue::INSERT)
                .bind(&mail.id)
                .bind(&mail.user_id)
                .bind(&mail.sealed)
                .bind(mail.created_at.millis())
                .bind(mail.due_at.millis())
                .bind(mail.attempts)
                .execute(&mut *$connection)
                .await?;
        }
    }};
}
pub(crate) use insert_mail;

impl Database {
    /// Queues a mail.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn queue_mail(&self, mail: &QueuedMail) -> Result<(), StorageError> {
        in_transaction!(self, |connection| insert_mail!(connection, mail));
        Ok(())
    }

    /// Takes the mail that has been due longest; until `claimed_until` no other carrier gets it. One whose carrier dies
    /// is due again then.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn claim_mail(
        &self,
        now: Timestamp,
        claimed_until: Timestamp,
    ) -> Result<Option<QueuedMail>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(CLAIM)
                .bind(now.millis())
                .bind(claimed_until.millis())
                .fetch_optional(connection)
                .await?
        }))
    }

    /// Puts a mail back until later.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn postpone_mail(&self, id: &str, due_at: Timestamp) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(POSTPONE).bind(id).bind(due_at.millis()).execute(connection).await?;
        });
        Ok(())
    }

    /// Removes a mail that was sent, or never will be.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn remove_mail(&self, id: &str) -> Result<(), StorageError> {
        on_pool!(self, |connection| {
            sqlx::query(DELETE).bind(id).execute(connection).await?;
        });
        Ok(())
    }

    /// Puts a written mail, and the link in it, in the place of what it was asked for by; without a mail, a link nobody
    /// has. The reader's links that it replaces die. When the password was set anew since the request, nothing takes its
    /// place. `false` when the request is gone, with its reader or to another carrier.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn replace_request_with_mail(
        &self,
        request_id: &str,
        link: &Link,
        replaces: [&str; 2],
        mail: Option<&QueuedMail>,
    ) -> Result<bool, StorageError> {
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) {
                return Ok(false);
            }
            let removed = sqlx::query(DELETE).bind(request_id).execute(&mut *connection).await?;
            if removed.rows_affected() == 0 {
                return Ok(false);
            }
            let new_password: Option<(i32,)> = sqlx::query_as(NEW_PASSWORD)
                .bind(&link.user_id)
                .bind(link.created_at.millis())
                .fetch_optional(&mut *connection)
                .await?;
            // A link that merely proves an address hands nothing to anybody.
            if new_password.is_none() || link.purpose == "verify-email" {
                one_time_tokens::insert_link!(connection, link, replaces);
                if let Some(mail) = mail {
                    insert_mail!(connection, mail);
                }
            }
            true
        }))
    }

    /// Spends a link and queues the mail it leads to, in one step. `false` when it has been spent or is too old.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn consume_link_and_queue_mail(
        &self,
        link: &Link,
        mail: &QueuedMail,
    ) -> Result<bool, StorageError> {
        Ok(in_transaction!(self, |connection| {
            if !lock_user!(connection, &link.user_id) {
                return Ok(false);
            }
            let taken: Option<(String,)> = sqlx::query_as(one_time_tokens::TAKE)
                .bind(&link.id)
                .bind(&link.purpose)
                .bind(mail.created_at.millis())
                .fetch_optional(&mut *connection)
                .await?;
            if taken.is_none() {
                return Ok(false);
            }
            insert_mail!(connection, mail);
            true
        }))
    }

    /// When the next mail is due.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn next_mail_due(&self) -> Result<Option<Timestamp>, StorageError> {
        let (due,): (Option<i64>,) =
            on_pool!(self, |connection| sqlx::query_as(NEXT).fetch_one(connection).await?);
        Ok(due.map(Timestamp::from_millis))
    }
}
