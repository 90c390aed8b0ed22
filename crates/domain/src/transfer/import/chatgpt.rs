//! Conversations of ChatGPT's `conversations.json`.
//!
//! The format is not documented. This parser follows what was found in real files, and any member may be missing or of
//! another type.

use std::{collections::BTreeMap, fmt};

use contract::{
    Timestamp,
    conversations::{
        ConversationId, ConversationStatus, MessageId, MessageStatus, NewConversation, NewMessage, RawJson,
        Role,
    },
    is_unfit_for_lines,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use storage::conversations::{ForeignConversation, PostImportPatch};

use super::{
    chatgpt_content::parts,
    ids::{derived, valid_or_derived},
    json::{is_true, list, object, string},
    message_tree::{Node, TreeOrder, walk},
    parsed::{ParsedConversation, ParsedMessage},
    rejection::{Rejection, from_problem, too_many_messages},
};
use crate::{ConversationLimits, conversations::MAX_METADATA};

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
    mapping: Mapping<'a>,
}

/// Nodes by their ids.
struct Mapping<'a>(BTreeMap<String, &'a RawValue>);

/// The most nodes of a conversation.
const MAX_NODES: usize = 500_000;

#[derive(Deserialize)]
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

/// A visible message with content.
struct VisibleMessage<'a> {
    raw: &'a RawValue,
    role: Role,
    status: MessageStatus,
    model: Option<String>,
    parts: Vec<RawJson>,
}

/// The message's `format`, which names the form of `raw`.
const FORMAT: &str = "chatgpt";
/// The longest title, in characters.
const MAX_TITLE: usize = 200;

/// Parses a conversation.
pub(super) fn parse(
    entry: &RawValue,
    limits: &ConversationLimits,
    now: Timestamp,
) -> Result<ParsedConversation, Rejection> {
    let file: Conversation<'_> = object(entry)?;
    let given = string(file.conversation_id).or_else(|| string(file.id)).filter(|id| !id.is_empty());
    let id: ConversationId = match &given {
        Some(id) => valid_or_derived(id, "conversation"),
        None => ConversationId::stored(derived(entry.get())),
    };
    let (mut nodes, mut messages) = (Vec::new(), Vec::new());
    for (key, raw) in &file.mapping.0 {
        let (node, message) = node(key, raw).map_err(|reason| format!("node {}: {reason}", short(key)))?;
        nodes.push(node);
        messages.push(message);
    }
    let TreeOrder { visible, nearest } = walk(&nodes);
    if visible.len() > limits.messages as usize {
        return Err(too_many_messages(limits.messages));
    }
    let started_at = time(file.create_time, now);
    let message_id = |at: usize| nodes.get(at).map(|node| valid_or_derived(&node.id, id.as_str()));
    let (mut parsed, mut without_raw) = (Vec::with_capacity(visible.len()), 0);
    let mut times: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for (at, parent) in visible {
        let Some(message) = messages.get_mut(at).and_then(Option::take) else { continue };
        // A message without a time takes its parent's.
        let own = nodes.get(at).and_then(|node| node.created_at).map(Timestamp::from_millis);
        let inherited = parent.and_then(|parent| times.get(&parent).copied());
        let created_at = own.or(inherited).or(started_at).unwrap_or(now).min(now);
        times.insert(at, created_at);
        let (new, has_raw) = new_message(message, message_id(at), parent.and_then(message_id), limits);
        without_raw += i64::from(!has_raw);
        let patch = PostImportPatch { feedback: None, updated_at: created_at };
        parsed.push(ParsedMessage { new, created_at, patch });
    }
    let current = string(file.current_node);
    let current = nodes.iter().position(|node| Some(&node.id) == current.as_ref());
    let head = current.and_then(|at| nearest.get(at).copied().flatten()).and_then(message_id);
    let head = head.or_else(|| parsed.last().and_then(|last| last.new.id.clone()));
    let title = string(file.title).map(|title| one_line(&title));
    let new = NewConversation { id: Some(id), title, metadata: None };
    let new = new.check(MAX_METADATA).map_err(|problems| from_problem(problems.first()))?;
    let last_message_at = parsed.iter().map(|message| message.created_at).max();
    let created_at =
        started_at.or_else(|| parsed.iter().map(|message| message.created_at).min()).unwrap_or(now);
    let updated_at = time(file.update_time, now).or(last_message_at).unwrap_or(created_at);
    let status =
        if is_true(file.is_archived) { ConversationStatus::Archived } else { ConversationStatus::Active };
    let conversation = ForeignConversation {
        id: new.id.map(String::from).unwrap_or_default(),
        title: new.title,
        opening: None,
        status: status.name().to_owned(),
        head_id: head.map(String::from),
        metadata: "{}".to_owned(),
        revision: 0,
        created_at,
        updated_at,
        last_message_at,
    };
    Ok(ParsedConversation { conversation, messages: parsed, without_raw })
}

/// A node, and its message when that is visible.
fn node<'a>(key: &str, raw: &'a RawValue) -> Result<(Node, Option<VisibleMessage<'a>>), Rejection> {
    if raw.get() == "null" {
        return Ok((Node { id: key.to_owned(), ..Node::default() }, None));
    }
    let RawNode { parent, children, message } = object(raw)?;
    let (mut created_at, mut visible) = (None, None);
    if let Some(raw) = message.filter(|raw| raw.get() != "null") {
        let message: RawMessage<'_> = object(raw).map_err(|reason| format!("message: {reason}"))?;
        created_at = millis(message.create_time);
        visible = visible_message(key, raw, &message);
    }
    let children = list(children).into_iter().filter_map(|raw| string(Some(raw))).collect();
    let (id, parent) = (key.to_owned(), string(parent));
    Ok((Node { id, parent, children, created_at, is_visible: visible.is_some() }, visible))
}

/// The message, unless it is hidden or empty.
fn visible_message<'a>(
    node_id: &str,
    raw: &'a RawValue,
    message: &RawMessage<'a>,
) -> Option<VisibleMessage<'a>> {
    let metadata: Metadata<'_> = message.metadata.and_then(|raw| object(raw).ok()).unwrap_or_default();
    if is_true(metadata.is_visually_hidden_from_conversation) {
        return None;
    }
    let attachments = list(metadata.attachments);
    let parts = parts(node_id, message.content, &attachments);
    if parts.is_empty() {
        return None;
    }
    let author: Author<'_> = message.author.and_then(|raw| object(raw).ok()).unwrap_or_default();
    let role = string(author.role).unwrap_or_default();
    // An unknown role is some kind of tool; it is certainly not the user.
    let role = role.parse().unwrap_or(Role::Tool);
    let is_line = |model: &String| model.chars().count() <= MAX_TITLE && one_line(model) == *model;
    let model = string(metadata.model_slug).filter(|model| !model.is_empty() && is_line(model));
    Some(VisibleMessage { raw, role, status: status(message.status), model, parts })
}

fn status(raw: Option<&RawValue>) -> MessageStatus {
    match string(raw).unwrap_or_default().as_str() {
        "in_progress" | "finished_partial_completion" => MessageStatus::Incomplete,
        "error" | "failed" => MessageStatus::Error,
        _ => MessageStatus::Complete,
    }
}

/// The message, and whether it keeps its original form in `raw`, which it does within the size limit.
fn new_message(
    message: VisibleMessage<'_>,
    id: Option<MessageId>,
    parent: Option<MessageId>,
    limits: &ConversationLimits,
) -> (NewMessage, bool) {
    let VisibleMessage { raw, role, status, model, parts } = message;
    // The brackets and commas of the list.
    let punctuation = 2 + parts.len();
    let size = parts.iter().map(|part| part.as_str().len()).sum::<usize>() + punctuation + raw.get().len();
    let raw = Some(raw).filter(|_| size <= limits.message_bytes);
    let raw: Option<RawJson> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let has_raw = raw.is_some();
    let new = NewMessage {
        id,
        parent_id: Some(parent),
        role,
        parts: Some(parts),
        content: None,
        status,
        model,
        usage: None,
        format: has_raw.then(|| FORMAT.to_owned()),
        raw,
        metadata: None,
    };
    (new, has_raw)
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

/// A time that is not in the future.
fn time(raw: Option<&RawValue>, now: Timestamp) -> Option<Timestamp> {
    millis(raw).map(|millis| Timestamp::from_millis(millis).min(now))
}

/// A text on one line without bidirectional controls, cut to the length of a title.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_unfit_for_lines(c) { ' ' } else { c }).take(MAX_TITLE).collect()
}

fn short(key: &str) -> String {
    one_line(key).chars().take(60).collect()
}

impl<'de: 'a, 'a> Deserialize<'de> for Mapping<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of nodes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut nodes = BTreeMap::new();
                while let Some((key, node)) = map.next_entry()? {
                    if nodes.len() == MAX_NODES {
                        return Err(A::Error::custom("mapping: more nodes than any conversation has"));
                    }
                    nodes.insert(key, node);
                }
                Ok(nodes)
            }
        }
        deserializer.deserialize_map(Bounded).map(Mapping)
    }
}
