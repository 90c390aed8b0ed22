//! Conversations of ChatGPT's `conversations.json`.
//!
//! Nobody has published what that file is; what is read here is what people have found in theirs, and everything may be
//! missing or something else.

use std::{collections::BTreeMap, fmt};

use contract::{
    Timestamp,
    conversations::{ConversationStatus, ItemId, MessageStatus, NewConversation, NewMessage, RawJson, Role},
    is_unfit_for_lines,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use storage::conversations::{ForeignConversation, PostImportPatch};

use super::{
    super::{ConversationLimits, MAX_METADATA},
    Found, FoundMessage, Why, content, count, derived,
    file::{object, text_of},
    in_words, name,
    tree::{Node, TreeOrder, walk},
};

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

/// Nodes by their names.
struct Mapping<'a>(BTreeMap<String, &'a RawValue>);

/// More nodes than any conversation has.
const MOST_NODES: usize = 500_000;

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

/// A message that is to be kept.
struct Kept<'a> {
    raw: &'a RawValue,
    role: Role,
    status: MessageStatus,
    model: Option<String>,
    parts: Vec<RawJson>,
}

/// The name of the format of `raw`.
const FORMAT: &str = "chatgpt";
/// The longest title, in characters.
const MAX_TITLE: usize = 200;

/// Reads one.
pub(super) fn read(entry: &RawValue, limits: &ConversationLimits, now: Timestamp) -> Result<Found, Why> {
    let read: Conversation<'_> = object(entry)?;
    let given = string(read.conversation_id).or_else(|| string(read.id)).filter(|id| !id.is_empty());
    let id = match &given {
        Some(id) => name(id, "conversation"),
        None => ItemId::stored(derived(entry.get())),
    };
    let (mut nodes, mut messages) = (Vec::new(), Vec::new());
    for (key, raw) in &read.mapping.0 {
        let (node, message) = node(key, raw).map_err(|why| format!("node {}: {why}", short(key)))?;
        nodes.push(node);
        messages.push(message);
    }
    let TreeOrder { kept, nearest } = walk(&nodes);
    if kept.len() > limits.messages as usize {
        return Err(super::too_long(limits.messages));
    }
    let begun = moment(read.create_time, now);
    let called = |at: usize| nodes.get(at).map(|node| name(&node.name, id.as_str()));
    let (mut found, mut without_raw) = (Vec::with_capacity(kept.len()), 0);
    let mut times: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for (at, above) in kept {
        let Some(message) = messages.get_mut(at).and_then(Option::take) else { continue };
        // Some messages have no time: then it is that of what they follow.
        let own = nodes.get(at).and_then(|node| node.at).map(Timestamp::from_millis);
        let before = above.and_then(|above| times.get(&above).copied());
        let at_time = own.or(before).or(begun).unwrap_or(now).min(now);
        times.insert(at, at_time);
        let (new, has_raw) = new_message(message, called(at), above.and_then(called), limits);
        without_raw += usize::from(!has_raw);
        let later = PostImportPatch { feedback: None, updated_at: at_time };
        found.push(FoundMessage { new, created_at: at_time, later });
    }
    let shown = string(read.current_node);
    let shown = nodes.iter().position(|node| Some(&node.name) == shown.as_ref());
    let head = shown.and_then(|at| nearest.get(at).copied().flatten()).and_then(called);
    let head = head.or_else(|| found.last().and_then(|last| last.new.id.clone()));
    let title = string(read.title).map(|title| tidy(&title));
    let new = NewConversation { id: Some(id), title, metadata: None };
    let new = new.check(MAX_METADATA).map_err(|problems| in_words(problems.first()))?;
    let last_message_at = found.iter().map(|message| message.created_at).max();
    let created_at = begun.or_else(|| found.iter().map(|message| message.created_at).min()).unwrap_or(now);
    let updated_at = moment(read.update_time, now).or(last_message_at).unwrap_or(created_at);
    let archived = read.is_archived.is_some_and(|raw| raw.get() == "true");
    let status = if archived { ConversationStatus::Archived } else { ConversationStatus::Active };
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
    Ok(Found { conversation, messages: found, without_raw: count(without_raw) })
}

/// A node, and its message when that is to be kept: it is not hidden, and it says something.
fn node<'a>(key: &str, raw: &'a RawValue) -> Result<(Node, Option<Kept<'a>>), Why> {
    if raw.get() == "null" {
        return Ok((Node { name: key.to_owned(), ..Node::default() }, None));
    }
    let RawNode { parent, children, message } = object(raw)?;
    let mut at = None;
    let mut kept = None;
    if let Some(raw) = message.filter(|raw| raw.get() != "null") {
        let message: RawMessage<'_> = object(raw).map_err(|why| format!("message: {why}"))?;
        at = millis(message.create_time);
        kept = keep(key, raw, &message);
    }
    let children = list(children).into_iter().filter_map(|raw| text_of(raw.get())).collect();
    let (name, parent) = (key.to_owned(), string(parent));
    Ok((Node { name, parent, children, at, kept: kept.is_some() }, kept))
}

fn keep<'a>(key: &str, raw: &'a RawValue, message: &RawMessage<'a>) -> Option<Kept<'a>> {
    let metadata: Metadata<'_> = message.metadata.and_then(|raw| object(raw).ok()).unwrap_or_default();
    if metadata.is_visually_hidden_from_conversation.is_some_and(|raw| raw.get() == "true") {
        return None;
    }
    let attachments = list(metadata.attachments);
    let parts = content::parts(key, message.content, &attachments);
    if parts.is_empty() {
        return None;
    }
    let author: Author<'_> = message.author.and_then(|raw| object(raw).ok()).unwrap_or_default();
    let role = string(author.role).unwrap_or_default();
    // A word for somebody new: whoever it is, it is not the reader.
    let role = Role::parse(&role).unwrap_or(Role::Tool);
    let is_line = |model: &String| model.chars().count() <= MAX_TITLE && tidy(model) == *model;
    let model = string(metadata.model_slug).filter(|model| !model.is_empty() && is_line(model));
    Some(Kept { raw, role, status: status(message.status), model, parts })
}

fn status(raw: Option<&RawValue>) -> MessageStatus {
    match string(raw).unwrap_or_default().as_str() {
        "in_progress" | "finished_partial_completion" => MessageStatus::Incomplete,
        "error" | "failed" => MessageStatus::Error,
        _ => MessageStatus::Complete,
    }
}

/// The message, and whether it keeps the form it had: as far as that is within bounds.
fn new_message(
    kept: Kept<'_>,
    id: Option<ItemId>,
    parent: Option<ItemId>,
    limits: &ConversationLimits,
) -> (NewMessage, bool) {
    let Kept { raw, role, status, model, parts } = kept;
    // The brackets of a list, and the commas.
    let around = 2 + parts.len();
    let size = parts.iter().map(|part| part.as_str().len()).sum::<usize>() + around + raw.get().len();
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

fn string(raw: Option<&RawValue>) -> Option<String> {
    raw.and_then(|raw| text_of(raw.get()))
}

/// The elements of a list; none where something else stands.
fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The last moment that can be written with four digits of the year, in Unix milliseconds.
const LAST_MILLIS: f64 = 253_402_300_799_999.0;

/// Seconds since the Unix epoch with a fraction, as Unix milliseconds.
fn millis(raw: Option<&RawValue>) -> Option<i64> {
    let seconds: f64 = serde_json::from_str(raw?.get()).ok()?;
    let millis = (seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "it is within what an i64 holds")]
    (0.0..=LAST_MILLIS).contains(&millis).then_some(millis as i64)
}

/// A moment that is not still to come.
fn moment(raw: Option<&RawValue>, now: Timestamp) -> Option<Timestamp> {
    millis(raw).map(|millis| Timestamp::from_millis(millis).min(now))
}

/// Words on one line, without signs that turn it around, cut to the length of a title.
fn tidy(words: &str) -> String {
    words.chars().map(|c| if is_unfit_for_lines(c) { ' ' } else { c }).take(MAX_TITLE).collect()
}

fn short(key: &str) -> String {
    tidy(key).chars().take(60).collect()
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
                    if nodes.len() == MOST_NODES {
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
