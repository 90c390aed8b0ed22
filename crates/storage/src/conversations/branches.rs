//! Reading branches of a conversation, a page at a time.
//!
//! Each message names its parent, so a branch is read from its tip upwards with one index lookup a message, however large the
//! rest of the conversation is.

use const_format::concatcp;
use sqlx::FromRow;

use super::{StoredMessage, message::COLUMNS};
use crate::{Database, StorageError};

/// The position of a message among those of the same parent, in the order they were added.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Siblings {
    /// The number of the message.
    pub no: i64,
    /// How many siblings there are, with itself.
    pub count: i64,
    /// Its position, from 1 on.
    pub position: i64,
    /// The number of the one before it.
    pub before: Option<i64>,
    /// The number of the one after it.
    pub after: Option<i64>,
}

/// The branch from the message with id $2 upwards, at most $3 messages.
const UPWARDS: &str = "with recursive branch (no, parent_id, place) as (
        select m.no, m.parent_id, cast(1 as bigint) from bookplate_messages m
            where m.conversation_no = $1 and m.id = $2
        union all
        select p.no, p.parent_id, b.place + 1 from branch b join bookplate_messages p
            on p.conversation_no = $1 and p.id = b.parent_id where b.place < $3
    ) ";
const UP: &str = concatcp!(
    UPWARDS,
    "select ",
    COLUMNS,
    " from branch b join bookplate_messages m on m.no = b.no order by b.no desc"
);
/// The siblings of messages with a parent.
const SIBLINGS: &str = concatcp!(
    UPWARDS,
    "select b.no, count(*) as count, sum(case when s.no <= b.no then 1 else 0 end) as position,
    max(case when s.no < b.no then s.no end) as before, min(case when s.no > b.no then s.no end) as after
    from branch b join bookplate_messages s on s.conversation_no = $1 and s.parent_id = b.parent_id
    group by b.no having count(*) > 1"
);
/// The siblings of a message without a parent.
const SIBLINGS_OF_FIRST: &str = "select cast($2 as bigint) as no, count(*) as count,
    sum(case when s.no <= $2 then 1 else 0 end) as position,
    max(case when s.no < $2 then s.no end) as before, min(case when s.no > $2 then s.no end) as after
    from bookplate_messages s where s.conversation_no = $1 and s.parent_id is null having count(*) > 1";
/// The branch from its tip, with id $2, up to the message numbered $3: the $4 messages next to that one. Children have
/// higher numbers than their parents.
const DOWN_TO: &str = concatcp!(
    "with recursive branch (no, parent_id) as (
        select m.no, m.parent_id from bookplate_messages m where m.conversation_no = $1 and m.id = $2
        union all
        select p.no, p.parent_id from branch b join bookplate_messages p
            on p.conversation_no = $1 and p.id = b.parent_id where b.no > $3
    ) select ",
    COLUMNS,
    " from (select no from branch where no >= $3 order by no limit $4) b
    join bookplate_messages m on m.no = b.no order by m.no"
);
/// From the message with id $2 downwards, each time to the child that was added last.
const TIP: &str = "with recursive branch (no, id) as (
        select m.no, m.id from bookplate_messages m where m.conversation_no = $1 and m.id = $2
        union all
        select c.no, c.id from branch b join bookplate_messages c on c.conversation_no = $1 and c.parent_id = b.id
            where c.no = (select max(s.no) from bookplate_messages s
                where s.conversation_no = $1 and s.parent_id = b.id)
    ) select id from branch order by no desc limit 1";
const ID: &str = "select id from bookplate_messages where no = $1";

pub(super) const STATEMENTS: &[&str] = &[UP, SIBLINGS, SIBLINGS_OF_FIRST, DOWN_TO, TIP, ID];

impl Database {
    /// The tip of a branch and its ancestors, at most `limit` messages, the tip first.
    pub async fn read_branch(
        &self,
        conversation_no: i64,
        end: &str,
        limit: i64,
    ) -> Result<Vec<StoredMessage>, StorageError> {
        Ok(self.connection().await?.query(UP).bind(conversation_no).bind(end).bind(limit).fetch_all().await?)
    }

    /// A message and its descendants on the branch with the tip `end`, at most `limit` messages, in their order. When the
    /// message is not on that branch, the first one is another.
    pub async fn read_branch_from(
        &self,
        conversation_no: i64,
        end: &str,
        from: i64,
        limit: i64,
    ) -> Result<Vec<StoredMessage>, StorageError> {
        let mut connection = self.connection().await?;
        let read = connection.query(DOWN_TO).bind(conversation_no).bind(end).bind(from).bind(limit);
        Ok(read.fetch_all().await?)
    }

    /// The sibling positions of those of the last `limit` messages of a branch that have siblings.
    pub async fn read_siblings(
        &self,
        conversation_no: i64,
        end: &str,
        limit: i64,
    ) -> Result<Vec<Siblings>, StorageError> {
        Ok(self
            .connection()
            .await?
            .query(SIBLINGS)
            .bind(conversation_no)
            .bind(end)
            .bind(limit)
            .fetch_all()
            .await?)
    }

    /// The same for a message without a parent; `None` when it has no siblings.
    pub async fn read_siblings_of_first(
        &self,
        conversation_no: i64,
        no: i64,
    ) -> Result<Option<Siblings>, StorageError> {
        Ok(self
            .connection()
            .await?
            .query(SIBLINGS_OF_FIRST)
            .bind(conversation_no)
            .bind(no)
            .fetch_optional()
            .await?)
    }

    /// The tip of the branch through this message, following the child that was added last.
    pub async fn find_branch_tip(
        &self,
        conversation_no: i64,
        through: &str,
    ) -> Result<Option<String>, StorageError> {
        let found: Option<(String,)> =
            self.connection().await?.query(TIP).bind(conversation_no).bind(through).fetch_optional().await?;
        Ok(found.map(|(id,)| id))
    }

    /// The id of the message of this number.
    pub async fn find_message_id(&self, no: i64) -> Result<Option<String>, StorageError> {
        let found: Option<(String,)> = self.connection().await?.query(ID).bind(no).fetch_optional().await?;
        Ok(found.map(|(id,)| id))
    }
}
