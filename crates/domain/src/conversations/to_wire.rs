//! Conversion of stored rows to the types of the wire.

use contract::{
    Timestamp,
    conversations::{Conversation, ConversationId, Message, MessageId, RawJson, Role},
};
use storage::conversations::{StoredConversation, StoredMessage};

pub(crate) fn conversation(stored: StoredConversation) -> Conversation {
    Conversation {
        id: ConversationId::stored(stored.id),
        title: stored.title,
        opening: stored.opening,
        status: stored.status.parse().unwrap_or_default(),
        head_id: stored.head_id.map(MessageId::stored),
        metadata: RawJson::stored(stored.metadata),
        message_count: stored.message_count,
        revision: stored.revision,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        last_message_at: stored.last_message_at.map(Timestamp::from_millis),
        client_id: stored.client_id,
    }
}

pub(crate) fn message(conversation_id: &str, stored: StoredMessage) -> Message {
    let seq = stored.seq();
    let StoredMessage { id, parent_id, role, content, feedback, created_at, updated_at, .. } = stored;
    Message {
        id: MessageId::stored(id),
        conversation_id: ConversationId::stored(conversation_id.to_owned()),
        parent_id: parent_id.map(MessageId::stored),
        seq,
        // Roles and statuses were validated before they were stored.
        role: role.parse().unwrap_or(Role::System),
        parts: RawJson::stored(content.parts),
        status: content.status.parse().unwrap_or_default(),
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
