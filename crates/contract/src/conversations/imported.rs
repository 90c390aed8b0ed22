//! What came of a file of conversations.

use serde::{Deserialize, Serialize};

use super::ConversationId;

/// What came of a file of conversations. Each is taken in whole or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Those that the reader now has, in the order of the file.
    pub conversations: Vec<ImportedConversation>,
    /// Those that were not taken in.
    pub refused: Vec<RejectedConversation>,
}

/// A conversation of the file that the reader now has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ImportedConversation {
    /// Its name among the reader's.
    pub id: ConversationId,
    /// What it is called in the file.
    pub title: Option<String>,
    /// How many messages of the file it holds.
    pub messages: i64,
    /// How many of them it did not hold before; none when the file was taken in before.
    pub added: i64,
    /// How many messages were too large to keep the form they had in the file beside what they say.
    pub without_raw: i64,
}

/// A conversation of the file that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RejectedConversation {
    /// Its name in the file, as far as that can be read.
    pub id: Option<String>,
    /// What it is called there, as far as that can be read.
    pub title: Option<String>,
    /// Its place in the file, from 1 on.
    pub position: i64,
    /// Why, in words.
    pub reason: String,
}
