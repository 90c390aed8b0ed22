//! The queue of mail. Bodies are encrypted, because they hold links; a row goes as soon as its mail is sent.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, Link, StorageError,
    connection::Transaction,
    locks::lock_user,
    one_time_tokens::{consume_link, insert_link},
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

const INSERT: &str = "insert into bookplate_mails (id, user_id, sealed, created_at, due_at, attempts)
    values ($1, $2, $3, $4, $5, $6)";
/// The condition stands twice: of two carriers that chose the same row, the second finds it taken when it gets there.
const CLAIM: &str = "update bookplate_mails set due_at = $2, attempts = attempts + 1
    where due_at <= $1 and id = (select id from bookplate_mails where due_at <= $1 order by due_at, created_at limit 1)
    returning id, user_id, sealed, created_at, due_at, attempts";
const POSTPONE: &str = "update bookplate_mails set due_at = $2 where id = $1";
const DELETE: &str = "delete from bookplate_mails where id = $1";
/// Whether a reader's password was set anew since; what a session asked for before then is not done any more.
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

    /// Takes the mail that has been due longest; until `claimed_until` no other carrier gets it. One whose carrier dies
    /// is due again then.
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

    /// Puts a mail back until later.
    pub async fn postpone_mail(&self, id: &str, due_at: Timestamp) -> Result<(), StorageError> {
        self.connection().await?.query(POSTPONE).bind(id).bind(due_at.millis()).execute().await?;
        Ok(())
    }

    /// Removes a mail that was sent, or never will be.
    pub async fn remove_mail(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(DELETE).bind(id).execute().await?;
        Ok(())
    }

    /// Puts a written mail, and the link in it, in the place of what it was asked for by; without a mail, a link nobody
    /// has. The reader's links that it replaces die. When the password was set anew since the request, nothing takes its
    /// place. `false` when the request is gone, with its reader or to another carrier.
    pub async fn replace_request_with_mail(
        &self,
        request_id: &str,
        link: &Link,
        replaces: [&str; 2],
        mail: Option<&QueuedMail>,
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
        // A link that merely proves an address hands nothing to anybody.
        if new_password.is_none() || link.purpose == "verify-email" {
            insert_link(&mut tx, link, replaces).await?;
            if let Some(mail) = mail {
                insert_mail(&mut tx, mail).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Spends a link and queues the mail it leads to, in one step. `false` when it has been spent or is too old.
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
