//! Links that were mailed, under the hashes of their tokens.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, StorageError, database::on_pool, locks::lock_user};

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

pub(crate) const REPLACE: &str = "delete from bookplate_links where user_id = $1 and purpose in ($2, $3)";
pub(crate) const INSERT: &str =
    "insert into bookplate_links (id, user_id, purpose, email, new_email, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)";
const FIND: &str =
    "select id, user_id, purpose, email, new_email, created_at, expires_at, used_at from bookplate_links
    where id = $1";
/// Spends a link: of two requests that try, one gets it.
pub(crate) const TAKE: &str = "delete from bookplate_links
    where id = $1 and purpose = $2 and expires_at > $3 returning user_id";
pub(crate) const USE: &str = "update bookplate_links set used_at = $2
    where id = $1 and used_at is null and expires_at > $2";
/// A reader's links but one.
pub(crate) const DELETE_OTHERS: &str = "delete from bookplate_links where user_id = $1 and id <> $2";
pub(crate) const DELETE_OF_USER: &str = "delete from bookplate_links where user_id = $1";

pub(crate) const STATEMENTS: &[&str] = &[REPLACE, INSERT, FIND, TAKE, USE, DELETE_OTHERS, DELETE_OF_USER];

/// Stores a link on an open connection in place of the reader's others of the same purposes.
macro_rules! insert_link {
    ($connection:ident, $link:expr, $replaces:expr) => {{
        let link: &$crate::Link = $link;
        let [one, other]: [&str; 2] = $replaces;
        sqlx::query($crate::one_time_tokens::REPLACE)
            .bind(&link.user_id)
            .bind(one)
            .bind(other)
            .execute(&mut *$connection)
            .await?;
        sqlx::query($crate::one_time_tokens::INSERT)
            .bind(&link.id)
            .bind(&link.user_id)
            .bind(&link.purpose)
            .bind(&link.email)
            .bind(&link.new_email)
            .bind(link.created_at.millis())
            .bind(link.expires_at.millis())
            .execute(&mut *$connection)
            .await?;
    }};
}
pub(crate) use insert_link;

impl Database {
    /// The link with this token's hash, expired and used ones too: the rule is the caller's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_link(&self, id: &str) -> Result<Option<Link>, StorageError> {
        Ok(on_pool!(self, |connection| sqlx::query_as(FIND).bind(id).fetch_optional(connection).await?))
    }

    /// Spends a link whose use needs nothing else done in the same step: `false` when it has been spent or is too old.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn take_link(&self, link: &Link, now: Timestamp) -> Result<bool, StorageError> {
        let taken: Option<(String,)> = on_pool!(self, |connection| {
            sqlx::query_as(TAKE)
                .bind(&link.id)
                .bind(&link.purpose)
                .bind(now.millis())
                .fetch_optional(connection)
                .await?
        });
        Ok(taken.is_some())
    }

    /// Stores a link for a reader who gets it some other way than by mail.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn add_link(&self, link: &Link, replaces: [&str; 2]) -> Result<(), StorageError> {
        crate::database::in_transaction!(self, |connection| {
            // Without a reader, the link itself is refused.
            let _ = lock_user!(connection, &link.user_id);
            insert_link!(connection, link, replaces);
        });
        Ok(())
    }
}
