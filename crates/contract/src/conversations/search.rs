//! What a search finds.

use serde::{Deserialize, Serialize};

use super::{ConversationId, MessageId, Role};
use crate::Timestamp;

/// A message in which the words were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// The conversation it is in.
    pub conversation: HitConversation,
    /// The message.
    pub message: HitMessage,
    /// The place in its text.
    pub passage: Passage,
}

/// The conversation of a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HitConversation {
    /// Its name among the reader's.
    pub id: ConversationId,
    /// What it is called.
    pub title: Option<String>,
    /// The beginning of its first message by the reader.
    pub opening: Option<String>,
}

/// The message of a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HitMessage {
    /// Its name in the conversation.
    pub id: MessageId,
    /// Its place in the conversation.
    pub seq: i64,
    /// Who speaks.
    pub role: Role,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A piece of a text, in parts that matched and parts that did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// Whether the text goes on before it.
    pub before_cut: bool,
    /// Its parts, in order.
    pub parts: Vec<PassagePart>,
    /// Whether the text goes on after it.
    pub after_cut: bool,
}

/// A part of a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PassagePart {
    /// Its text.
    pub text: String,
    /// Whether this is what was looked for.
    pub matched: bool,
}
