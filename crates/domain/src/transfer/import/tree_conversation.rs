//! Conversations whose messages form a tree, from any product.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    conversations::{
        ConversationId, ConversationStatus, MessageId, MessageStatus, NewConversation, NewMessage, Origin,
        RawJson, Role,
    },
    is_unfit_for_lines,
};
use serde_json::value::RawValue;
use storage::conversations::{ForeignConversation, PostImportPatch};

use super::{
    ids::{derived, valid_or_derived},
    large_parts,
    message_tree::{Node, TreeOrder, walk},
    parsed::{ParsedConversation, ParsedMessage},
    rejection::{Rejection, from_problem, too_many_messages},
};
use crate::{ConversationLimits, conversations::MAX_METADATA};

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

/// A conversation as a product's parser read it. Times are in Unix milliseconds.
pub(super) struct TreeConversation<'a> {
    pub(super) origin: Origin,
    /// The conversation's JSON.
    pub(super) entry: &'a RawValue,
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
    pub(super) is_archived: bool,
    pub(super) nodes: Vec<Node>,
    /// One for each node; `None` when it is not visible.
    pub(super) messages: Vec<Option<VisibleMessage<'a>>>,
    /// The id of the node that is shown last.
    pub(super) current: Option<String>,
}

/// A visible message with content.
pub(super) struct VisibleMessage<'a> {
    pub(super) raw: &'a RawValue,
    pub(super) role: Role,
    pub(super) status: MessageStatus,
    pub(super) model: Option<String>,
    pub(super) usage: Option<RawJson>,
    pub(super) parts: Vec<RawJson>,
}

impl TreeConversation<'_> {
    /// Puts the visible messages in order, and gives each an id, its nearest visible ancestor and a time.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(super) fn build(
        self,
        limits: &ConversationLimits,
        now: Timestamp,
    ) -> Result<ParsedConversation, Rejection> {
        let Self { origin, entry, id, title, nodes, mut messages, current, .. } = self;
        let id: ConversationId = match id.filter(|id| !id.is_empty()) {
            Some(id) => valid_or_derived(&id, "conversation"),
            None => ConversationId::stored(derived(entry.get())),
        };
        let TreeOrder { visible, nearest } = walk(&nodes);
        if visible.len() > limits.messages as usize {
            return Err(too_many_messages(limits.messages));
        }
        let past = |millis: Option<i64>| millis.map(|millis| Timestamp::from_millis(millis).min(now));
        let started_at = past(self.created_at);
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
            let new = message.into_new(origin, message_id(at), parent.and_then(message_id), limits);
            without_raw += i64::from(new.raw.is_none());
            let patch = PostImportPatch { feedback: None, updated_at: created_at };
            parsed.push(ParsedMessage { new, created_at, patch });
        }
        let current = nodes.iter().position(|node| Some(&node.id) == current.as_ref());
        let head = current.and_then(|at| nearest.get(at).copied().flatten()).and_then(message_id);
        let head = head.or_else(|| parsed.last().and_then(|last| last.new.id.clone()));
        let title = title.map(|title| one_line(&title)).filter(|title| !title.trim().is_empty());
        let new = NewConversation { id: Some(id), title, metadata: None };
        let new = new.check(MAX_METADATA).map_err(|problems| from_problem(problems.first()))?;
        let last_message_at = parsed.iter().map(|message| message.created_at).max();
        let first = parsed.iter().map(|message| message.created_at).min();
        let created_at = started_at.or(first).unwrap_or(now);
        let status = if self.is_archived { ConversationStatus::Archived } else { ConversationStatus::Active };
        let conversation = ForeignConversation {
            id: new.id.map(String::from).unwrap_or_default(),
            title: new.title,
            opening: None,
            status: status.name().to_owned(),
            head_id: head.map(String::from),
            metadata: "{}".to_owned(),
            revision: 0,
            created_at,
            updated_at: past(self.updated_at).or(last_message_at).unwrap_or(created_at),
            last_message_at,
        };
        Ok(ParsedConversation { conversation, messages: parsed, without_raw })
    }
}

impl VisibleMessage<'_> {
    /// The message, which keeps its original form in `raw` when both fit the limit on its size.
    fn into_new(
        self,
        origin: Origin,
        id: Option<MessageId>,
        parent: Option<MessageId>,
        limits: &ConversationLimits,
    ) -> NewMessage {
        let parts = large_parts::split(self.parts, limits.part_bytes);
        // The brackets and commas of the list.
        let punctuation = 2 + parts.len();
        let usage = self.usage.as_ref().map_or(0, |usage| usage.as_str().len());
        let size = parts.iter().map(|part| part.as_str().len()).sum::<usize>() + punctuation + usage;
        let raw = Some(self.raw).filter(|raw| size + raw.get().len() <= limits.message_bytes);
        NewMessage {
            id,
            parent_id: Some(parent),
            role: self.role,
            parts: Some(parts),
            content: None,
            status: self.status,
            model: self.model.filter(|model| is_model(model)),
            usage: self.usage,
            format: Some(origin.format().to_owned()),
            raw: raw.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            metadata: None,
        }
    }
}

fn is_model(model: &str) -> bool {
    !model.is_empty() && model.chars().count() <= MAX_TITLE && one_line(model) == *model
}

/// A text on one line without bidirectional controls, cut to the length of a title.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_unfit_for_lines(c) { ' ' } else { c }).take(MAX_TITLE).collect()
}
