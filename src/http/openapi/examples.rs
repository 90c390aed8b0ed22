//! Examples: one reader, one conversation about robots.

use contract::{QuestionKind, Questions};
use serde_json::{Map, Value, json};

const READER: &str = "4006beb9-933e-4d7d-9b7a-d466fd894826";
const CONVERSATION: &str = "0199a4f0-6f57-7c1a-9a53-2f8f6c1f4d11";
const WHEN: &str = "2026-11-21T02:04:45.927Z";
/// Where an opaque cursor stands for itself.
const CURSOR: &str = "bXlzdGVyeQ";

/// A reader, as every answer shows one.
pub fn user(questions: &Questions) -> Value {
    let mut user = json!({
        "id": READER, "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": null,
        "createdAt": WHEN, "updatedAt": WHEN,
    });
    if let Some(user) = user.as_object_mut() {
        user.extend(answers(questions, true));
    }
    user
}

/// Answers to the questions of a book; without `all`, those that have to be given.
pub fn answers(questions: &Questions, all: bool) -> Map<String, Value> {
    let asked = questions.iter().filter(|question| all || question.required);
    let answered = asked.map(|question| {
        let answer = match &question.kind {
            QuestionKind::Choice { options } => options.first().map(|option| json!(option.value)),
            QuestionKind::Text { .. } => None,
        };
        let spoken = if question.required { answer.unwrap_or_else(|| json!("words")) } else { Value::Null };
        (question.name.clone(), spoken)
    });
    answered.collect()
}

/// A session, as the list shows one.
pub fn session() -> Value {
    json!({
        "id": "866acd27-fafa-2bf3-3934-680eb981e2d6", "token": "866acd27fafa2bf33934680eb981e2d6", "userId": READER,
        "expiresAt": "2026-11-28T02:04:45.927Z", "createdAt": WHEN, "updatedAt": WHEN,
        "ipAddress": "127.0.0.1", "userAgent": "curl/8.5.0",
    })
}

/// The password, which is the only way to sign in so far.
pub fn sign_in_method() -> Value {
    json!({
        "id": "0199a4f0-6f57-7c1a-9a53-2f8f6c1f0001", "providerId": "credential", "accountId": READER, "userId": READER,
        "createdAt": WHEN, "updatedAt": WHEN, "scopes": [],
    })
}

/// A conversation with two messages.
pub fn conversation() -> Value {
    json!({
        "id": CONVERSATION, "title": "Walking robots", "opening": "How do robots walk?", "status": "active", "headId": "a1",
        "metadata": { "chapter": "locomotion" }, "messageCount": 2, "revision": 3, "createdAt": WHEN, "updatedAt": WHEN,
        "lastMessageAt": WHEN,
    })
}

/// An answer of the chatbot, with its source.
pub fn message() -> Value {
    json!({
        "id": "a1", "conversationId": CONVERSATION, "parentId": "q1", "seq": 2, "role": "assistant", "parts": parts(),
        "status": "complete", "model": "gpt-5", "usage": { "inputTokens": 812, "outputTokens": 9 }, "format": null,
        "raw": null, "metadata": {}, "feedback": null, "createdAt": WHEN, "updatedAt": WHEN,
    })
}

fn parts() -> Value {
    json!([
        {
            "type": "text", "text": "They fall, and catch themselves.",
            "citations": [{ "sourceId": "s1", "start": 0, "end": 9 }],
        },
        { "type": "source", "sourceId": "s1", "kind": "url", "url": "https://book.example.org/walking#falling" },
    ])
}

/// A conversation that is to be made.
pub fn new_conversation() -> Value {
    json!({ "title": "Walking robots", "metadata": { "chapter": "locomotion" } })
}

/// A change of a conversation.
pub fn conversation_change() -> Value {
    json!({ "title": "How robots walk" })
}

/// What a reader asks.
pub fn new_message() -> Value {
    json!({ "id": "q1", "role": "user", "content": "How do robots walk?" })
}

/// The end of an answer that was stored while it was being written.
pub fn message_change() -> Value {
    json!({ "parts": parts(), "status": "complete" })
}

/// What a reader thinks of it.
pub fn new_feedback() -> Value {
    json!({ "value": 1, "tags": ["helpful"] })
}

/// That, as it is stored.
pub fn feedback() -> Value {
    json!({ "value": 1, "comment": null, "tags": ["helpful"], "updatedAt": WHEN })
}

/// A message that was found.
pub fn hit() -> Value {
    json!({
        "conversation": { "id": CONVERSATION, "title": "Walking robots", "opening": "How do robots walk?" },
        "message": { "id": "q1", "seq": 1, "role": "user", "createdAt": WHEN },
        "passage": {
            "beforeCut": false,
            "parts": [
                { "text": "How do ", "matched": false }, { "text": "robots", "matched": true },
                { "text": " walk?", "matched": false },
            ],
            "afterCut": false,
        },
    })
}

/// A page that is not the last.
pub fn page(item: &Value) -> Value {
    json!({ "items": [item], "nextCursor": CURSOR })
}

/// That conversation as a file.
pub fn file() -> Value {
    let mut conversation = conversation();
    if let Some(conversation) = conversation.as_object_mut() {
        conversation.insert("deletedAt".into(), Value::Null);
        conversation.insert("messages".into(), json!([message()]));
    }
    json!({
        "format": "bookplate-conversations", "version": 1, "exportedAt": WHEN,
        "book": { "name": "Physical AI", "address": "https://accounts.example.org" },
        "conversations": [conversation],
    })
}

/// What came of a file with it, and with one that could not be read.
pub fn imported() -> Value {
    json!({
        "conversations": [{ "id": CONVERSATION, "title": "Walking robots", "messages": 1, "added": 1, "withoutRaw": 0 }],
        "refused": [{ "id": null, "title": "Notes", "position": 2, "reason": "expected messages" }],
    })
}

/// The beginning of a stream of events.
pub fn events() -> Value {
    json!(format!(
        "retry: 1000\nid: 2\nevent: ready\ndata: {{\"revision\":2}}\n\nid: 3\nevent: conversation\ndata: {}\n\n",
        conversation()
    ))
}
