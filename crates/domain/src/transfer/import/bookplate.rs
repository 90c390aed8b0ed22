//! Conversations of Bookplate's own JSON files.

use std::collections::HashSet;

use contract::{
    Problems, Timestamp,
    conversations::{
        ConversationId, ConversationStatus, Feedback, MessageId, MessageStatus, NewConversation, NewFeedback,
        NewMessage, RawJson, Role,
    },
    is_unfit_for_lines,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use storage::conversations::{ForeignConversation, PostImportPatch};

use super::{
    json::object,
    large_parts,
    parsed::{ParsedConversation, ParsedMessage},
    rejection::{Rejection, from_problem},
};
use crate::{
    ConversationLimits,
    conversations::{MAX_METADATA, MAX_OPENING},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileConversation<'a> {
    id: ConversationId,
    title: Option<String>,
    opening: Option<String>,
    #[serde(default)]
    status: ConversationStatus,
    head_id: Option<MessageId>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(default)]
    revision: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_message_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    messages: Vec<&'a RawValue>,
}

/// A message of the wire without the members that follow from the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileMessage {
    id: MessageId,
    parent_id: Option<MessageId>,
    role: Role,
    parts: Vec<RawJson>,
    #[serde(default)]
    status: MessageStatus,
    model: Option<String>,
    usage: Option<RawJson>,
    format: Option<String>,
    raw: Option<RawJson>,
    metadata: Option<RawJson>,
    feedback: Option<Feedback>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Bytes of a message's JSON that do not count toward the limit on its size.
const OVERHEAD: usize = 32 * 1024;
/// The highest revision that is believed; it leaves room for changes to come.
const MAX_REVISION: i64 = 1 << 40;

/// Parses a conversation.
pub(super) fn parse(
    entry: &RawValue,
    limits: &ConversationLimits,
    now: Timestamp,
) -> Result<ParsedConversation, Rejection> {
    let file: FileConversation<'_> = object(entry)?;
    if file.deleted_at.is_some() {
        return Err("it was deleted".into());
    }
    let metadata = match file.metadata {
        Some(raw) if raw.get().len() > MAX_METADATA => return Err("metadata: too large".into()),
        Some(raw) => Some(raw_json(raw).ok_or("metadata: too deep")?),
        None => None,
    };
    let new = NewConversation { id: Some(file.id.clone()), title: file.title, metadata };
    let new = new.check(MAX_METADATA).map_err(|problems| from_problem(problems.first()))?;
    let messages: Vec<ParsedMessage> =
        file.messages.iter().map(|raw| message(raw, limits, now)).collect::<Result<_, _>>()?;
    let ids: HashSet<&MessageId> = messages.iter().filter_map(|it| it.new.id.as_ref()).collect();
    let head = file.head_id.filter(|head| ids.contains(head));
    let head = head.or_else(|| messages.last().and_then(|last| last.new.id.clone()));
    let latest = messages.iter().map(|message| message.created_at).max();
    let conversation = ForeignConversation {
        id: file.id.into(),
        title: new.title,
        opening: file.opening.filter(|opening| is_opening(opening)),
        status: file.status.name().to_owned(),
        head_id: head.map(String::from),
        metadata: new.metadata.unwrap_or_else(RawJson::empty_object).as_str().to_owned(),
        revision: file.revision.clamp(0, MAX_REVISION),
        created_at: file.created_at.min(now),
        updated_at: file.updated_at.min(now),
        last_message_at: latest.and(file.last_message_at.map(|at| at.min(now)).or(latest)),
    };
    Ok(ParsedConversation { conversation, messages, without_raw: 0 })
}

fn is_opening(text: &str) -> bool {
    text.chars().count() <= MAX_OPENING + 1 && !text.chars().any(is_unfit_for_lines)
}

fn raw_json(raw: &RawValue) -> Option<RawJson> {
    serde_json::from_str(raw.get()).ok()
}

fn message(raw: &RawValue, limits: &ConversationLimits, now: Timestamp) -> Result<ParsedMessage, Rejection> {
    if raw.get().len() > limits.message_bytes.saturating_add(OVERHEAD) {
        return Err(format!("a message has more than {} bytes of JSON", limits.message_bytes));
    }
    let message: FileMessage = object(raw)?;
    let FileMessage { id, parent_id, role, parts, status, model, usage, format, raw, metadata, .. } = message;
    let rejection = |problems: &Problems| format!("message {id}: {}", from_problem(problems.first()));
    let feedback = message.feedback.map(|it| {
        let new = NewFeedback { value: it.value, comment: it.comment, tags: it.tags };
        new.at(it.updated_at.min(now))
    });
    let feedback = feedback.transpose().map_err(|problems| rejection(&problems))?;
    let patch = PostImportPatch {
        feedback: feedback.map(|feedback| RawJson::of(&feedback).as_str().to_owned()),
        updated_at: message.updated_at.min(now),
    };
    let parts = large_parts::split(parts, limits.part_bytes);
    let new = NewMessage {
        id: Some(id),
        parent_id: Some(parent_id),
        role,
        parts: Some(parts),
        content: None,
        status,
        model,
        usage,
        format,
        raw,
        metadata,
    };
    Ok(ParsedMessage { new, created_at: message.created_at.min(now), patch })
}
