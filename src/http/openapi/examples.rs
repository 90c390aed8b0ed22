//! The examples of the document: one user and one conversation about robots.

use contract::{QuestionKind, Questions, SessionAndUser, SessionBody, Timestamp, UserDto};
use serde_json::{Map, Value, json};

/// The id of the user.
pub const USER: &str = "4006beb9-933e-4d7d-9b7a-d466fd894826";
/// The id of the user's way to sign in.
pub const ACCOUNT: &str = "0199a4f0-6f57-7c1a-9a53-2f8f6c1f0001";
/// The token that names the session.
pub const TOKEN: &str = "866acd27fafa2bf33934680eb981e2d6";
/// 2026-11-21T02:04:45.927Z.
pub const WHEN: Timestamp = Timestamp::from_millis(1_795_226_685_927);
const CONVERSATION: &str = "0199a4f0-6f57-7c1a-9a53-2f8f6c1f4d11";
/// An opaque cursor.
const CURSOR: &str = "bXlzdGVyeQ";

/// A user.
pub fn user(questions: &Questions) -> UserDto {
    UserDto {
        id: USER.into(),
        name: "Ada".into(),
        email: "ada@example.com".into(),
        email_verified: false,
        image: None,
        created_at: WHEN,
        updated_at: WHEN,
        answers: answers(questions, true),
    }
}

/// Answers to the questions of a book: to all, or to the required ones.
pub fn answers(questions: &Questions, all: bool) -> Map<String, Value> {
    let selected = questions.iter().filter(|question| all || question.required);
    let answers = selected.map(|question| {
        let answer = match &question.kind {
            QuestionKind::Choice { options } => options.first().map(|option| json!(option.value)),
            QuestionKind::Text { .. } => None,
        };
        let example = if question.required { answer.unwrap_or_else(|| json!("words")) } else { Value::Null };
        (question.name.clone(), example)
    });
    answers.collect()
}

/// A session of that user.
pub fn session() -> SessionBody {
    SessionBody {
        id: "866acd27-fafa-2bf3-3934-680eb981e2d6".into(),
        token: TOKEN.into(),
        user_id: USER.into(),
        expires_at: WHEN.plus_seconds(7 * 86_400),
        created_at: WHEN,
        updated_at: WHEN,
        ip_address: "127.0.0.1".into(),
        user_agent: "curl/8.5.0".into(),
    }
}

/// That session with its user.
pub fn session_and_user(questions: &Questions) -> SessionAndUser {
    SessionAndUser { session: session(), user: user(questions) }
}

/// A conversation with two messages.
pub fn conversation() -> Value {
    json!({
        "id": CONVERSATION, "title": "Walking robots", "opening": "How do robots walk?", "status": "active", "headId": "a1",
        "metadata": { "chapter": "locomotion" }, "messageCount": 2, "revision": 3, "createdAt": WHEN, "updatedAt": WHEN,
        "lastMessageAt": WHEN, "clientId": null,
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

/// The body that creates a conversation.
pub fn new_conversation() -> Value {
    json!({ "title": "Walking robots", "metadata": { "chapter": "locomotion" } })
}

/// A change of a conversation.
pub fn conversation_change() -> Value {
    json!({ "title": "How robots walk" })
}

/// A question of a reader.
pub fn new_message() -> Value {
    json!({ "id": "q1", "role": "user", "content": "How do robots walk?" })
}

/// The last change of an answer that is stored while it is generated.
pub fn message_change() -> Value {
    json!({ "parts": parts(), "status": "complete" })
}

/// Feedback of a reader.
pub fn new_feedback() -> Value {
    json!({ "value": 1, "tags": ["helpful"] })
}

/// That feedback as it is stored.
pub fn feedback() -> Value {
    json!({ "value": 1, "comment": null, "tags": ["helpful"], "updatedAt": WHEN })
}

/// A search result.
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

/// The result of importing a file with that conversation and an unreadable one.
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
