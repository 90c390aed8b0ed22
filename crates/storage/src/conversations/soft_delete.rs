//! Soft-deleting conversations and restoring them.

use contract::Timestamp;

use super::{Owner, create::count_conversations};
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
    where user_id = $1 and id = $2 and deleted_at is null and (client_id = $4 or $4 is null)
    returning no, revision";
const RESTORE: &str = "update bookplate_conversations set deleted_at = null, revision = revision + 1
    where user_id = $1 and id = $2 and deleted_at > $3 and (client_id = $4 or $4 is null)
    returning no, revision";

pub(super) const STATEMENTS: &[&str] = &[SOFT_DELETE, RESTORE];

impl Database {
    /// Soft-deletes a conversation; its number and revision, or `None` when there was none.
    pub async fn soft_delete_conversation(
        &self,
        owner: Owner<'_>,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<(i64, i64)>, StorageError> {
        let mut connection = self.connection().await?;
        let delete = connection.query(SOFT_DELETE).bind(owner.user_id).bind(id).bind(now.millis());
        Ok(delete.bind(owner.client_id()).fetch_optional().await?)
    }

    /// Restores a conversation that was soft-deleted after `since`, unless the user has `most` without it.
    pub async fn restore_conversation(
        &self,
        owner: Owner<'_>,
        id: &str,
        since: Timestamp,
        most: i64,
    ) -> Result<RestoreOutcome, StorageError> {
        let mut tx = self.begin().await?;
        // Two requests of one user at once would count the same conversations.
        if !lock_user(&mut tx, owner.user_id).await? {
            return Ok(RestoreOutcome::NoConversation);
        }
        let count = count_conversations(&mut tx, owner.user_id).await?;
        let restore = tx.query(RESTORE).bind(owner.user_id).bind(id).bind(since.millis());
        let restored = restore.bind(owner.client_id()).fetch_optional().await?;
        let Some((no, revision)) = restored else { return Ok(RestoreOutcome::NoConversation) };
        if count >= most {
            // Without a commit, it stays deleted.
            return Ok(RestoreOutcome::TooMany);
        }
        tx.commit().await?;
        Ok(RestoreOutcome::Restored(no, revision))
    }
}
