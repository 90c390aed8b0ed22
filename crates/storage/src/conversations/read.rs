//! Reading messages.
//!
//! Besides the number of rows, their bytes are bounded: a hundred of the largest messages are 50 MB.

use const_format::concatcp;

use super::{
    Owner, SEQ_BITS, StoredMessage,
    message::{COLUMNS, number},
};
use crate::{Database, StorageError};

/// A range of the primary key, since a message's number begins with its conversation's.
///
/// The limits below stand in a subquery because of PostgreSQL: it assumes that an unknown limit lets a tenth of the rows
/// through, so a plan for the limit at hand looks cheaper than the generic one and it would plan each request anew, which
/// takes longer than reading. The result of a subquery is unknown in both.
const SELECT: &str = concatcp!("select ", COLUMNS, " from bookplate_messages m where m.no > ");
/// The number of a place in a user's conversation; null, which matches nothing, when there is no such conversation.
const NUMBER_OF: &str = "(select c.no * 1048576 + ";
const OF_CONVERSATION: &str =
    " from bookplate_conversations c where c.user_id = $1 and c.id = $2 and c.deleted_at is null
    and (c.client_id = $6 or $6 is null))";
const AFTER: &str = concatcp!(NUMBER_OF, "$3", OF_CONVERSATION);
const BEFORE: &str = concatcp!(NUMBER_OF, "$4", OF_CONVERSATION);

const ASCENDING: &str =
    concatcp!(SELECT, "$1 and m.no < $2 order by m.no asc limit (select cast($3 as bigint))");
const DESCENDING: &str =
    concatcp!(SELECT, "$1 and m.no < $2 order by m.no desc limit (select cast($3 as bigint))");
const OF_USER: &str = concatcp!(SELECT, AFTER, " and m.no < ", BEFORE, " order by m.no ");
const OF_USER_ASCENDING: &str = concatcp!(OF_USER, "asc limit (select cast($5 as bigint))");
const OF_USER_DESCENDING: &str = concatcp!(OF_USER, "desc limit (select cast($5 as bigint))");
const CHANGES: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_messages m where m.conversation_no = $1 and m.revision > $2 order by m.revision limit $3"
);

pub(super) const STATEMENTS: &[&str] =
    &[ASCENDING, DESCENDING, OF_USER_ASCENDING, OF_USER_DESCENDING, CHANGES];

/// A place in a conversation, or the nearest there can be.
fn place(seq: i64) -> i64 {
    seq.clamp(0, (1 << SEQ_BITS) - 1)
}

/// Bytes of messages that one statement reads while everything is exported.
const AT_ONCE: usize = 1 << 20;

/// Says of which message on the messages have more than so many bytes together.
fn exceeds(bytes: usize) -> impl FnMut(&StoredMessage) -> bool {
    let mut read = 0;
    move |message| {
        read += message.content.bytes();
        read > bytes
    }
}

impl Database {
    /// Messages of a conversation in their order, those at places after `after` and before `before`; fewer than `limit`
    /// when they are large.
    pub async fn read_messages(
        &self,
        conversation_no: i64,
        (after, before): (i64, i64),
        newest_first: bool,
        limit: i64,
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let (after, before) = (number(conversation_no, place(after)), number(conversation_no, place(before)));
        let statement = if newest_first { DESCENDING } else { ASCENDING };
        let mut connection = self.connection().await?;
        let read = connection.query(statement).bind(after).bind(before).bind(limit);
        Ok(read.fetch_until(exceeds(AT_ONCE)).await?)
    }

    /// The same of a user's conversation by its id, in one statement, up to and including the message with which they have
    /// more than `bytes` together. None, also when there is no such conversation.
    pub async fn read_messages_of(
        &self,
        owner: Owner<'_>,
        id: &str,
        (after, before): (i64, i64),
        newest_first: bool,
        (limit, bytes): (i64, usize),
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let statement = if newest_first { OF_USER_DESCENDING } else { OF_USER_ASCENDING };
        let mut connection = self.connection().await?;
        let read = connection.query(statement).bind(owner.user_id).bind(id);
        let read = read.bind(place(after)).bind(place(before)).bind(limit).bind(owner.client_id());
        Ok(read.fetch_until(exceeds(bytes)).await?)
    }

    /// The messages that have changed after a revision of their conversation, in the order they changed in, up to and
    /// including the one with which they have more than `bytes` together.
    pub async fn changed_messages(
        &self,
        conversation_no: i64,
        after: i64,
        (limit, bytes): (i64, usize),
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let mut connection = self.connection().await?;
        let read = connection.query(CHANGES).bind(conversation_no).bind(after).bind(limit);
        Ok(read.fetch_until(exceeds(bytes)).await?)
    }
}
