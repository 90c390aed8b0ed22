//! Reading messages.

use super::{SEQ_BITS, StoredMessage, connection::FIND, message::message_columns};
use crate::{Database, StorageError, database::on_pool};

/// The messages of a conversation between two numbers are its own, since the number begins with the conversation's.
macro_rules! read {
    ($order:literal) => {
        concat!(
            "select ",
            message_columns!(),
            " from bookplate_messages m where m.no > $1 and m.no < $2 order by m.no ",
            $order,
            " limit $3"
        )
    };
}
const ASCENDING: &str = read!("asc");
const DESCENDING: &str = read!("desc");
const CHANGES: &str = concat!(
    "select ",
    message_columns!(),
    " from bookplate_messages m where m.conversation_no = $1 and m.revision > $2 order by m.revision limit $3"
);

pub(super) const STATEMENTS: &[&str] = &[ASCENDING, DESCENDING, CHANGES];

impl Database {
    /// Messages of a conversation in their order, those at places after `after` and before `before`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn read_messages(
        &self,
        conversation_no: i64,
        (after, before): (i64, i64),
        newest_first: bool,
        limit: i64,
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let first = conversation_no << SEQ_BITS;
        let bound = |seq: i64| first | seq.clamp(0, (1 << SEQ_BITS) - 1);
        let statement = if newest_first { DESCENDING } else { ASCENDING };
        Ok(on_pool!(self, |connection| {
            let read = sqlx::query_as(statement).bind(bound(after)).bind(bound(before));
            read.bind(limit).fetch_all(connection).await?
        }))
    }

    /// A message of a conversation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_message(
        &self,
        conversation_no: i64,
        id: &str,
    ) -> Result<Option<StoredMessage>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(FIND).bind(conversation_no).bind(id).fetch_optional(connection).await?
        }))
    }

    /// The messages that have changed after a revision of their conversation, in the order they changed in.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn changed_messages(
        &self,
        conversation_no: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StoredMessage>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(CHANGES)
                .bind(conversation_no)
                .bind(after)
                .bind(limit)
                .fetch_all(connection)
                .await?
        }))
    }
}
