//! A message's row.

use sqlx::FromRow;

use contract::Timestamp;

/// Bits of a message's number that tell its place in its conversation; those above are the conversation's number.
pub const SEQ_BITS: u32 = 20;

/// What is said, and what belongs to it: JSON texts as they came.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Content {
    /// An array.
    pub parts: String,
    /// How far the message has come.
    pub status: String,
    /// What has generated it.
    pub model: Option<String>,
    /// An object.
    pub usage: Option<String>,
    /// The name of the format of `raw`.
    pub format: Option<String>,
    /// Anything.
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
    /// Its name in the conversation.
    pub id: String,
    /// The message it follows.
    pub parent_id: Option<String>,
    /// Who speaks.
    pub role: String,
    /// What is said.
    #[sqlx(flatten)]
    pub content: Content,
    /// What the reader thinks of it: an object.
    pub feedback: Option<String>,
    /// The change of its conversation that has left it as it is.
    pub revision: i64,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

impl StoredMessage {
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
macro_rules! message_columns {
    () => {
        "m.no, m.id, m.parent_id, m.role, m.parts, m.status, m.model, m.usage, m.format, m.raw, m.metadata,
    m.feedback, m.revision, m.created_at, m.updated_at"
    };
}
pub(super) use message_columns;
