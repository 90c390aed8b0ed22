//! Conversations of our own files.

use std::collections::HashSet;

use contract::{
    Timestamp,
    conversations::{
        ConversationStatus, Feedback, ItemId, MessageStatus, NewConversation, NewFeedback, NewMessage,
        RawJson, Role,
    },
    is_unfit_for_lines,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use storage::conversations::{ForeignConversation, PostImportPatch};

use super::{
    super::{ConversationLimits, MAX_METADATA, drafts::MAX_OPENING},
    Found, FoundMessage, Why,
    file::object,
    in_words,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Own<'a> {
    id: ItemId,
    title: Option<String>,
    opening: Option<String>,
    #[serde(default)]
    status: ConversationStatus,
    head_id: Option<ItemId>,
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

/// A message as it is shown, but for what follows from the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnMessage {
    id: ItemId,
    parent_id: Option<ItemId>,
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

/// Bytes of a message's JSON beside what counts as its size.
const AROUND: usize = 32 * 1024;
/// A conversation that has changed more often than this is one that somebody has made up.
const MOST_REVISIONS: i64 = 1 << 40;

/// Reads one.
pub(super) fn read(entry: &RawValue, limits: &ConversationLimits, now: Timestamp) -> Result<Found, Why> {
    let own: Own<'_> = object(entry)?;
    if own.deleted_at.is_some() {
        return Err("it was deleted".into());
    }
    let metadata = match own.metadata {
        Some(raw) if raw.get().len() > MAX_METADATA => return Err("metadata: too large".into()),
        Some(raw) => Some(verbatim(raw).ok_or("metadata: too deep")?),
        None => None,
    };
    let new = NewConversation { id: Some(own.id.clone()), title: own.title, metadata };
    let new = new.check(MAX_METADATA).map_err(|problems| in_words(problems.first()))?;
    let messages: Vec<FoundMessage> =
        own.messages.iter().map(|raw| message(raw, limits, now)).collect::<Result<_, _>>()?;
    let names: HashSet<&ItemId> = messages.iter().filter_map(|it| it.new.id.as_ref()).collect();
    let head = own.head_id.filter(|head| names.contains(head));
    let head = head.or_else(|| messages.last().and_then(|last| last.new.id.clone()));
    let latest = messages.iter().map(|message| message.created_at).max();
    let conversation = ForeignConversation {
        id: own.id.into(),
        title: new.title,
        opening: own.opening.filter(|opening| is_opening(opening)),
        status: own.status.name().to_owned(),
        head_id: head.map(String::from),
        metadata: new.metadata.unwrap_or_else(RawJson::empty_object).as_str().to_owned(),
        revision: own.revision.clamp(0, MOST_REVISIONS),
        created_at: own.created_at.min(now),
        updated_at: own.updated_at.min(now),
        last_message_at: latest.and(own.last_message_at.map(|at| at.min(now)).or(latest)),
    };
    Ok(Found { conversation, messages, without_raw: 0 })
}

fn is_opening(text: &str) -> bool {
    text.chars().count() <= MAX_OPENING + 1 && !text.chars().any(is_unfit_for_lines)
}

fn verbatim(raw: &RawValue) -> Option<RawJson> {
    serde_json::from_str(raw.get()).ok()
}

fn message(raw: &RawValue, limits: &ConversationLimits, now: Timestamp) -> Result<FoundMessage, Why> {
    if raw.get().len() > limits.message_bytes.saturating_add(AROUND) {
        return Err(format!("a message has more than {} bytes of JSON", limits.message_bytes));
    }
    let message: OwnMessage = object(raw)?;
    let OwnMessage { id, parent_id, role, parts, status, model, usage, format, raw, metadata, .. } = message;
    let wrong = |words: &str| format!("message {id}: {words}");
    let feedback = message.feedback.map(|it| {
        let new = NewFeedback { value: it.value, comment: it.comment, tags: it.tags };
        new.at(it.updated_at.min(now))
    });
    let feedback = feedback.transpose().map_err(|problems| wrong(&in_words(problems.first())))?;
    let later = PostImportPatch {
        feedback: feedback.map(|feedback| RawJson::of(&feedback).as_str().to_owned()),
        updated_at: message.updated_at.min(now),
    };
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
    Ok(FoundMessage { new, created_at: message.created_at.min(now), later })
}
