//! Listing conversations.

use const_format::concatcp;

use super::{StoredConversation, conversation::COLUMNS};
use crate::{Database, StorageError};

const LIST: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_conversations c where c.user_id = $1 and (c.active_at, c.no) < ($2, $3)
    and c.status = $4 and c.deleted_at is null order by c.active_at desc, c.no desc limit $5"
);

pub(super) const STATEMENTS: &[&str] = &[LIST];

impl Database {
    /// A user's conversations of this status, the last active first, from after the one with `(active_at, no)` `before`.
    pub async fn list_conversations(
        &self,
        user_id: &str,
        status: &str,
        before: (i64, i64),
        limit: i64,
    ) -> Result<Vec<StoredConversation>, StorageError> {
        let mut connection = self.connection().await?;
        let list = connection.query(LIST).bind(user_id).bind(before.0).bind(before.1);
        Ok(list.bind(status).bind(limit).fetch_all().await?)
    }
}
