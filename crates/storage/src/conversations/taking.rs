//! Everything of a reader, a piece at a time, for the copy they take away; and what is removed for good.

use contract::Timestamp;
use sqlx::FromRow;

use super::{StoredConversation, list::conversation_columns};
use crate::{Database, StorageError, database::on_pool};

/// A conversation, one that is hidden too.
#[derive(Debug, Clone, FromRow)]
pub struct ConversationWithDeletedAt {
    /// The conversation.
    #[sqlx(flatten)]
    pub conversation: StoredConversation,
    /// When its reader deleted it, in Unix milliseconds.
    pub deleted_at: Option<i64>,
}

const TAKE: &str = concat!(
    "select ",
    conversation_columns!(),
    ", c.deleted_at from bookplate_conversations c where c.user_id = $1 and c.no > $2 order by c.no limit $3"
);
/// So many at once that nobody waits long.
const REMOVE: &str = "delete from bookplate_conversations where no in
    (select c.no from bookplate_conversations c where c.deleted_at <= $1 limit 20)";
const REQUESTS: &str = "delete from bookplate_idempotency where expires_at <= $1";
const COUNT: &str = "select count(*) from bookplate_conversations where user_id = $1";
const COUNT_REQUESTS: &str = "select count(*) from bookplate_idempotency where user_id = $1";

pub(super) const STATEMENTS: &[&str] = &[TAKE, REMOVE, REQUESTS, COUNT, COUNT_REQUESTS];

impl Database {
    /// A reader's conversations, the oldest first, from after the one with this number; hidden ones too.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn export_conversations(
        &self,
        user_id: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ConversationWithDeletedAt>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(TAKE).bind(user_id).bind(after).bind(limit).fetch_all(connection).await?
        }))
    }

    /// How many conversations of a reader are stored, hidden ones too.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn count_conversations(&self, user_id: &str) -> Result<i64, StorageError> {
        let (count,): (i64,) =
            on_pool!(self, |connection| sqlx::query_as(COUNT).bind(user_id).fetch_one(connection).await?);
        Ok(count)
    }

    /// How many requests of a reader are remembered.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn count_requests(&self, user_id: &str) -> Result<i64, StorageError> {
        let (count,): (i64,) = on_pool!(self, |connection| sqlx::query_as(COUNT_REQUESTS)
            .bind(user_id)
            .fetch_one(connection)
            .await?);
        Ok(count)
    }

    /// Removes conversations that were hidden before this moment, for good; how many.
    ///
    /// # Errors
    /// [`StorageError`]; what was removed before it stays so.
    pub async fn purge_deleted_conversations(&self, before: Timestamp) -> Result<u64, StorageError> {
        let mut removed = 0;
        loop {
            let now = on_pool!(self, |connection| {
                sqlx::query(REMOVE).bind(before.millis()).execute(connection).await?.rows_affected()
            });
            removed += now;
            if now == 0 {
                return Ok(removed);
            }
        }
    }

    /// Forgets requests whose time is over; how many.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn purge_idempotency_keys(&self, now: Timestamp) -> Result<u64, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query(REQUESTS).bind(now.millis()).execute(connection).await?.rows_affected()
        }))
    }
}
