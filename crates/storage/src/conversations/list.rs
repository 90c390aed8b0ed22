//! Making, finding and listing conversations.

use contract::Timestamp;
use sqlx::FromRow;

use super::tx::{ConversationConnection, FIND_CONVERSATION as FIND};
use crate::{
    Database, StorageError,
    database::{in_transaction, on_pool},
};

/// A conversation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredConversation {
    /// Its number, which never leaves the server.
    pub no: i64,
    /// Its name among the reader's.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// The beginning of the reader's first message.
    pub opening: Option<String>,
    /// `active` or `archived`.
    pub status: String,
    /// The last message of the branch that is shown.
    pub head_id: Option<String>,
    /// An object.
    pub metadata: String,
    /// How many messages it has.
    pub message_count: i64,
    /// How often it has changed.
    pub revision: i64,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When anything of it last changed.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
    /// When its last message was added, in Unix milliseconds.
    pub last_message_at: Option<i64>,
    /// By what it stands in the list: when its last message was added, or when it was made.
    #[sqlx(try_from = "i64")]
    pub active_at: Timestamp,
}

/// What came of making a conversation.
#[derive(Debug)]
pub enum CreateOutcome {
    /// It was made.
    Created(StoredConversation),
    /// The reader has one of this name; it is as it was.
    Found(StoredConversation),
    /// The reader has as many as one may have.
    TooMany,
    /// There is no such reader any more.
    NoReader,
}

/// A conversation that is to be made.
pub(super) struct NewRow<'a> {
    pub(super) user_id: &'a str,
    pub(super) id: &'a str,
    pub(super) title: Option<&'a str>,
    /// An object.
    pub(super) metadata: &'a str,
    pub(super) now: Timestamp,
    /// How many the reader may have.
    pub(super) most: i64,
}

/// The columns of [`StoredConversation`], of a table called `c`.
macro_rules! conversation_columns {
    () => {
        "c.no, c.id, c.title, c.opening, c.status, c.head_id, c.metadata, c.message_count, c.revision,
    c.created_at, c.updated_at, c.last_message_at, c.active_at"
    };
}
pub(super) use conversation_columns;

/// Of a reader who exists, so that one who is erased meanwhile is no error.
pub(super) const INSERT: &str = "insert into bookplate_conversations
    (user_id, id, title, status, metadata, message_count, revision, created_at, updated_at, active_at)
    select u.id, $2, $3, 'active', $4, 0, 0, $5, $5, $5 from bookplate_users u where u.id = $1";
/// One that is to be gone for good makes room for another of its name.
pub(super) const MAKE_ROOM: &str = "delete from bookplate_conversations
    where user_id = $1 and id = $2 and deleted_at is not null";
pub(super) const COUNT: &str =
    "select count(*) from bookplate_conversations where user_id = $1 and deleted_at is null";
const LIST: &str = concat!(
    "select ",
    conversation_columns!(),
    " from bookplate_conversations c where c.user_id = $1 and (c.active_at, c.no) < ($2, $3)
    and c.status = $4 and c.deleted_at is null order by c.active_at desc, c.no desc limit $5"
);

pub(super) const STATEMENTS: &[&str] = &[INSERT, MAKE_ROOM, COUNT, LIST];

impl Database {
    /// Makes a conversation without messages, unless the reader has one of this name, or `most` in all.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn create_conversation(
        &self,
        user_id: &str,
        id: &str,
        title: Option<&str>,
        metadata: &str,
        now: Timestamp,
        most: i64,
    ) -> Result<CreateOutcome, StorageError> {
        let new = NewRow { user_id, id, title, metadata, now, most };
        Ok(in_transaction!(self, |connection| {
            let outcome = connection.create(&new).await?;
            if !matches!(outcome, CreateOutcome::Created(_)) {
                // Nothing was written, so there is nothing to commit.
                return Ok(outcome);
            }
            outcome
        }))
    }

    /// A reader's conversation; `None` when there is none of this name, or it was deleted.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find_conversation(
        &self,
        user_id: &str,
        id: &str,
    ) -> Result<Option<StoredConversation>, StorageError> {
        Ok(on_pool!(self, |connection| sqlx::query_as(FIND)
            .bind(user_id)
            .bind(id)
            .fetch_optional(connection)
            .await?))
    }

    /// A reader's conversations of this status, the last active first, from before the one that stands at `before`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list_conversations(
        &self,
        user_id: &str,
        status: &str,
        before: (i64, i64),
        limit: i64,
    ) -> Result<Vec<StoredConversation>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(LIST)
                .bind(user_id)
                .bind(before.0)
                .bind(before.1)
                .bind(status)
                .bind(limit)
                .fetch_all(connection)
                .await?
        }))
    }
}
