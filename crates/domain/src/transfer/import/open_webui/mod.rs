//! Conversations of Open WebUI's export of chats.
//!
//! The format is not documented. This parser follows what was found in real files, and any member may be missing or of
//! another type.

mod details;

use contract::{
    Timestamp,
    conversations::{MessageStatus, Origin, RawJson, Role},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use self::details::content_parts;
use super::{
    json::{Members, is_true, list, object, string},
    message_tree::Node,
    parsed::ParsedConversation,
    rejection::Rejection,
    tree_conversation::{TreeConversation, VisibleMessage},
};
use crate::ConversationLimits;

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    title: Option<&'a RawValue>,
    #[serde(default)]
    created_at: Option<&'a RawValue>,
    #[serde(default)]
    updated_at: Option<&'a RawValue>,
    #[serde(default)]
    archived: Option<&'a RawValue>,
    chat: &'a RawValue,
}

#[derive(Deserialize)]
struct Chat<'a> {
    #[serde(borrow, default)]
    title: Option<&'a RawValue>,
    #[serde(default)]
    timestamp: Option<&'a RawValue>,
    history: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History<'a> {
    #[serde(borrow)]
    messages: Members<'a, MAX_MESSAGES>,
    #[serde(default)]
    current_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow, default)]
    parent_id: Option<&'a RawValue>,
    #[serde(default)]
    children_ids: Option<&'a RawValue>,
    #[serde(default)]
    role: Option<&'a RawValue>,
    #[serde(default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    timestamp: Option<&'a RawValue>,
    #[serde(default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    done: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    files: Option<&'a RawValue>,
    #[serde(default, alias = "citations")]
    sources: Option<&'a RawValue>,
    #[serde(default, alias = "info")]
    usage: Option<&'a RawValue>,
}

/// The most messages of a conversation.
const MAX_MESSAGES: usize = 500_000;
/// The most sources of a message.
const MAX_SOURCES: usize = 100;
/// The longest passage of a source, in characters.
const MAX_CHUNK: usize = 2000;

/// Parses a conversation.
pub(super) fn parse(
    entry: &RawValue,
    limits: &ConversationLimits,
    now: Timestamp,
) -> Result<ParsedConversation, Rejection> {
    let file: Conversation<'_> = object(entry)?;
    let chat: Chat<'_> = object(file.chat)?;
    let history: History<'_> = object(chat.history)?;
    let (mut nodes, mut messages) = (Vec::new(), Vec::new());
    for (id, raw) in &history.messages.0 {
        let message: Message<'_> = object(raw).map_err(|reason| format!("message {id}: {reason}"))?;
        let visible = visible_message(raw, &message);
        nodes.push(Node {
            id: id.clone(),
            parent: string(message.parent_id),
            children: list(message.children_ids).into_iter().filter_map(|raw| string(Some(raw))).collect(),
            created_at: millis(message.timestamp),
            is_visible: visible.is_some(),
        });
        messages.push(visible);
    }
    let conversation = TreeConversation {
        origin: Origin::OpenWebUi,
        entry,
        id: string(file.id),
        title: string(file.title).or_else(|| string(chat.title)),
        created_at: millis(file.created_at).or_else(|| millis(chat.timestamp)),
        updated_at: millis(file.updated_at),
        is_archived: is_true(file.archived),
        current: string(history.current_id),
        nodes,
        messages,
    };
    conversation.build(limits, now)
}

/// A time in seconds, milliseconds or nanoseconds since the Unix epoch, all of which are found, as Unix milliseconds.
fn millis(raw: Option<&RawValue>) -> Option<i64> {
    let time: f64 = serde_json::from_str(raw?.get()).ok()?;
    let millis = match time {
        0.0..1e11 => time * 1000.0,
        1e11..1e14 => time,
        1e17..1e20 => time / 1e6,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is within what an i64 holds")]
    Some(millis.round() as i64)
}

fn visible_message<'a>(raw: &'a RawValue, message: &Message<'_>) -> Option<VisibleMessage<'a>> {
    let role = string(message.role).unwrap_or_default().parse().unwrap_or(Role::Assistant);
    let content = string(message.content).unwrap_or_default();
    let mut parts = if role == Role::Assistant { content_parts(&content) } else { Vec::new() };
    if role != Role::Assistant && !content.trim().is_empty() {
        parts.push(RawJson::of(&json!({ "type": "text", "text": content })));
    }
    let error =
        message.error.and_then(|raw| serde_json::from_str(raw.get()).ok()).and_then(|it| error_text(&it));
    if let Some(words) = error.clone().filter(|words| !words.is_empty()) {
        parts.push(RawJson::of(&json!({ "type": "text", "text": words })));
    }
    let values = |raw| list(raw).into_iter().filter_map(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    parts.extend(values(message.files).filter_map(file));
    parts.extend(sources(values(message.sources)));
    if parts.is_empty() {
        return None;
    }
    let is_unfinished = message.done.is_some_and(|done| done.get() == "false");
    let status = match (error, is_unfinished) {
        (Some(_), _) => MessageStatus::Error,
        (None, true) => MessageStatus::Incomplete,
        (None, false) => MessageStatus::Complete,
    };
    let model = string(message.model).filter(|_| role == Role::Assistant);
    let usage = message.usage.and_then(|raw| serde_json::from_str(raw.get()).ok()).and_then(|it| usage(&it));
    Some(VisibleMessage { raw, role, status, model, usage, parts })
}

/// The words of an error; empty when it says none.
fn error_text(error: &Value) -> Option<String> {
    match error {
        Value::Null | Value::Bool(false) => None,
        Value::String(words) => Some(words.clone()),
        other => Some(other.get("content").and_then(Value::as_str).unwrap_or_default().to_owned()),
    }
}

/// The counts of tokens, under whichever of their names.
fn usage(usage: &Value) -> Option<RawJson> {
    let count = |names: [&str; 3]| {
        names.into_iter().find_map(|name| usage.get(name)?.as_u64().filter(|it| *it < 1 << 53))
    };
    let input = count(["prompt_tokens", "input_tokens", "prompt_eval_count"]);
    let output = count(["completion_tokens", "output_tokens", "eval_count"]);
    if input.is_none() && output.is_none() {
        return None;
    }
    let mut members = serde_json::Map::new();
    members.extend(input.map(|count| ("inputTokens".to_owned(), count.into())));
    members.extend(output.map(|count| ("outputTokens".to_owned(), count.into())));
    Some(RawJson::of(&members))
}

/// A file of a message without what is in it.
fn file(mut file: Value) -> Option<RawJson> {
    let members = file.as_object_mut()?;
    let kept: serde_json::Map<String, Value> = ["type", "id", "name", "url", "size", "content_type"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), members.remove(name)?)))
        .filter(|(_, value)| {
            !value.is_object() && !value.as_str().is_some_and(|it| it.starts_with("data:") || it.len() > 2000)
        })
        .collect();
    Some(RawJson::of(&json!({ "type": "data-asset", "asset": kept })))
}

/// The passages that an answer rests on, as sources; each page or document once.
fn sources(values: impl Iterator<Item = Value>) -> Vec<RawJson> {
    let mut parts: Vec<(Option<String>, String, Value)> = Vec::new();
    for value in values {
        let source = value.get("source").unwrap_or(&Value::Null);
        let documents =
            value.get("document").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let metadata = value.get("metadata").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (at, passage) in documents.iter().enumerate() {
            let about = metadata.get(at).unwrap_or(&Value::Null);
            let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
            let url = [text(about, "source"), text(source, "url"), text(source, "name")]
                .into_iter()
                .flatten()
                .find(is_web);
            let title = text(about, "title").or_else(|| text(about, "name")).or_else(|| text(source, "name"));
            let Some(title) = title.or_else(|| url.clone()) else { continue };
            let is_known =
                parts.iter().any(|(known, name, _)| *known == url && (url.is_some() || *name == title));
            if is_known || parts.len() == MAX_SOURCES {
                continue;
            }
            let kind = if url.is_some() { "url" } else { "document" };
            let chunk: String = passage.as_str().unwrap_or_default().chars().take(MAX_CHUNK).collect();
            let id = format!("source-{}", parts.len() + 1);
            let mut part =
                json!({ "type": "source", "sourceId": id, "kind": kind, "title": title, "chunk": chunk });
            if let (Some(part), Some(url)) = (part.as_object_mut(), &url) {
                part.insert("url".to_owned(), url.clone().into());
            }
            parts.push((url, title, part));
        }
    }
    parts.iter().map(|(_, _, part)| RawJson::of(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_of_chats_is_read_with_its_branches() {
        let file = json!({
            "id": "b4f0c1de-0000-4000-8000-000000000001", "user_id": "u", "title": "Bread", "archived": true,
            "created_at": 1_747_818_000, "updated_at": 1_747_818_100,
            "chat": { "title": "Old title", "models": ["llama3"], "timestamp": 1_747_818_000_000_i64, "messages": [],
                "history": { "currentId": "b", "messages": {
                    "q": { "id": "q", "parentId": null, "childrenIds": ["a", "b"], "role": "user", "content": "Rye?", "timestamp": 1_747_818_001,
                        "files": [{ "type": "image", "url": "data:image/png;base64,AAAA" }, { "type": "file", "name": "a.pdf", "id": "f", "file": { "data": {} } }] },
                    "a": { "id": "a", "parentId": "q", "childrenIds": [], "role": "assistant", "content": "Yes.", "model": "llama3:8b", "timestamp": 1_747_818_002,
                        "done": true, "usage": { "prompt_tokens": 5, "completion_tokens": 7 },
                        "sources": [{ "source": { "name": "Book" }, "document": ["passage", "other"], "metadata": [{ "source": "https://rye.example/" }, { "name": "b.pdf" }] }] },
                    "b": { "id": "b", "parentId": "q", "role": "assistant", "content": "", "error": { "content": "No model" }, "timestamp": 1_747_818_003 },
                    "c": { "id": "c", "parentId": "q", "role": "assistant", "content": "", "done": false, "timestamp": 1_747_818_004 },
                } } },
        });
        let raw = serde_json::value::to_raw_value(&file).unwrap();
        let found =
            parse(&raw, &ConversationLimits::default(), Timestamp::from_millis(1_795_219_200_000)).unwrap();
        let conversation = &found.conversation;
        assert_eq!(
            (conversation.title.as_deref(), conversation.status.as_str()),
            (Some("Bread"), "archived")
        );
        assert_eq!(conversation.head_id.as_deref(), Some("b"));
        assert_eq!(conversation.created_at.iso(), "2025-05-21T09:00:00.000Z");
        let messages: Vec<_> = found
            .messages
            .iter()
            .map(|it| {
                let parts: Value =
                    it.new.parts.iter().flatten().map(|part| part.read::<Value>().unwrap()).collect();
                (
                    it.new.id.as_ref().unwrap().as_str(),
                    it.new.role,
                    it.new.status,
                    it.new.model.as_deref(),
                    parts,
                )
            })
            .collect();
        assert_eq!(
            messages,
            [
                (
                    "q",
                    Role::User,
                    MessageStatus::Complete,
                    None,
                    json!([{ "type": "text", "text": "Rye?" },
                { "type": "data-asset", "asset": { "type": "image" } },
                { "type": "data-asset", "asset": { "type": "file", "id": "f", "name": "a.pdf" } }])
                ),
                (
                    "a",
                    Role::Assistant,
                    MessageStatus::Complete,
                    Some("llama3:8b"),
                    json!([{ "type": "text", "text": "Yes." },
                { "type": "source", "sourceId": "source-1", "kind": "url", "title": "Book", "chunk": "passage", "url": "https://rye.example/" },
                { "type": "source", "sourceId": "source-2", "kind": "document", "title": "b.pdf", "chunk": "other" }])
                ),
                (
                    "b",
                    Role::Assistant,
                    MessageStatus::Error,
                    None,
                    json!([{ "type": "text", "text": "No model" }])
                ),
            ]
        );
        let usage: Value = found.messages[1].new.usage.as_ref().unwrap().read().unwrap();
        assert_eq!(usage, json!({ "inputTokens": 5, "outputTokens": 7 }));
        assert_eq!(found.messages[1].new.format.as_deref(), Some("open-webui"));
    }
}
