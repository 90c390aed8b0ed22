//! A reader's conversations in which everything that can be stored is.

use domain::{
    IdempotencyKey, Principal,
    contract::conversations::{ConversationChange, NewConversation, NewFeedback, NewMessage, read_json},
};
use serde_json::{Value, json};

use crate::book::Book;

pub(crate) const TITLE: &str = "Who owns the borrowed book?";
pub(crate) const WORDS: &str = "Zwiebelkuchen rises at dawn";

/// A value of the wire.
pub(crate) fn wire<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    read_json(&serde_json::to_vec(value).unwrap()).unwrap()
}

pub(crate) async fn make(book: &Book, user_id: &str, conversation: Value) {
    let new: NewConversation = wire(&conversation);
    book.services.conversations.create(user_id, new).await.unwrap();
}

/// Adds messages, as the token `jti-of-the-token` does.
pub(crate) async fn say(book: &Book, user_id: &str, id: &str, messages: &[Value], key: Option<&str>) {
    let messages: Vec<NewMessage> = messages.iter().map(wire).collect();
    let by = Principal { user_id, token_id: Some("jti-of-the-token"), expired: false };
    let key = key.map(|key| IdempotencyKey { key, body: b"body" });
    book.services.conversations.append(by, id, messages, key).await.unwrap();
}

pub(crate) fn text(id: &str, role: &str, words: &str) -> Value {
    json!({ "id": id, "role": role, "content": words })
}

/// An answer with parts of every kind.
pub(crate) fn answer() -> Value {
    json!({
        "id": "a1", "parentId": "q1", "role": "assistant", "model": "gpt-quill", "status": "incomplete",
        "usage": { "inputTokens": 12, "outputTokens": 7 }, "format": "aui/v0", "raw": { "of": "the client's own" },
        "metadata": { "seen": true },
        "parts": [
            { "type": "reasoning", "text": "They ask\nabout ownership." },
            { "type": "tool-call", "toolCallId": "call-1", "toolName": "search_book", "input": { "q": "owner" } },
            { "type": "tool-result", "toolCallId": "call-1", "output": ["chapter 4"] },
            {
                "type": "text", "text": "Größe: the library owns it. Ask there.",
                "citations": [
                    { "sourceId": "s1", "start": 0, "end": 26, "quote": "owned by the [library]" },
                    { "sourceId": "s2", "start": 28, "end": 37 },
                ],
            },
            { "type": "source", "sourceId": "s1", "kind": "url", "url": "/ch04#owner", "title": "Chapter 4" },
            { "type": "source", "sourceId": "s2", "kind": "document", "filename": "rules.pdf" },
            { "type": "source", "sourceId": "s3", "kind": "url", "url": "https://example.org/uncited" },
            { "type": "file", "url": "https://example.org/plan.png", "mediaType": "image/png", "filename": "plan.png" },
            { "type": "data-chart", "points": [1.50, 2] },
        ],
    })
}

/// Two conversations with everything, and one that was deleted just now.
pub(crate) async fn talked(book: &Book, user_id: &str) {
    let conversations = &book.services.conversations;
    make(book, user_id, json!({ "id": "first", "title": TITLE, "metadata": { "chapter": 4 } })).await;
    say(book, user_id, "first", &[text("q1", "user", &format!("Who owns it? {WORDS}."))], Some("key-1"))
        .await;
    book.ports.clock.advance_seconds(5);
    say(book, user_id, "first", &[answer()], None).await;
    let branch = json!({ "id": "a2", "parentId": "q1", "role": "assistant", "content": "Nobody." });
    say(book, user_id, "first", &[branch], None).await;
    book.ports.clock.advance_seconds(5);
    let change: ConversationChange = wire(&json!({ "headId": "a1", "status": "archived" }));
    conversations.update(user_id, "first", change).await.unwrap();
    let feedback: NewFeedback =
        wire(&json!({ "value": -1, "comment": "That is *not* so", "tags": ["wrong"] }));
    conversations.set_feedback(user_id, "first", "a1", feedback).await.unwrap();

    make(book, user_id, json!({ "id": "second" })).await;
    make(book, user_id, json!({ "id": "gone", "title": "Thrown away" })).await;
    say(book, user_id, "gone", &[text("g1", "user", "Rhabarberbarbara")], None).await;
    conversations.delete(user_id, "gone").await.unwrap();
}
