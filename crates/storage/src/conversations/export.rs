//! Reading everything of a user, for the copy they take away.

use const_format::concatcp;
use sqlx::FromRow;

use super::{Owner, StoredConversation, conversation::COLUMNS};
use crate::{Database, StorageError};

/// A conversation, soft-deleted or not.
#[derive(Debug, Clone, FromRow)]
pub struct ConversationWithDeletedAt {
    /// The conversation.
    #[sqlx(flatten)]
    pub conversation: StoredConversation,
    /// When its user deleted it, in Unix milliseconds.
    pub deleted_at: Option<i64>,
}

const EXPORT: &str = concatcp!(
    "select ",
    COLUMNS,
    ", c.deleted_at from bookplate_conversations c where c.user_id = $1 and c.no > $2
    and (c.client_id = $4 or $4 is null) order by c.no limit $3"
);
const COUNT: &str = "select count(*) from bookplate_conversations where user_id = $1";
const COUNT_IDEMPOTENCY_KEYS: &str = "select count(*) from bookplate_idempotency where user_id = $1";

pub(super) const STATEMENTS: &[&str] = &[EXPORT, COUNT, COUNT_IDEMPOTENCY_KEYS];

impl Database {
    /// A user's conversations, the oldest first, from after the one with this number; soft-deleted ones too.
    pub async fn export_conversations(
        &self,
        owner: Owner<'_>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ConversationWithDeletedAt>, StorageError> {
        let mut connection = self.connection().await?;
        let export = connection.query(EXPORT).bind(owner.user_id).bind(after).bind(limit);
        Ok(export.bind(owner.client_id()).fetch_all().await?)
    }

    /// How many conversations of a user are stored, soft-deleted ones too.
    pub async fn count_conversations(&self, user_id: &str) -> Result<i64, StorageError> {
        let (count,): (i64,) = self.connection().await?.query(COUNT).bind(user_id).fetch_one().await?;
        Ok(count)
    }

    /// How many requests of a user are remembered.
    pub async fn count_requests(&self, user_id: &str) -> Result<i64, StorageError> {
        let mut connection = self.connection().await?;
        let (count,): (i64,) = connection.query(COUNT_IDEMPOTENCY_KEYS).bind(user_id).fetch_one().await?;
        Ok(count)
    }
}
