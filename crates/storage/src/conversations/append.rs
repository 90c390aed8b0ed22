//! Adding messages.

use std::collections::{HashMap, HashSet};

use contract::Timestamp;

use super::{
    Content, SEQ_BITS, StoredConversation, StoredMessage, Terms,
    message::number,
    tx::{ConversationConnection, InsertPosition},
};
use crate::{Database, StorageError};

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The token the writer came with: its `jti`. `None` for one who came with a cookie.
    pub token_id: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// A message that is to be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name in the conversation.
    pub id: String,
    /// Whether the client has chosen the name, so that it may be there already.
    pub chosen: bool,
    /// The message it follows: a name, nothing for the beginning of a branch, or, left out, the message shown last.
    pub parent: Option<Option<String>>,
    /// Who speaks.
    pub role: String,
    /// What is said.
    pub content: Content,
    /// What it can be found by.
    pub terms: Terms,
    /// The beginning of what the reader says; `None` for anybody else.
    pub opening: Option<String>,
    /// When it was said, when that is not now.
    pub created_at: Option<Timestamp>,
}

/// A request that is carried out once, however often it is sent.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The hash of the key.
    pub id: String,
    /// The hash of the request.
    pub request: String,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

/// Messages that are to be added to a conversation, all or none.
#[derive(Debug)]
pub struct AppendRequest<'a> {
    /// Whose conversation.
    pub user_id: &'a str,
    /// Which.
    pub conversation_id: &'a str,
    /// Who writes, and when.
    pub writer: Writer<'a>,
    /// In this order; no two of one name.
    pub drafts: &'a [Draft],
    /// How many messages a conversation may have; fewer than a message's number has room for.
    pub most: i64,
    /// The request, when it may be sent again.
    pub idempotency: Option<&'a Idempotency>,
}

impl AppendRequest<'_> {
    /// How many messages the conversation may have, as far as their numbers have room.
    pub(super) fn most(&self) -> i64 {
        self.most.min((1 << SEQ_BITS) - 2)
    }
}

/// What came of adding messages. Positions count from 0.
#[derive(Debug)]
pub enum AppendOutcome {
    /// They are stored, each as it is now.
    Done(Vec<AppendedMessage>),
    /// The request was carried out before; its messages as they are now.
    Repeated(Vec<StoredMessage>),
    /// The key belongs to another request.
    KeyReused,
    /// The reader has no such conversation.
    NoConversation,
    /// The message at this position follows one that is not there.
    NoParent(usize),
    /// The message at this position is there, but somebody else speaks in it or it follows another.
    Different(usize),
    /// The conversation would have more messages than it may.
    Full,
}

/// A message that was to be stored.
#[derive(Debug)]
pub struct AppendedMessage {
    /// As it is now.
    pub message: StoredMessage,
    /// Whether it is another than before.
    pub changed: bool,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Adds messages inside a transaction. Nothing is written before everything is known to fit: what does not come out as
/// [`AppendOutcome::Done`] has left no trace.
pub(super) async fn append<C: ConversationConnection>(
    connection: &mut C,
    appending: &AppendRequest<'_>,
) -> Result<AppendOutcome, sqlx::Error> {
    let Some(mut conversation) =
        connection.lock_conversation(appending.user_id, appending.conversation_id).await?
    else {
        return Ok(AppendOutcome::NoConversation);
    };
    if let Some(repeated) = replay_idempotent(connection, appending, conversation.no).await? {
        return Ok(repeated);
    }
    let mut there = HashMap::new();
    // In an empty conversation there is nothing to look for.
    let may_be_there = |draft: &&Draft| draft.chosen && conversation.message_count > 0;
    for draft in appending.drafts.iter().filter(may_be_there) {
        let found = connection.message(conversation.no, &draft.id).await?;
        there.extend(found.map(|message| (draft.id.clone(), message)));
    }
    if let Some(refused) = validate_drafts(connection, appending, &conversation, &there).await? {
        return Ok(refused);
    }
    let mut written = Vec::with_capacity(appending.drafts.len());
    for draft in appending.drafts {
        written.push(match there.remove(&draft.id) {
            Some(message) => change(connection, &mut conversation, draft, message, appending.writer).await?,
            None => insert(connection, &mut conversation, draft, appending.writer).await?,
        });
    }
    if written.iter().any(|written| written.changed) {
        conversation.updated_at = appending.writer.now;
        connection.save_conversation(&conversation).await?;
    }
    if let Some(request) = appending.idempotency {
        let ids: Vec<&str> = appending.drafts.iter().map(|draft| draft.id.as_str()).collect();
        connection.save_idempotency_key(appending.user_id, request, &ids.join(" ")).await?;
    }
    Ok(AppendOutcome::Done(written))
}

/// What is to be answered to a request that was sent before.
async fn replay_idempotent<C: ConversationConnection>(
    connection: &mut C,
    appending: &AppendRequest<'_>,
    conversation_no: i64,
) -> Result<Option<AppendOutcome>, sqlx::Error> {
    let Some(request) = appending.idempotency else { return Ok(None) };
    let now = appending.writer.now.millis();
    let Some((kept, ids)) = connection.find_idempotency_key(appending.user_id, &request.id, now).await?
    else {
        return Ok(None);
    };
    if kept != request.request {
        return Ok(Some(AppendOutcome::KeyReused));
    }
    let mut messages = Vec::new();
    for id in ids.split(' ') {
        let Some(message) = connection.message(conversation_no, id).await? else {
            // It was carried out in another conversation, which had this name before.
            return Ok(None);
        };
        messages.push(message);
    }
    Ok(Some(AppendOutcome::Repeated(messages)))
}

/// Why the drafts cannot be stored, given which of them are `there`.
async fn validate_drafts<C: ConversationConnection>(
    connection: &mut C,
    appending: &AppendRequest<'_>,
    conversation: &StoredConversation,
    there: &HashMap<String, StoredMessage>,
) -> Result<Option<AppendOutcome>, sqlx::Error> {
    let mut fresh = 0;
    let mut earlier = HashSet::new();
    for (at, draft) in appending.drafts.iter().enumerate() {
        if at > 0 {
            earlier.extend(appending.drafts.get(at - 1).map(|before| before.id.as_str()));
        }
        if let Some(message) = there.get(&draft.id) {
            let follows_another = draft.parent.as_ref().is_some_and(|parent| *parent != message.parent_id);
            if message.role != draft.role || follows_another {
                return Ok(Some(AppendOutcome::Different(at)));
            }
            continue;
        }
        fresh += 1;
        if let Some(Some(parent)) = &draft.parent
            && !earlier.contains(parent.as_str())
            && !connection.has_message(conversation.no, parent).await?
        {
            return Ok(Some(AppendOutcome::NoParent(at)));
        }
    }
    let is_full = fresh > 0 && conversation.message_count.saturating_add(fresh) > appending.most();
    Ok(is_full.then_some(AppendOutcome::Full))
}

async fn insert<C: ConversationConnection>(
    connection: &mut C,
    conversation: &mut StoredConversation,
    draft: &Draft,
    writer: Writer<'_>,
) -> Result<AppendedMessage, sqlx::Error> {
    let at = draft.created_at.unwrap_or(writer.now);
    let parent_id = draft.parent.clone().unwrap_or_else(|| conversation.head_id.clone());
    conversation.message_count += 1;
    conversation.revision += 1;
    let place = InsertPosition {
        conversation_no: conversation.no,
        seq: conversation.message_count,
        revision: conversation.revision,
        parent_id: parent_id.as_deref(),
        begun_by: writer.token_id,
        at: at.millis(),
    };
    connection.insert_message(draft, &place).await?;
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

/// A message that is there and is the same already is left alone: then nobody is told anything.
async fn change<C: ConversationConnection>(
    connection: &mut C,
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
    connection.change_message(no, &draft.content, revision, now.millis()).await?;
    if message.content.parts != draft.content.parts {
        connection.replace_terms(no, &draft.terms).await?;
    }
    message.content = draft.content.clone();
    (message.revision, message.updated_at) = (revision, now);
    Ok(AppendedMessage { message, changed: true, is_new: false })
}

impl Database {
    /// Adds messages to a conversation, all or none, each after all that are there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn append_messages(
        &self,
        appending: &AppendRequest<'_>,
    ) -> Result<AppendOutcome, StorageError> {
        Ok(crate::database::in_transaction!(self, |connection| {
            let outcome = append(connection, appending).await?;
            if !matches!(outcome, AppendOutcome::Done(_)) {
                // Nothing was written, so there is nothing to commit.
                return Ok(outcome);
            }
            outcome
        }))
    }
}
