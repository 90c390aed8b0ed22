//! Conversations of a file, on their way into the database.

use contract::{Timestamp, conversations::NewMessage};
use storage::conversations::{Draft, ForeignConversation, PostImportPatch};

/// A conversation as its parser read it. Its messages are not validated yet.
pub(super) struct ParsedConversation {
    pub(super) conversation: ForeignConversation,
    pub(super) messages: Vec<ParsedMessage>,
    /// How many messages were too large to keep their original form in `raw`.
    pub(super) without_raw: i64,
}

/// A message as its parser read it; it has an id and names its parent.
pub(super) struct ParsedMessage {
    pub(super) new: NewMessage,
    pub(super) created_at: Timestamp,
    pub(super) patch: PostImportPatch,
}

/// A validated conversation, ready to be stored.
pub(super) struct PreparedConversation {
    pub(super) conversation: ForeignConversation,
    pub(super) drafts: Vec<Draft>,
    /// One for each draft.
    pub(super) patches: Vec<PostImportPatch>,
    pub(super) without_raw: i64,
}
