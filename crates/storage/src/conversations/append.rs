//! Appending messages to a conversation: the steps of the transaction. The SQL of one message is in `insert_message.rs`;
//! the usual case, one message at the end, goes through `append_queue.rs` to the statements of `append_batch.rs`.

use std::collections::{HashMap, HashSet};

use contract::Timestamp;

use super::{
    Content, ConversationScope, Idempotency, Owner, SEQ_BITS, StoredConversation, StoredMessage, Terms,
    conversation::{lock_conversation, save_conversation},
    idempotency::{find_idempotency_key, save_idempotency_key},
    insert_message::{InsertPosition, insert_message},
    message::{find_message, has_message, number, replace_terms, update_content},
    stored_bytes::add_bytes,
};
use crate::{Database, StorageError, connection::Transaction};

/// The author of a change, its time, and the room there is for it.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The `jti` of the access token; `None` for a session cookie.
    pub token_id: Option<&'a str>,
    /// The time of the change.
    pub now: Timestamp,
    /// How many bytes of JSON the user's conversations may take up; a change that needs no more of them is made anyway.
    pub most_bytes: i64,
}

/// A message to be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its id, unique in the conversation.
    pub id: String,
    /// Whether the client has chosen the id, so that the message may be stored already.
    pub chosen: bool,
    /// The message it follows: an id, `Some(None)` for the beginning of a branch, or `None` for the conversation's head.
    pub parent: Option<Option<String>>,
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The content.
    pub content: Content,
    /// Its search terms.
    pub terms: Terms,
    /// The beginning of a user's message; `None` for other roles.
    pub opening: Option<String>,
    /// When it was written, unless that is now.
    pub created_at: Option<Timestamp>,
}

/// A request to append messages to a conversation, all or none.
#[derive(Debug)]
pub struct AppendRequest<'a> {
    /// The conversation's user.
    pub user_id: &'a str,
    /// Which of the user's conversations it may be.
    pub scope: ConversationScope<'a>,
    /// The conversation.
    pub conversation_id: &'a str,
    /// The author and the time.
    pub writer: Writer<'a>,
    /// The messages in this order, no two of one id.
    pub drafts: &'a [Draft],
    /// How many messages the conversation may have.
    pub most: i64,
    /// Set when the request may be sent again.
    pub idempotency: Option<&'a Idempotency>,
}

impl<'a> AppendRequest<'a> {
    pub(super) const fn owner(&self) -> Owner<'a> {
        Owner { user_id: self.user_id, scope: self.scope }
    }

    /// How many messages the conversation may have, bounded by what their numbers have room for.
    pub(super) fn most(&self) -> i64 {
        self.most.min((1 << SEQ_BITS) - 2)
    }
}

/// The outcome of appending messages. Positions count from 0.
#[derive(Debug)]
pub enum AppendOutcome {
    /// All are stored.
    Done(Vec<AppendedMessage>),
    /// The request was carried out before; these are its messages as they are now.
    Repeated(Vec<StoredMessage>),
    /// The key belongs to another request.
    KeyReused,
    /// The user has no such conversation.
    NoConversation,
    /// The parent of the message at this position does not exist.
    NoParent(usize),
    /// The message at this position is stored with another role or parent.
    Different(usize),
    /// The conversation would have more messages than it may.
    Full,
    /// The user's conversations would take up more bytes than they may.
    StorageFull,
}

/// A message after it was appended.
#[derive(Debug)]
pub struct AppendedMessage {
    /// As it is now.
    pub message: StoredMessage,
    /// Whether it differs from what was stored before.
    pub changed: bool,
    /// Whether it was not stored before.
    pub is_new: bool,
}

/// Appends messages in a transaction, which is to be rolled back unless the outcome is [`AppendOutcome::Done`].
pub(super) async fn append(
    tx: &mut Transaction,
    request: &AppendRequest<'_>,
) -> Result<AppendOutcome, sqlx::Error> {
    let Some(mut conversation) = lock_conversation(tx, request.owner(), request.conversation_id).await?
    else {
        return Ok(AppendOutcome::NoConversation);
    };
    if let Some(repeated) = replay_idempotent(tx, request, conversation.no).await? {
        return Ok(repeated);
    }
    let mut stored = HashMap::new();
    // An empty conversation needs no lookups.
    let may_be_stored = |draft: &&Draft| draft.chosen && conversation.message_count > 0;
    for draft in request.drafts.iter().filter(may_be_stored) {
        let found = find_message(tx, conversation.no, &draft.id).await?;
        stored.extend(found.map(|message| (draft.id.clone(), message)));
    }
    if let Some(refused) = validate_drafts(tx, request, &conversation, &stored).await? {
        return Ok(refused);
    }
    let bytes_before = conversation.bytes;
    let mut appended = Vec::with_capacity(request.drafts.len());
    for draft in request.drafts {
        appended.push(match stored.remove(&draft.id) {
            Some(message) => update(tx, &mut conversation, draft, message, request.writer).await?,
            None => insert(tx, &mut conversation, draft, request.writer).await?,
        });
    }
    let growth = conversation.bytes - bytes_before;
    if !add_bytes(tx, request.user_id, growth, request.writer.most_bytes).await? {
        return Ok(AppendOutcome::StorageFull);
    }
    if appended.iter().any(|appended| appended.changed) {
        conversation.updated_at = request.writer.now;
        save_conversation(tx, &conversation).await?;
    }
    if let Some(idempotency) = request.idempotency {
        let ids: Vec<&str> = request.drafts.iter().map(|draft| draft.id.as_str()).collect();
        save_idempotency_key(tx, request.user_id, idempotency, &ids.join(" ")).await?;
    }
    Ok(AppendOutcome::Done(appended))
}

/// The outcome of a request that was sent before; `None` for a new one.
async fn replay_idempotent(
    tx: &mut Transaction,
    request: &AppendRequest<'_>,
    conversation_no: i64,
) -> Result<Option<AppendOutcome>, sqlx::Error> {
    let Some(idempotency) = request.idempotency else { return Ok(None) };
    let now = request.writer.now;
    let Some((kept, ids)) = find_idempotency_key(tx, request.user_id, &idempotency.id, now).await? else {
        return Ok(None);
    };
    if kept != idempotency.request {
        return Ok(Some(AppendOutcome::KeyReused));
    }
    let mut messages = Vec::new();
    for id in ids.split(' ') {
        let Some(message) = find_message(tx, conversation_no, id).await? else {
            // It was sent to a deleted conversation that had the same id.
            return Ok(None);
        };
        messages.push(message);
    }
    Ok(Some(AppendOutcome::Repeated(messages)))
}

/// Why the drafts cannot be stored, given those that are `stored` already.
async fn validate_drafts(
    tx: &mut Transaction,
    request: &AppendRequest<'_>,
    conversation: &StoredConversation,
    stored: &HashMap<String, StoredMessage>,
) -> Result<Option<AppendOutcome>, sqlx::Error> {
    let mut fresh = 0;
    let mut earlier = HashSet::new();
    for (at, draft) in request.drafts.iter().enumerate() {
        if at > 0 {
            earlier.extend(request.drafts.get(at - 1).map(|before| before.id.as_str()));
        }
        if let Some(message) = stored.get(&draft.id) {
            let follows_another = draft.parent.as_ref().is_some_and(|parent| *parent != message.parent_id);
            if message.role != draft.role || follows_another {
                return Ok(Some(AppendOutcome::Different(at)));
            }
            continue;
        }
        fresh += 1;
        if let Some(Some(parent)) = &draft.parent
            && !earlier.contains(parent.as_str())
            && !has_message(tx, conversation.no, parent).await?
        {
            return Ok(Some(AppendOutcome::NoParent(at)));
        }
    }
    let is_full = fresh > 0 && conversation.message_count.saturating_add(fresh) > request.most();
    Ok(is_full.then_some(AppendOutcome::Full))
}

async fn insert(
    tx: &mut Transaction,
    conversation: &mut StoredConversation,
    draft: &Draft,
    writer: Writer<'_>,
) -> Result<AppendedMessage, sqlx::Error> {
    let at = draft.created_at.unwrap_or(writer.now);
    let parent_id = draft.parent.clone().unwrap_or_else(|| conversation.head_id.clone());
    conversation.message_count += 1;
    conversation.revision += 1;
    let position = InsertPosition {
        conversation_no: conversation.no,
        seq: conversation.message_count,
        revision: conversation.revision,
        parent_id: parent_id.as_deref(),
        begun_by: writer.token_id,
        at,
    };
    insert_message(tx, draft, &position).await?;
    conversation.bytes += size(&draft.content);
    conversation.head_id = Some(draft.id.clone());
    conversation.last_message_at = conversation.last_message_at.max(Some(at.millis()));
    conversation.active_at = conversation.last_message_at.map_or(at, Timestamp::from_millis);
    if conversation.opening.is_none() {
        conversation.opening.clone_from(&draft.opening);
    }
    let message = StoredMessage {
        no: number(conversation.no, conversation.message_count),
        id: draft.id.clone(),
        parent_id,
        role: draft.role.clone(),
        content: draft.content.clone(),
        feedback: None,
        revision: conversation.revision,
        created_at: at,
        updated_at: at,
    };
    Ok(AppendedMessage { message, changed: true, is_new: true })
}

fn size(content: &Content) -> i64 {
    i64::try_from(content.bytes()).unwrap_or(i64::MAX)
}

/// Stores the content of a draft in the message of the same id. An equal one is left alone, so that no event is sent.
async fn update(
    tx: &mut Transaction,
    conversation: &mut StoredConversation,
    draft: &Draft,
    mut message: StoredMessage,
    writer: Writer<'_>,
) -> Result<AppendedMessage, sqlx::Error> {
    if message.content == draft.content {
        return Ok(AppendedMessage { message, changed: false, is_new: false });
    }
    conversation.revision += 1;
    let (no, revision, now) = (message.no, conversation.revision, writer.now);
    update_content(tx, no, &draft.content, revision, now).await?;
    if message.content.parts != draft.content.parts {
        replace_terms(tx, no, &draft.terms).await?;
    }
    conversation.bytes += size(&draft.content) - size(&message.content);
    message.content = draft.content.clone();
    (message.revision, message.updated_at) = (revision, now);
    Ok(AppendedMessage { message, changed: true, is_new: false })
}

impl Database {
    /// Appends messages to a conversation, all or none, each after all that are stored.
    pub async fn append_messages(&self, request: &AppendRequest<'_>) -> Result<AppendOutcome, StorageError> {
        let mut tx = self.begin().await?;
        let outcome = append(&mut tx, request).await?;
        if matches!(outcome, AppendOutcome::Done(_)) {
            tx.commit().await?;
        }
        Ok(outcome)
    }
}
