//! A conversation's row.

use const_format::concatcp;
use contract::Timestamp;
use sqlx::FromRow;

use super::Owner;
use crate::{
    Database, StorageError,
    connection::{Connection, Sql, Transaction},
};

/// A conversation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredConversation {
    /// Its number, which never leaves the server.
    pub no: i64,
    /// Its id, unique among its user's conversations.
    pub id: String,
    /// The title.
    pub title: Option<String>,
    /// The beginning of the user's first message.
    pub opening: Option<String>,
    /// `active` or `archived`.
    pub status: String,
    /// The last message of the branch that is shown.
    pub head_id: Option<String>,
    /// A JSON object.
    pub metadata: String,
    /// How many messages it has.
    pub message_count: i64,
    /// How often it has changed.
    pub revision: i64,
    /// When it was created.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When anything of it last changed.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
    /// When its last message was added, in Unix milliseconds.
    pub last_message_at: Option<i64>,
    /// What the list is sorted by: when its last message was added, or when it was created.
    #[sqlx(try_from = "i64")]
    pub active_at: Timestamp,
    /// Bytes of JSON: of its metadata, and of its messages.
    pub bytes: i64,
    /// The OAuth client whose token created it; `None` for a page of Bookplate's own, or a token without a client.
    pub client_id: Option<String>,
}

/// The columns of [`StoredConversation`], of a table called `c`.
pub(super) const COLUMNS: &str = "c.no, c.id, c.title, c.opening, c.status, c.head_id, c.metadata,
    c.message_count, c.revision, c.created_at, c.updated_at, c.last_message_at, c.active_at, c.bytes, c.client_id";
const FIND: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_conversations c where c.user_id = $1 and c.id = $2 and c.deleted_at is null
    and (c.client_id = $3 or $3 is null)"
);
/// Every change of a conversation locks its row first. A write transaction of SQLite has locked everything already.
const LOCK: Sql = Sql { sqlite: FIND, postgres: concatcp!(FIND, " for update") };
const SAVE: &str = "update bookplate_conversations set message_count = $2, revision = $3, head_id = $4,
    last_message_at = $5, active_at = $6, updated_at = $7, opening = $8, bytes = $9 where no = $1";

pub(super) const STATEMENTS: &[&str] = &[FIND, SAVE];
pub(super) const DIFFERENT: &[Sql] = &[LOCK];

/// Finds a conversation that is not deleted.
pub(super) async fn find_conversation(
    connection: &mut Connection,
    owner: Owner<'_>,
    id: &str,
) -> Result<Option<StoredConversation>, sqlx::Error> {
    connection.query(FIND).bind(owner.user_id).bind(id).bind(owner.client_id()).fetch_optional().await
}

/// Finds a conversation and locks its row until the transaction ends.
pub(super) async fn lock_conversation(
    tx: &mut Transaction,
    owner: Owner<'_>,
    id: &str,
) -> Result<Option<StoredConversation>, sqlx::Error> {
    tx.query(LOCK).bind(owner.user_id).bind(id).bind(owner.client_id()).fetch_optional().await
}

/// Stores what messages change about their conversation.
pub(super) async fn save_conversation(
    tx: &mut Transaction,
    conversation: &StoredConversation,
) -> Result<(), sqlx::Error> {
    tx.query(SAVE)
        .bind(conversation.no)
        .bind(conversation.message_count)
        .bind(conversation.revision)
        .bind(&conversation.head_id)
        .bind(conversation.last_message_at)
        .bind(conversation.active_at.millis())
        .bind(conversation.updated_at.millis())
        .bind(&conversation.opening)
        .bind(conversation.bytes)
        .execute()
        .await?;
    Ok(())
}

impl Database {
    /// A user's conversation; `None` when there is none of this id, or it was deleted.
    pub async fn find_conversation(
        &self,
        owner: Owner<'_>,
        id: &str,
    ) -> Result<Option<StoredConversation>, StorageError> {
        Ok(find_conversation(&mut self.connection().await?, owner, id).await?)
    }
}
