//! Appending one message each to several conversations at once.
//!
//! Any number of messages needs one round trip (`docs/adr/0016-appending-in-batches.md`).

mod postgres;
mod sqlite;

use std::collections::HashMap;

use serde::Serialize;
use sqlx::FromRow;

use super::{AppendRequest, AppendedMessage, Draft, StoredMessage};
use crate::Database;

pub(super) const SQLITE: &[&str] = sqlite::STATEMENTS;
pub(super) const POSTGRES: &[&str] = postgres::STATEMENTS;

#[derive(Serialize)]
struct ConversationKey<'a> {
    user: &'a str,
    conversation: &'a str,
}

#[derive(Serialize)]
struct MessageRow<'a> {
    #[serde(flatten)]
    key: ConversationKey<'a>,
    client: Option<&'a str>,
    most: i64,
    most_bytes: i64,
    size: i64,
    /// The sizes of this message and of those before it in the batch of the same user.
    upto: i64,
    id: &'a str,
    role: &'a str,
    parts: &'a str,
    status: &'a str,
    model: &'a Option<String>,
    usage: &'a Option<String>,
    format: &'a Option<String>,
    raw: &'a Option<String>,
    metadata: &'a Option<String>,
    begun_by: Option<&'a str>,
    now: i64,
}

#[derive(FromRow)]
struct Inserted {
    no: i64,
    parent_id: Option<String>,
    revision: i64,
    user_id: String,
    conversation_id: String,
}

/// How many bytes a batch stores for each of its users.
#[derive(Default)]
struct BatchBytes<'a>(HashMap<&'a str, i64>);

impl<'a> BatchBytes<'a> {
    /// Counts a message of a user; the sum so far.
    fn add(&mut self, user_id: &'a str, size: i64) -> i64 {
        let sum = self.0.entry(user_id).or_default();
        *sum += size;
        *sum
    }
}

/// The draft of a request that a batch can take: one new message after the head.
pub(super) fn as_simple_append<'a>(request: &AppendRequest<'a>) -> Option<&'a Draft> {
    match request.drafts {
        [draft] => Some(draft).filter(|draft| {
            draft.parent.is_none() && draft.created_at.is_none() && request.idempotency.is_none()
        }),
        _ => None,
    }
}

impl Database {
    /// Carries out simple requests for different conversations. `None` for one that does not fit: its conversation is
    /// missing, full or locked, its user has no room, or the message's id is taken. Nothing was changed for it.
    pub(super) async fn append_batch(
        &self,
        requests: &[AppendRequest<'_>],
    ) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error> {
        let simple: Vec<_> =
            requests.iter().filter_map(|request| Some((request, as_simple_append(request)?))).collect();
        let inserted = match self {
            Self::Sqlite(_) => {
                let mut tx = self.transaction_in_text().await?;
                let inserted = sqlite::insert(&mut tx, &simple).await?;
                tx.committed();
                inserted
            }
            Self::Postgres(_) => postgres::insert(&mut self.connection().await?, &simple).await?,
        };
        let mut by_conversation: HashMap<_, _> = inserted
            .into_iter()
            .map(|row| ((row.user_id.clone(), row.conversation_id.clone()), row))
            .collect();
        let outcome = |request: &AppendRequest<'_>| {
            let key = (request.user_id.to_owned(), request.conversation_id.to_owned());
            Some(appended_message(request, as_simple_append(request)?, by_conversation.remove(&key)?))
        };
        Ok(requests.iter().map(outcome).collect())
    }
}

fn key<'a>(request: &AppendRequest<'a>) -> ConversationKey<'a> {
    ConversationKey { user: request.user_id, conversation: request.conversation_id }
}

fn message<'a>(request: &AppendRequest<'a>, draft: &'a Draft, bytes: &mut BatchBytes<'a>) -> MessageRow<'a> {
    let size = i64::try_from(draft.content.bytes()).unwrap_or(i64::MAX);
    MessageRow {
        key: key(request),
        client: request.scope.client_id(),
        most: request.most(),
        most_bytes: request.writer.most_bytes,
        size,
        upto: bytes.add(request.user_id, size),
        id: &draft.id,
        role: &draft.role,
        parts: &draft.content.parts,
        status: &draft.content.status,
        model: &draft.content.model,
        usage: &draft.content.usage,
        format: &draft.content.format,
        raw: &draft.content.raw,
        metadata: &draft.content.metadata,
        begun_by: request.writer.token_id,
        now: request.writer.now.millis(),
    }
}

fn json(rows: &[impl Serialize]) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn appended_message(request: &AppendRequest<'_>, draft: &Draft, inserted: Inserted) -> AppendedMessage {
    let now = request.writer.now;
    let message = StoredMessage {
        no: inserted.no,
        id: draft.id.clone(),
        parent_id: inserted.parent_id,
        role: draft.role.clone(),
        content: draft.content.clone(),
        feedback: None,
        revision: inserted.revision,
        created_at: now,
        updated_at: now,
    };
    AppendedMessage { message, changed: true, is_new: true }
}
