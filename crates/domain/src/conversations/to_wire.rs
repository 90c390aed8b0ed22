//! From rows to what the wire shows.

use contract::{
    Timestamp,
    conversations::{Conversation, ConversationStatus, ItemId, Message, MessageStatus, RawJson, Role},
};
use storage::conversations::{StoredConversation, StoredMessage};

/// A conversation as the wire shows it.
pub(crate) fn conversation(stored: StoredConversation) -> Conversation {
    Conversation {
        id: name(stored.id),
        title: stored.title,
        opening: stored.opening,
        status: ConversationStatus::parse(&stored.status).unwrap_or_default(),
        head_id: stored.head_id.map(name),
        metadata: RawJson::stored(stored.metadata),
        message_count: stored.message_count,
        revision: stored.revision,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        last_message_at: stored.last_message_at.map(Timestamp::from_millis),
    }
}

/// A message of this conversation as the wire shows it.
pub(crate) fn message(conversation_id: &str, stored: StoredMessage) -> Message {
    let seq = stored.seq();
    let StoredMessage { id, parent_id, role, content, feedback, created_at, updated_at, .. } = stored;
    Message {
        id: name(id),
        conversation_id: name(conversation_id.to_owned()),
        parent_id: parent_id.map(name),
        seq,
        // What is stored was judged on its way in.
        role: Role::parse(&role).unwrap_or(Role::System),
        parts: RawJson::stored(content.parts),
        status: MessageStatus::parse(&content.status).unwrap_or_default(),
        model: content.model,
        usage: content.usage.map(RawJson::stored),
        format: content.format,
        raw: content.raw.map(RawJson::stored),
        metadata: content.metadata.map_or_else(RawJson::empty_object, RawJson::stored),
        feedback: feedback.and_then(|feedback| RawJson::stored(feedback).read().ok()),
        created_at,
        updated_at,
    }
}

fn name(stored: String) -> ItemId {
    ItemId::stored(stored)
}
