//! Reading messages: so many, and no more once they have so many bytes together, since a hundred of the largest are 50 MB.

use futures_util::{Stream, TryStreamExt};

use super::{
    SEQ_BITS, StoredMessage,
    message::{message_columns, number},
    tx::FIND,
};
use crate::{Database, StorageError, database::on_pool};

/// The messages of a conversation between two places are those between two numbers, since a message's number begins with
/// its conversation's.
///
/// The limit stands in a subquery because of PostgreSQL. It believes that a limit it does not know lets a tenth of all rows
/// through, so a plan for the limit at hand looks cheaper than the one it keeps, and it would plan for each request, which
/// takes longer than reading. What a subquery yields it does not know either way.
macro_rules! read {
    ($after:expr, $before:expr, $order:literal, $limit:literal) => {
        concat!(
            "select ",
            message_columns!(),
            " from bookplate_messages m where m.no > ",
            $after,
            " and m.no < ",
            $before,
            " order by m.no ",
            $order,
            " limit (select cast(",
            $limit,
            " as bigint))"
        )
    };
}
/// The number of a place in a reader's conversation, which is looked for once; null, so that nothing is found, without one.
macro_rules! number_of {
    ($place:literal) => {
        concat!(
            "(select c.no * 1048576 + ",
            $place,
            " from bookplate_conversations c where c.user_id = $1 and c.id = $2 and c.deleted_at is null)"
        )
    };
}
const ASCENDING: &str = read!("$1", "$2", "asc", "$3");
const DESCENDING: &str = read!("$1", "$2", "desc", "$3");
const NAMED_ASCENDING: &str = read!(number_of!("$3"), number_of!("$4"), "asc", "$5");
const NAMED_DESCENDING: &str = read!(number_of!("$3"), number_of!("$4"), "desc", "$5");
const CHANGES: &str = concat!(
    "select ",
    message_columns!(),
    " from bookplate_messages m where m.conversation_no = $1 and m.revision > $2 order by m.revision limit $3"
);

pub(super) const STATEMENTS: &[&str] = &[ASCENDING, DESCENDING, NAMED_ASCENDING, NAMED_DESCENDING, CHANGES];

/// A place in a conversation, or the nearest there can be.
fn place(seq: i64) -> i64 {
    seq.clamp(0, (1 << SEQ_BITS) - 1)
}

/// Bytes of messages that are read at once on their way out of the database as a whole.
const AT_ONCE: usize = 1 << 20;

/// The rows up to the one with which they have more than so many bytes together.
async fn within(
    bytes: usize,
    mut rows: impl Stream<Item = Result<StoredMessage, sqlx::Error>> + Unpin,
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let (mut found, mut read) = (Vec::new(), 0);
    while let Some(message) = rows.try_next().await? {
        read += message.content.bytes();
        found.push(message);
        if read > bytes {
            break;
        }
    }
    Ok(found)
}

impl Database {
    /// Messages of a conversation in their order, those at places after `after` and before `before`; fewer than `limit`
    /// when they are large.
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
        let (after, before) = (number(conversation_no, place(after)), number(conversation_no, place(before)));
        let statement = if newest_first { DESCENDING } else { ASCENDING };
        Ok(on_pool!(self, |connection| {
            let read = sqlx::query_as(statement).bind(after).bind(before).bind(limit);
            within(AT_ONCE, read.fetch(connection)).await?
        }))
    }

    /// The same of a reader's conversation by its name, in one question, up to the message with which they have more than
    /// `bytes` together. None, also when there is no such conversation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn read_messages_of(
        &self,
        user_id: &str,
        id: &str,
        (after, before): (i64, i64),
        newest_first: bool,
        (limit, bytes): (i64, usize),
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let statement = if newest_first { NAMED_DESCENDING } else { NAMED_ASCENDING };
        Ok(on_pool!(self, |connection| {
            let read = sqlx::query_as(statement).bind(user_id).bind(id);
            let read = read.bind(place(after)).bind(place(before)).bind(limit);
            within(bytes, read.fetch(connection)).await?
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

    /// The messages that have changed after a revision of their conversation, in the order they changed in, up to the one
    /// with which they have more than `bytes` together.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn changed_messages(
        &self,
        conversation_no: i64,
        after: i64,
        (limit, bytes): (i64, usize),
    ) -> Result<Vec<StoredMessage>, StorageError> {
        Ok(on_pool!(self, |connection| {
            let read = sqlx::query_as(CHANGES).bind(conversation_no).bind(after).bind(limit);
            within(bytes, read.fetch(connection)).await?
        }))
    }
}
