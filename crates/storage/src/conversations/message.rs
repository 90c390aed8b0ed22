//! A message's row.

use const_format::concatcp;
use contract::Timestamp;
use sqlx::FromRow;

use super::Terms;
use crate::{
    Database, StorageError,
    connection::{Connection, Sql, Transaction},
};

/// The lower bits of a message's number hold its place in its conversation, those above the conversation's number
/// (`docs/adr/0015-numbers-of-messages.md`).
pub const SEQ_BITS: u32 = 20;

/// A message's content: JSON texts as they came.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Content {
    /// An array of parts.
    pub parts: String,
    /// `in_progress`, `complete`, `incomplete` or `error`.
    pub status: String,
    /// The model that has generated it.
    pub model: Option<String>,
    /// An object.
    pub usage: Option<String>,
    /// The name of the format of `raw`.
    pub format: Option<String>,
    /// Any JSON value.
    pub raw: Option<String>,
    /// An object; `None` for an empty one.
    pub metadata: Option<String>,
}

impl Content {
    /// Bytes of JSON.
    pub fn bytes(&self) -> usize {
        let rest = [&self.usage, &self.raw, &self.metadata].into_iter().flatten();
        self.parts.len() + rest.map(String::len).sum::<usize>()
    }
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredMessage {
    /// The conversation's number, and the message's place in it in the lower [`SEQ_BITS`].
    pub no: i64,
    /// Its id, unique in the conversation.
    pub id: String,
    /// The message it follows.
    pub parent_id: Option<String>,
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The content.
    #[sqlx(flatten)]
    pub content: Content,
    /// The user's feedback: an object.
    pub feedback: Option<String>,
    /// The revision of the conversation with which it last changed.
    pub revision: i64,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

impl StoredMessage {
    /// Bytes of JSON, the user's feedback included.
    pub fn bytes(&self) -> usize {
        self.content.bytes() + self.feedback.as_ref().map_or(0, String::len)
    }

    /// Its place in the conversation, from 1 on.
    pub const fn seq(&self) -> i64 {
        self.no & ((1 << SEQ_BITS) - 1)
    }
}

/// The number of a message.
pub(super) const fn number(conversation_no: i64, seq: i64) -> i64 {
    (conversation_no << SEQ_BITS) | seq
}

/// The columns of [`StoredMessage`], of a table called `m`.
pub(super) const COLUMNS: &str =
    "m.no, m.id, m.parent_id, m.role, m.parts, m.status, m.model, m.usage, m.format,
    m.raw, m.metadata, m.feedback, m.revision, m.created_at, m.updated_at";
const FIND: &str =
    concatcp!("select ", COLUMNS, " from bookplate_messages m where m.conversation_no = $1 and m.id = $2");
const EXISTS: &str = "select no from bookplate_messages where conversation_no = $1 and id = $2";
const UPDATE_CONTENT: &str =
    "update bookplate_messages set parts = $2, status = $3, model = $4, usage = $5, format = $6,
    raw = $7, metadata = $8, revision = $9, updated_at = $10 where no = $1";
const REPLACE_TERMS: Sql = Sql {
    sqlite: "delete from bookplate_search where rowid = $1;
    insert into bookplate_search (rowid, terms) select $1, $2 where $2 <> ''",
    postgres: "update bookplate_messages set terms = $2::tsvector where no = $1",
};

pub(super) const STATEMENTS: &[&str] = &[FIND, EXISTS, UPDATE_CONTENT];
pub(super) const DIFFERENT: &[Sql] = &[REPLACE_TERMS];

/// Finds a message of a conversation.
pub(super) async fn find_message(
    connection: &mut Connection,
    conversation_no: i64,
    id: &str,
) -> Result<Option<StoredMessage>, sqlx::Error> {
    connection.query(FIND).bind(conversation_no).bind(id).fetch_optional().await
}

/// Whether a conversation has this message.
pub(super) async fn has_message(
    tx: &mut Transaction,
    conversation_no: i64,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let found: Option<(i64,)> = tx.query(EXISTS).bind(conversation_no).bind(id).fetch_optional().await?;
    Ok(found.is_some())
}

/// Stores other content for a message.
pub(super) async fn update_content(
    tx: &mut Transaction,
    no: i64,
    content: &Content,
    revision: i64,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    tx.query(UPDATE_CONTENT)
        .bind(no)
        .bind(&content.parts)
        .bind(&content.status)
        .bind(&content.model)
        .bind(&content.usage)
        .bind(&content.format)
        .bind(&content.raw)
        .bind(&content.metadata)
        .bind(revision)
        .bind(now.millis())
        .execute()
        .await?;
    Ok(())
}

/// Stores other terms for a message.
pub(super) async fn replace_terms(tx: &mut Transaction, no: i64, terms: &Terms) -> Result<(), sqlx::Error> {
    tx.query(REPLACE_TERMS).bind(no).bind(&terms.0).execute().await?;
    Ok(())
}

impl Database {
    /// A message of a conversation.
    pub async fn find_message(
        &self,
        conversation_no: i64,
        id: &str,
    ) -> Result<Option<StoredMessage>, StorageError> {
        Ok(find_message(&mut self.connection().await?, conversation_no, id).await?)
    }
}
