//! Links that were mailed, under the hashes of their tokens.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, StorageError,
    connection::{Connection, Transaction},
    locks::lock_user,
};

/// A link that was mailed.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    /// SHA-256 of its token, lower-case hex.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// What it is for.
    pub purpose: String,
    /// The reader's address when it was made: it is worth nothing once that is another.
    pub email: String,
    /// The address the reader wants instead.
    pub new_email: Option<String>,
    /// When it was asked for.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it ends.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it did what it is for. Only a link that may be opened again without harm is kept after that.
    pub used_at: Option<i64>,
}

const REPLACE: &str = "delete from bookplate_links where user_id = $1 and purpose in ($2, $3)";
const INSERT: &str =
    "insert into bookplate_links (id, user_id, purpose, email, new_email, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)";
const FIND: &str =
    "select id, user_id, purpose, email, new_email, created_at, expires_at, used_at from bookplate_links
    where id = $1";
const CONSUME: &str = "delete from bookplate_links
    where id = $1 and purpose = $2 and expires_at > $3 returning user_id";
pub(crate) const USE: &str = "update bookplate_links set used_at = $2
    where id = $1 and used_at is null and expires_at > $2";
/// A reader's links but one.
pub(crate) const DELETE_OTHERS: &str = "delete from bookplate_links where user_id = $1 and id <> $2";
pub(crate) const DELETE_OF_USER: &str = "delete from bookplate_links where user_id = $1";

pub(crate) const STATEMENTS: &[&str] = &[REPLACE, INSERT, FIND, CONSUME, USE, DELETE_OTHERS, DELETE_OF_USER];

/// Stores a link in place of the user's others of these purposes.
pub(crate) async fn insert_link(
    tx: &mut Transaction,
    link: &Link,
    [one, other]: [&str; 2],
) -> Result<(), sqlx::Error> {
    tx.query(REPLACE).bind(&link.user_id).bind(one).bind(other).execute().await?;
    tx.query(INSERT)
        .bind(&link.id)
        .bind(&link.user_id)
        .bind(&link.purpose)
        .bind(&link.email)
        .bind(&link.new_email)
        .bind(link.created_at.millis())
        .bind(link.expires_at.millis())
        .execute()
        .await?;
    Ok(())
}

/// Deletes a link that is still valid, so that of two requests with one link only the first goes through; whether it was.
pub(crate) async fn consume_link(
    connection: &mut Connection,
    link: &Link,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let taken = connection.query(CONSUME).bind(&link.id).bind(&link.purpose).bind(now.millis());
    Ok(taken.fetch_optional::<(String,)>().await?.is_some())
}

impl Database {
    /// The link with this token's hash, expired and used ones too: the rule is the caller's.
    pub async fn find_link(&self, id: &str) -> Result<Option<Link>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(id).fetch_optional().await?)
    }

    /// Spends a link whose use needs nothing else done in the same step: `false` when it has been spent or is too old.
    pub async fn take_link(&self, link: &Link, now: Timestamp) -> Result<bool, StorageError> {
        Ok(consume_link(&mut self.connection().await?, link, now).await?)
    }

    /// Stores a link for a reader who gets it some other way than by mail.
    pub async fn add_link(&self, link: &Link, replaces: [&str; 2]) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        // Without a reader, the link itself is refused.
        let _ = lock_user(&mut tx, &link.user_id).await?;
        insert_link(&mut tx, link, replaces).await?;
        tx.commit().await?;
        Ok(())
    }
}
