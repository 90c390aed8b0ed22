//! The mail queue. Messages are encrypted, because they hold links; a row is deleted as soon as its mail is sent.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, Link, NewCode, StorageError,
    connection::Transaction,
    locks::lock_user,
    one_time_tokens::{consume_link, insert_link},
    verification_codes::insert_code,
};

/// A rendered message, or a request for one.
#[derive(Debug, Clone, FromRow)]
pub struct QueuedMail {
    /// The id, a UUID.
    pub id: String,
    /// The user with whom it is deleted; `None` for a mail that outlives its user.
    pub user_id: Option<String>,
    /// The message or the request, encrypted.
    pub sealed: String,
    /// When it was queued.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it is tried next. A worker that claims it moves this, so that no other claims it meanwhile.
    #[sqlx(try_from = "i64")]
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

const INSERT: &str = "insert into bookplate_mails (id, user_id, sealed, created_at, due_at, attempts)
    values ($1, $2, $3, $4, $5, $6)";
/// The condition is repeated: of two workers that have selected the same row, the second finds it claimed.
const CLAIM: &str = "update bookplate_mails set due_at = $2, attempts = attempts + 1
    where due_at <= $1 and id = (select id from bookplate_mails where due_at <= $1 order by due_at, created_at limit 1)
    returning id, user_id, sealed, created_at, due_at, attempts";
const POSTPONE: &str = "update bookplate_mails set due_at = $2 where id = $1";
const DELETE: &str = "delete from bookplate_mails where id = $1";
/// Whether a user's password was replaced since a request: a session from before must not get a link any more.
const NEW_PASSWORD: &str =
    "select 1 from bookplate_accounts where user_id = $1 and provider_id = 'credential'
    and updated_at > $2 and updated_at > created_at";
const NEXT: &str = "select min(due_at) from bookplate_mails";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, CLAIM, POSTPONE, DELETE, NEW_PASSWORD, NEXT];

/// Queues a mail, unless it is one to a user who is gone.
pub(crate) async fn insert_mail(tx: &mut Transaction, mail: &QueuedMail) -> Result<(), sqlx::Error> {
    if let Some(user_id) = &mail.user_id
        && !lock_user(tx, user_id).await?
    {
        return Ok(());
    }
    tx.query(INSERT)
        .bind(&mail.id)
        .bind(&mail.user_id)
        .bind(&mail.sealed)
        .bind(mail.created_at.millis())
        .bind(mail.due_at.millis())
        .bind(mail.attempts)
        .execute()
        .await?;
    Ok(())
}

impl Database {
    /// Queues a mail.
    pub async fn queue_mail(&self, mail: &QueuedMail) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        insert_mail(&mut tx, mail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Claims the mail that has been due longest. No other worker gets it until `claimed_until`; if the process dies, it is
    /// due again then.
    pub async fn claim_mail(
        &self,
        now: Timestamp,
        claimed_until: Timestamp,
    ) -> Result<Option<QueuedMail>, StorageError> {
        Ok(self
            .connection()
            .await?
            .query(CLAIM)
            .bind(now.millis())
            .bind(claimed_until.millis())
            .fetch_optional()
            .await?)
    }

    /// Postpones a mail.
    pub async fn postpone_mail(&self, id: &str, due_at: Timestamp) -> Result<(), StorageError> {
        self.connection().await?.query(POSTPONE).bind(id).bind(due_at.millis()).execute().await?;
        Ok(())
    }

    /// Deletes a mail that was sent, or never will be.
    pub async fn remove_mail(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(DELETE).bind(id).execute().await?;
        Ok(())
    }

    /// Replaces a queued request with the rendered mail and stores its link, invalidating the user's older links of these
    /// purposes; with the mail goes the code in it, if it has one. Without a mail, a link that nobody has is stored. If the
    /// password was replaced since the request, the request is only deleted. `false` when the request is gone, with its user
    /// or to another worker.
    pub async fn replace_request_with_mail(
        &self,
        request_id: &str,
        link: &Link,
        replaces: [&str; 2],
        mail: Option<(&QueuedMail, Option<&NewCode>)>,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? {
            return Ok(false);
        }
        let removed = tx.query(DELETE).bind(request_id).execute().await?;
        if removed == 0 {
            return Ok(false);
        }
        let new_password: Option<(i32,)> = tx
            .query(NEW_PASSWORD)
            .bind(&link.user_id)
            .bind(link.created_at.millis())
            .fetch_optional()
            .await?;
        // A link that only verifies an address gives no access.
        if new_password.is_none() || link.purpose == "verify-email" {
            insert_link(&mut tx, link, replaces).await?;
            if let Some((mail, code)) = mail {
                insert_mail(&mut tx, mail).await?;
                if let Some(code) = code {
                    insert_code(&mut tx, link, code, mail.created_at).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Consumes a link and queues the mail that it leads to. `false` when it has been used or has expired.
    pub async fn consume_link_and_queue_mail(
        &self,
        link: &Link,
        mail: &QueuedMail,
    ) -> Result<bool, StorageError> {
        let mut tx = self.begin().await?;
        if !lock_user(&mut tx, &link.user_id).await? {
            return Ok(false);
        }
        if !consume_link(&mut tx, link, mail.created_at).await? {
            return Ok(false);
        }
        insert_mail(&mut tx, mail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// When the next mail is due.
    pub async fn next_mail_due(&self) -> Result<Option<Timestamp>, StorageError> {
        let (due,): (Option<i64>,) = self.connection().await?.query(NEXT).fetch_one().await?;
        Ok(due.map(Timestamp::from_millis))
    }
}
