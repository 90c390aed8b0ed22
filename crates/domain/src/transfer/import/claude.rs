//! Conversations of claude.ai's data export, `conversations.json`.
//!
//! The format is not documented. This parser follows what was found in real files, and any member may be missing or of
//! another type.

use contract::{
    Timestamp,
    conversations::{MessageStatus, Origin, RawJson, Role},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    json::{is_true, list, object, string},
    message_tree::Node,
    parsed::ParsedConversation,
    rejection::Rejection,
    tree_conversation::{TreeConversation, VisibleMessage},
};
use crate::ConversationLimits;

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow, default)]
    uuid: Option<&'a RawValue>,
    #[serde(default)]
    name: Option<&'a RawValue>,
    #[serde(default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    created_at: Option<&'a RawValue>,
    #[serde(default)]
    updated_at: Option<&'a RawValue>,
    #[serde(default)]
    current_leaf_message_uuid: Option<&'a RawValue>,
    chat_messages: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    uuid: Option<&'a RawValue>,
    /// Only in newer files, which have branches.
    #[serde(default)]
    parent_message_uuid: Option<&'a RawValue>,
    #[serde(default)]
    sender: Option<&'a RawValue>,
    #[serde(default)]
    text: Option<&'a RawValue>,
    #[serde(default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    created_at: Option<&'a RawValue>,
    #[serde(default)]
    truncated: Option<&'a RawValue>,
    #[serde(default)]
    attachments: Option<&'a RawValue>,
    #[serde(default)]
    files: Option<&'a RawValue>,
}

/// Parses a conversation.
pub(super) fn parse(
    entry: &RawValue,
    limits: &ConversationLimits,
    now: Timestamp,
) -> Result<ParsedConversation, Rejection> {
    let file: Conversation<'_> = object(entry)?;
    let model = string(file.model);
    let (mut nodes, mut messages): (Vec<Node>, Vec<_>) = (Vec::new(), Vec::new());
    for (at, raw) in file.chat_messages.iter().enumerate() {
        let message: Message<'_> = object(raw).map_err(|reason| format!("message {}: {reason}", at + 1))?;
        let id = string(message.uuid).filter(|id| !id.is_empty()).unwrap_or_else(|| format!("message-{at}"));
        // Without branches, each message follows the one before it.
        let before = nodes.last().map(|node| node.id.clone());
        let parent =
            if message.parent_message_uuid.is_some() { string(message.parent_message_uuid) } else { before };
        let visible = visible_message(&id, raw, &message, model.as_deref());
        nodes.push(Node {
            id,
            parent,
            children: Vec::new(),
            created_at: millis(message.created_at),
            is_visible: visible.is_some(),
        });
        messages.push(visible);
    }
    let conversation = TreeConversation {
        origin: Origin::Claude,
        entry,
        id: string(file.uuid),
        title: string(file.name),
        created_at: millis(file.created_at),
        updated_at: millis(file.updated_at),
        is_archived: false,
        current: string(file.current_leaf_message_uuid).or_else(|| nodes.last().map(|node| node.id.clone())),
        nodes,
        messages,
    };
    conversation.build(limits, now)
}

/// A time as RFC 3339 has it, in Unix milliseconds.
fn millis(raw: Option<&RawValue>) -> Option<i64> {
    Timestamp::parse(&string(raw)?).map(Timestamp::millis)
}

fn visible_message<'a>(
    id: &str,
    raw: &'a RawValue,
    message: &Message<'_>,
    model: Option<&str>,
) -> Option<VisibleMessage<'a>> {
    let role = match string(message.sender).unwrap_or_default().as_str() {
        "human" | "user" => Role::User,
        "system" => Role::System,
        _ => Role::Assistant,
    };
    let blocks: Vec<Value> =
        list(message.content).into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let mut parts = content_parts(id, &blocks);
    if parts.is_empty() {
        // Older files have the text alone.
        parts.extend(string(message.text).and_then(|words| text(&words)));
    }
    let attached = [message.attachments, message.files].into_iter().flat_map(list);
    parts.extend(attached.filter_map(|raw| attachment(&serde_json::from_str(raw.get()).ok()?)));
    if parts.is_empty() {
        return None;
    }
    let is_cut = is_true(message.truncated);
    let status = if is_cut { MessageStatus::Incomplete } else { MessageStatus::Complete };
    let model = model.filter(|_| role == Role::Assistant).map(str::to_owned);
    Some(VisibleMessage { raw, role, status, model, usage: None, parts })
}

fn member<'a>(block: &'a Value, name: &str) -> Option<&'a str> {
    block.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn text(words: &str) -> Option<RawJson> {
    (!words.trim().is_empty()).then(|| RawJson::of(&json!({ "type": "text", "text": words })))
}

/// The blocks of a message as parts, with the sources that they cite.
fn content_parts(id: &str, blocks: &[Value]) -> Vec<RawJson> {
    let (mut parts, mut sources): (Vec<RawJson>, Vec<(String, Value)>) = (Vec::new(), Vec::new());
    // Files do not always say which call a result belongs to; it follows the call then.
    let mut last_call = format!("{id}-call");
    for (at, block) in blocks.iter().enumerate() {
        match member(block, "type").unwrap_or_default() {
            "text" | "voice_note" => parts.extend(text_with_citations(block, &mut sources)),
            "thinking" => {
                let words = member(block, "thinking").or_else(|| member(block, "text"));
                parts.extend(words.map(|words| RawJson::of(&json!({ "type": "reasoning", "text": words }))));
            }
            "tool_use" | "server_tool_use" => {
                last_call = member(block, "id").map_or_else(|| format!("{id}-call-{at}"), str::to_owned);
                parts.push(RawJson::of(&json!({
                    "type": "tool-call", "toolCallId": last_call, "toolName": member(block, "name").unwrap_or("tool"),
                    "input": block.get("input").unwrap_or(&Value::Null),
                })));
            }
            kind if kind.ends_with("tool_result") => {
                let call = member(block, "tool_use_id").unwrap_or(&last_call);
                parts.push(tool_result(call, block));
            }
            // A count of tokens that says nothing, and a flag that is shown nowhere.
            "token_budget" | "flag" => {}
            _ => parts.push(RawJson::of(&json!({ "type": "data-claude", "content": block }))),
        }
    }
    let source = |(id, source): (String, Value)| {
        let mut part = json!({ "type": "source", "sourceId": id, "kind": "url" });
        if let Some(part) = part.as_object_mut() {
            let members = ["url", "title"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), member(&source, name)?.into())));
            part.extend(members);
        }
        RawJson::of(&part)
    };
    parts.extend(sources.into_iter().map(source));
    parts
}

/// The most sources of a message.
const MAX_SOURCES: usize = 100;

/// A text; its citations have offsets in code points and name pages.
fn text_with_citations(block: &Value, sources: &mut Vec<(String, Value)>) -> Option<RawJson> {
    let words = member(block, "text")?;
    let length = words.chars().count();
    let offset = |citation: &Value, name: &str| {
        let at = citation.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
        at.unwrap_or(length).min(length)
    };
    let mut citations = Vec::new();
    for citation in block.get("citations").and_then(Value::as_array).into_iter().flatten() {
        let details = citation.get("details").unwrap_or(citation);
        let Some(url) = member(details, "url").or_else(|| member(citation, "url")) else { continue };
        let known = sources.iter().position(|(_, source)| member(source, "url") == Some(url));
        let at = known.or_else(|| {
            (sources.len() < MAX_SOURCES).then(|| {
                let title = member(citation, "title").or_else(|| member(details, "title"));
                sources
                    .push((format!("source-{}", sources.len() + 1), json!({ "url": url, "title": title })));
                sources.len() - 1
            })
        });
        if let Some((id, _)) = at.and_then(|at| sources.get(at)) {
            let end = offset(citation, "end_index");
            let start = offset(citation, "start_index").min(end);
            citations.push(json!({ "sourceId": id, "start": start, "end": end }));
        }
    }
    let mut part = json!({ "type": "text", "text": words });
    if let Some(part) = part.as_object_mut().filter(|_| !citations.is_empty()) {
        part.insert("citations".to_owned(), citations.into());
    }
    Some(RawJson::of(&part))
}

fn tool_result(call: &str, block: &Value) -> RawJson {
    let content = block.get("content").unwrap_or(&Value::Null);
    let texts = content
        .as_array()
        .map(|items| items.iter().map(|item| member(item, "text")).collect::<Option<Vec<_>>>());
    let output = match texts {
        // Nothing but texts.
        Some(Some(texts)) => texts.join("\n\n").into(),
        _ => content.clone(),
    };
    let mut part = json!({ "type": "tool-result", "toolCallId": call });
    if let Some(part) = part.as_object_mut() {
        let is_error = block.get("is_error").and_then(Value::as_bool).unwrap_or_default();
        match (is_error, output) {
            (true, Value::String(words)) => part.insert("errorText".to_owned(), words.into()),
            (_, Value::Null) => None,
            (_, output) => part.insert("output".to_owned(), output),
        };
    }
    RawJson::of(&part)
}

/// The most bytes of a file's text that are kept in its part; a longer one is in `raw` alone.
const MAX_FILE_TEXT: usize = 32 * 1024;

/// A file of a message: its name, and the text that was read from it.
fn attachment(file: &Value) -> Option<RawJson> {
    let mut asset = file.as_object()?.clone();
    if member(file, "extracted_content").is_some_and(|text| text.len() > MAX_FILE_TEXT) {
        asset.remove("extracted_content");
    }
    Some(RawJson::of(&json!({ "type": "data-asset", "asset": asset })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_file(file: &Value) -> ParsedConversation {
        let raw = serde_json::value::to_raw_value(file).unwrap();
        parse(&raw, &ConversationLimits::default(), Timestamp::from_millis(1_795_219_200_000)).unwrap()
    }

    fn parts(message: &super::super::parsed::ParsedMessage) -> Value {
        message.new.parts.iter().flatten().map(|part| part.read::<Value>().unwrap()).collect()
    }

    fn message(uuid: &str, sender: &str, content: &Value) -> Value {
        json!({ "uuid": uuid, "sender": sender, "text": "whole", "content": content, "attachments": [], "files": [],
            "created_at": "2025-05-21T09:00:01.123456Z", "updated_at": "2025-05-21T09:00:01.123456Z" })
    }

    #[test]
    fn blocks_become_parts() {
        let content = json!([
            { "type": "thinking", "thinking": "I look.", "summaries": [] },
            { "type": "text", "text": "Rye bread.", "citations": [
                { "uuid": "c", "start_index": 0, "end_index": 3, "details": { "type": "web_search_citation", "url": "https://rye.example/" }, "title": "Rye" },
            ] },
            { "type": "tool_use", "id": "toolu_1", "name": "web_search", "input": { "query": "rye" } },
            { "type": "tool_result", "tool_use_id": "toolu_1", "content": [{ "type": "text", "text": "found" }], "is_error": false },
            { "type": "tool_use", "name": "repl", "input": { "code": "1" } },
            { "type": "tool_result", "content": [{ "type": "text", "text": "failed" }], "is_error": true },
            { "type": "token_budget" },
            { "type": "new", "x": 1 },
        ]);
        let file = json!({
            "uuid": "0b9a1c1e-0000-4000-8000-000000000001", "name": "Bread", "summary": "",
            "created_at": "2025-05-21T09:00:00.000000Z", "updated_at": "2025-05-22T09:00:00.000000Z",
            "chat_messages": [message("a", "human", &json!([])), message("b", "assistant", &content)],
        });
        let found = parse_file(&file);
        assert_eq!(found.conversation.title.as_deref(), Some("Bread"));
        assert_eq!(found.conversation.created_at.iso(), "2025-05-21T09:00:00.000Z");
        assert_eq!(found.conversation.head_id.as_deref(), Some("b"));
        let [question, answer] = found.messages.as_slice() else { panic!() };
        assert_eq!(
            (question.new.role, parts(question)),
            (Role::User, json!([{ "type": "text", "text": "whole" }]))
        );
        assert_eq!((answer.new.role, answer.new.format.as_deref()), (Role::Assistant, Some("claude.ai")));
        assert_eq!(answer.new.parent_id.as_ref().unwrap().as_ref().unwrap().as_str(), "a");
        assert_eq!(
            parts(answer),
            json!([
                { "type": "reasoning", "text": "I look." },
                { "type": "text", "text": "Rye bread.", "citations": [{ "sourceId": "source-1", "start": 0, "end": 3 }] },
                { "type": "tool-call", "toolCallId": "toolu_1", "toolName": "web_search", "input": { "query": "rye" } },
                { "type": "tool-result", "toolCallId": "toolu_1", "output": "found" },
                { "type": "tool-call", "toolCallId": "b-call-4", "toolName": "repl", "input": { "code": "1" } },
                { "type": "tool-result", "toolCallId": "b-call-4", "errorText": "failed" },
                { "type": "data-claude", "content": { "type": "new", "x": 1 } },
                { "type": "source", "sourceId": "source-1", "kind": "url", "url": "https://rye.example/", "title": "Rye" },
            ])
        );
    }

    #[test]
    fn branches_follow_the_parents_that_newer_files_name() {
        let mut messages =
            ["a", "b", "c"].map(|id| message(id, "human", &json!([{ "type": "text", "text": id }])));
        for (at, parent) in ["00000000-0000-4000-8000-000000000000", "a", "a"].into_iter().enumerate() {
            messages[at]["parent_message_uuid"] = json!(parent);
        }
        messages[0]["attachments"] = json!([{ "file_name": "a.txt", "extracted_content": "words" }]);
        let found =
            parse_file(&json!({ "uuid": "c", "chat_messages": messages, "current_leaf_message_uuid": "b" }));
        let parents: Vec<_> =
            found.messages.iter().map(|it| it.new.parent_id.clone().flatten().map(String::from)).collect();
        assert_eq!(parents, [None, Some("a".to_owned()), Some("a".to_owned())]);
        assert_eq!(found.conversation.head_id.as_deref(), Some("b"));
        assert_eq!(parts(&found.messages[0])[1]["asset"]["file_name"], json!("a.txt"));
    }
}
