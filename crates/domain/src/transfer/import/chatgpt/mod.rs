//! Conversations of ChatGPT's `conversations.json`.
//!
//! The format is not documented. This parser follows what was found in real files, and any member may be missing or of
//! another type.

mod content;
mod notation;
mod parts;
mod references;

use std::collections::HashMap;

use contract::{
    Timestamp,
    conversations::{MessageStatus, Origin, Role},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::{
    content::pieces,
    notation::without_marks,
    parts::{Action, parts},
    references::References,
};
use super::{
    json::{Members, is_true, list, object, string},
    message_tree::Node,
    parsed::ParsedConversation,
    rejection::Rejection,
    tree_conversation::{TreeConversation, VisibleMessage, one_line},
};
use crate::ConversationLimits;

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow, default)]
    conversation_id: Option<&'a RawValue>,
    #[serde(default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    title: Option<&'a RawValue>,
    #[serde(default)]
    create_time: Option<&'a RawValue>,
    #[serde(default)]
    update_time: Option<&'a RawValue>,
    #[serde(default)]
    current_node: Option<&'a RawValue>,
    #[serde(default)]
    is_archived: Option<&'a RawValue>,
    #[serde(default)]
    default_model_slug: Option<&'a RawValue>,
    mapping: Members<'a, MAX_NODES>,
}

/// The most nodes of a conversation.
const MAX_NODES: usize = 500_000;
/// How far above a tool's reply its call is looked for.
const MAX_REPLIES: usize = 50;

#[derive(Default, Deserialize)]
struct RawNode<'a> {
    #[serde(borrow, default)]
    parent: Option<&'a RawValue>,
    #[serde(default)]
    children: Option<&'a RawValue>,
    #[serde(default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawMessage<'a> {
    #[serde(borrow, default)]
    author: Option<&'a RawValue>,
    #[serde(default)]
    recipient: Option<&'a RawValue>,
    #[serde(default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    create_time: Option<&'a RawValue>,
    #[serde(default)]
    status: Option<&'a RawValue>,
    #[serde(default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Author<'a> {
    #[serde(borrow, default)]
    role: Option<&'a RawValue>,
    #[serde(default)]
    name: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    is_visually_hidden_from_conversation: Option<&'a RawValue>,
    #[serde(default)]
    model_slug: Option<&'a RawValue>,
    #[serde(default)]
    attachments: Option<&'a RawValue>,
}

/// A message of the file.
struct FileMessage<'a> {
    raw: &'a RawValue,
    message: RawMessage<'a>,
    role: Role,
    author: Option<String>,
    /// The tool that it is sent to.
    tool: Option<String>,
}

/// The messages of a conversation by the ids of their nodes, each with its parent.
type ByNode<'a> = HashMap<&'a str, (Option<String>, Option<FileMessage<'a>>)>;

/// Parses a conversation.
pub(super) fn parse(
    entry: &RawValue,
    limits: &ConversationLimits,
    now: Timestamp,
) -> Result<ParsedConversation, Rejection> {
    let file: Conversation<'_> = object(entry)?;
    let default_model = string(file.default_model_slug);
    let (mut nodes, mut by_node) = (Vec::new(), ByNode::new());
    for (id, raw) in &file.mapping.0 {
        let (node, message) = node(id, raw).map_err(|reason| format!("node {}: {reason}", short(id)))?;
        by_node.insert(id, (node.parent.clone(), message));
        nodes.push(node);
    }
    let messages: Vec<_> =
        nodes.iter().map(|node| visible_message(&node.id, &by_node, default_model.as_deref())).collect();
    for (node, message) in nodes.iter_mut().zip(&messages) {
        node.is_visible = message.is_some();
    }
    let conversation = TreeConversation {
        origin: Origin::ChatGpt,
        entry,
        id: string(file.conversation_id).or_else(|| string(file.id)),
        title: string(file.title).map(|title| without_marks(&title)),
        created_at: millis(file.create_time),
        updated_at: millis(file.update_time),
        is_archived: is_true(file.is_archived),
        nodes,
        messages,
        current: string(file.current_node),
    };
    conversation.build(limits, now)
}

/// A node, and its message.
fn node<'a>(id: &str, raw: &'a RawValue) -> Result<(Node, Option<FileMessage<'a>>), Rejection> {
    let RawNode { parent, children, message } =
        if raw.get() == "null" { RawNode::default() } else { object(raw)? };
    let message = message.filter(|raw| raw.get() != "null").map(file_message).transpose()?;
    let children = list(children).into_iter().filter_map(|raw| string(Some(raw))).collect();
    let created_at = message.as_ref().and_then(|it| millis(it.message.create_time));
    let node = Node { id: id.to_owned(), parent: string(parent), children, created_at, is_visible: false };
    Ok((node, message))
}

fn file_message(raw: &RawValue) -> Result<FileMessage<'_>, Rejection> {
    let message: RawMessage<'_> = object(raw).map_err(|reason| format!("message: {reason}"))?;
    let author: Author<'_> = message.author.and_then(|raw| object(raw).ok()).unwrap_or_default();
    // An unknown role is some kind of tool; it is certainly not the user.
    let role = string(author.role).unwrap_or_default().parse().unwrap_or(Role::Tool);
    let tool =
        string(message.recipient).filter(|it| !it.is_empty() && it != "all" && role == Role::Assistant);
    Ok(FileMessage { raw, message, role, author: string(author.name), tool })
}

/// The message of a node, unless it is hidden or says nothing.
fn visible_message<'a>(
    node_id: &str,
    by_node: &ByNode<'a>,
    default_model: Option<&str>,
) -> Option<VisibleMessage<'a>> {
    let FileMessage { raw, message, role, author, tool } = by_node.get(node_id)?.1.as_ref()?;
    let metadata: Metadata<'_> = message.metadata.and_then(|raw| object(raw).ok()).unwrap_or_default();
    if is_true(metadata.is_visually_hidden_from_conversation) {
        return None;
    }
    let action = match (tool, role) {
        (Some(tool), _) => Action::Call { id: node_id, tool },
        (None, Role::Tool) => {
            Action::Reply { id: call_above(node_id, by_node).unwrap_or(node_id), tool: author.as_deref() }
        }
        (None, _) => Action::Say,
    };
    let pieces = pieces(node_id, message.content, &list(metadata.attachments));
    let parts = parts(pieces, action, References::of(message.metadata));
    if parts.is_empty() {
        return None;
    }
    let model = string(metadata.model_slug).filter(|model| !model.is_empty());
    let default_model = default_model.filter(|_| *role == Role::Assistant).map(str::to_owned);
    let model = model.or(default_model);
    Some(VisibleMessage { raw, role: *role, status: status(message.status), model, usage: None, parts })
}

/// The id of the node with the call that a tool's reply answers: the nearest one above it, with other replies and reasoning
/// between them.
fn call_above<'a>(node_id: &str, by_node: &'a ByNode<'_>) -> Option<&'a str> {
    let mut parent = &by_node.get(node_id)?.0;
    for _ in 0..MAX_REPLIES {
        let (id, (above, message)) = by_node.get_key_value(parent.as_deref()?)?;
        match message {
            Some(FileMessage { tool: Some(_), .. }) => return Some(id),
            Some(FileMessage { role: Role::User, .. }) => return None,
            _ => parent = above,
        }
    }
    None
}

fn status(raw: Option<&RawValue>) -> MessageStatus {
    match string(raw).unwrap_or_default().as_str() {
        "in_progress" | "finished_partial_completion" => MessageStatus::Incomplete,
        "error" | "failed" => MessageStatus::Error,
        _ => MessageStatus::Complete,
    }
}

/// The last time with a four-digit year, in Unix milliseconds.
const LAST_MILLIS: f64 = 253_402_300_799_999.0;

/// Seconds since the Unix epoch with a fraction, as Unix milliseconds.
fn millis(raw: Option<&RawValue>) -> Option<i64> {
    let seconds: f64 = serde_json::from_str(raw?.get()).ok()?;
    let millis = (seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "it is within what an i64 holds")]
    (0.0..=LAST_MILLIS).contains(&millis).then_some(millis as i64)
}

fn short(id: &str) -> String {
    one_line(id).chars().take(60).collect()
}
