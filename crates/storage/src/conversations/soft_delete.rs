//! Soft-deleting conversations and restoring them.

use contract::Timestamp;

use super::create::count_conversations;
use crate::{Database, StorageError, locks::lock_user};

/// The outcome of restoring a conversation.
#[derive(Debug, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// It is restored; its number and revision.
    Restored(i64, i64),
    /// The user has no such conversation that could be restored.
    NoConversation,
    /// The user has as many as one may have.
    TooMany,
}

const SOFT_DELETE: &str = "update bookplate_conversations set deleted_at = $3, revision = revision + 1
    where user_id = $1 and id = $2 and deleted_at is null returning no, revision";
const RESTORE: &str = "update bookplate_conversations set deleted_at = null, revision = revision + 1
    where user_id = $1 and id = $2 and deleted_at > $3 returning no, revision";

pub(super) const STATEMENTS: &[&str] = &[SOFT_DELETE, RESTORE];

impl Database {
    /// Soft-deletes a conversation; its number and revision, or `None` when there was none.
    pub async fn soft_delete_conversation(
        &self,
        user_id: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<(i64, i64)>, StorageError> {
        let mut connection = self.connection().await?;
        Ok(connection.query(SOFT_DELETE).bind(user_id).bind(id).bind(now.millis()).fetch_optional().await?)
    }

    /// Restores a conversation that was soft-deleted after `since`, unless the user has `most` without it.
    pub async fn restore_conversation(
        &self,
        user_id: &str,
        id: &str,
        since: Timestamp,
        most: i64,
    ) -> Result<RestoreOutcome, StorageError> {
        let mut tx = self.begin().await?;
        // Two requests of one user at once would count the same conversations.
        if !lock_user(&mut tx, user_id).await? {
            return Ok(RestoreOutcome::NoConversation);
        }
        let count = count_conversations(&mut tx, user_id).await?;
        let restored = tx.query(RESTORE).bind(user_id).bind(id).bind(since.millis()).fetch_optional().await?;
        let Some((no, revision)) = restored else { return Ok(RestoreOutcome::NoConversation) };
        if count >= most {
            // Without a commit, it stays deleted.
            return Ok(RestoreOutcome::TooMany);
        }
        tx.commit().await?;
        Ok(RestoreOutcome::Restored(no, revision))
    }
}
