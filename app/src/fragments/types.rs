//! Requests and responses of the fragment server functions.

use serde::{Deserialize, Serialize};

/// Which conversations are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// The search text; empty for all.
    pub q: String,
    /// Whether to list archived conversations.
    pub archived: bool,
    /// The `client_id` of the book to list conversations of; empty for those of no book, `None` for all.
    pub client: Option<String>,
    /// Where the page begins; empty for the beginning of the list.
    pub from: String,
    /// How many the page shows.
    pub shown: u32,
    /// Where an island goes on: then only the rows from there are answered.
    pub more: Option<String>,
}

/// A list, or more rows of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListFragment {
    /// The list with what is around it, or the rows alone.
    pub html: String,
    /// The way to more rows; empty at the end.
    pub more: String,
    /// Announcement for screen readers.
    pub note: String,
}

/// Which messages of a conversation are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessagesQuery {
    /// The conversation.
    pub id: String,
    /// A message of the branch; empty for the one that is shown.
    pub branch: String,
    /// What is next to `message`.
    pub place: AnchorKind,
    /// A message; empty for [`PageAnchor::End`].
    pub message: String,
}

/// Which messages, seen from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnchorKind {
    /// The last ones.
    #[default]
    End,
    /// Those before it.
    Before,
    /// Those after it.
    After,
    /// Those around it.
    Around,
    /// It alone.
    Only,
}

/// Some messages of a conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MessagesFragment {
    /// The messages.
    pub html: String,
    /// The way to earlier ones; empty at the beginning.
    pub earlier: String,
    /// The way to later ones; empty at the end.
    pub later: String,
    /// The places of the first and the last of them in the conversation, for the page alone.
    #[serde(skip)]
    pub places: Option<(i64, i64)>,
}
