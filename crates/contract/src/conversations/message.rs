//! A message.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::{
    ConversationId, Feedback, MessageId, RawJson,
    body::{content, given},
};
use crate::Timestamp;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// What the chatbot was told before.
    System,
    /// The reader.
    User,
    /// The chatbot.
    Assistant,
    /// A tool the chatbot has used.
    Tool,
}

impl Role {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How far a message has come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageStatus {
    /// More of it is to come.
    InProgress,
    /// It is whole.
    #[default]
    Complete,
    /// It was cut off.
    Incomplete,
    /// Something went wrong.
    Error,
}

impl MessageStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its name in the conversation; a UUID unless the client chose another.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The message it follows; `null` at the beginning of a branch.
    pub parent_id: Option<MessageId>,
    /// Its place in the conversation, from 1 on without gaps.
    pub seq: i64,
    /// Who speaks.
    pub role: Role,
    /// What is said: an array of parts, kept as they came.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::part::schema::Part>))]
    pub parts: RawJson,
    /// How far it has come.
    pub status: MessageStatus,
    /// What has generated it.
    pub model: Option<String>,
    /// What it has cost: an object with `inputTokens`, `outputTokens` and more, kept as it came.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::part::schema::Usage>))]
    pub usage: Option<RawJson>,
    /// The name of the format of `raw`.
    pub format: Option<String>,
    /// The message in the client's own format, kept as it came.
    #[cfg_attr(feature = "openapi", schema(value_type = Value, required = false))]
    pub raw: Option<RawJson>,
    /// What the client keeps with it: an object, kept as it came.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: RawJson,
    /// What the reader thinks of it.
    pub feedback: Option<Feedback>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A message that is to be added. One whose `id` the conversation already has changes that message instead.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// A name of the client's own choice.
    #[serde(default)]
    pub id: Option<MessageId>,
    /// The message it follows; `null` begins a branch; left out, it follows the message shown last.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageId>))]
    pub parent_id: Option<Option<MessageId>>,
    /// Who speaks.
    pub role: Role,
    /// What is said; either this or `content`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<super::part::schema::Part>>))]
    pub parts: Option<Vec<RawJson>>,
    /// What is said, when it is one text: short for one part of type `text`.
    #[serde(default, deserialize_with = "content")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub content: Option<String>,
    /// How far it has come; `complete` when left out.
    #[serde(default)]
    pub status: MessageStatus,
    /// What has generated it, at most 200 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub model: Option<String>,
    /// What it has cost: an object; `inputTokens` and `outputTokens` are whole numbers.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::part::schema::Usage>))]
    pub usage: Option<RawJson>,
    /// The name of the format of `raw`, at most 200 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub format: Option<String>,
    /// The message in the client's own format.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Value, required = false))]
    pub raw: Option<RawJson>,
    /// What the client keeps with it: an object.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<RawJson>,
}

/// What is to change about a message; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageChange {
    /// What is said, in place of what was said; either this or `content`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<super::part::schema::Part>>))]
    pub parts: Option<Vec<RawJson>>,
    /// What is said, when it is one text.
    #[serde(default, deserialize_with = "content")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub content: Option<String>,
    /// How far it has come.
    #[serde(default)]
    pub status: Option<MessageStatus>,
    /// What has generated it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub model: Option<String>,
    /// What it has cost.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::part::schema::Usage>))]
    pub usage: Option<RawJson>,
    /// The name of the format of `raw`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub format: Option<String>,
    /// The message in the client's own format.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Value, required = false))]
    pub raw: Option<RawJson>,
    /// What the client keeps with it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<RawJson>,
}
