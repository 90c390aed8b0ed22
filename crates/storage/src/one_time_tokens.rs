//! One-time tokens in mailed links, stored as hashes.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{
    Database, StorageError,
    connection::{Connection, Transaction},
    locks::lock_user,
};

/// A link with a one-time token.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    /// SHA-256 of its token, in lower-case hex.
    pub id: String,
    /// The user.
    pub user_id: String,
    /// Its purpose.
    pub purpose: String,
    /// The user's address when it was requested: the link is void once that has changed.
    pub email: String,
    /// The address to change to.
    pub new_email: Option<String>,
    /// When it was requested.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it expires.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it was used, in Unix milliseconds. Only a link that may safely be opened again is kept after that.
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
/// A user's links but one.
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
    /// The link with this token's hash, also one that has expired or was used: the caller decides.
    pub async fn find_link(&self, id: &str) -> Result<Option<Link>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(id).fetch_optional().await?)
    }

    /// Consumes a link on its own; `false` when it has been used or has expired.
    pub async fn take_link(&self, link: &Link, now: Timestamp) -> Result<bool, StorageError> {
        Ok(consume_link(&mut self.connection().await?, link, now).await?)
    }

    /// Stores a link that is handed over in another way than by mail.
    pub async fn add_link(&self, link: &Link, replaces: [&str; 2]) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        // Without a user, the foreign key refuses the link.
        let _ = lock_user(&mut tx, &link.user_id).await?;
        insert_link(&mut tx, link, replaces).await?;
        tx.commit().await?;
        Ok(())
    }
}
