//! Creating conversations.

use contract::Timestamp;

use super::{
    ConversationScope, Idempotency, Owner, StoredConversation,
    conversation::find_conversation,
    idempotency::{find_idempotency_key, save_idempotency_key},
    stored_bytes::{add_bytes, metadata_length},
};
use crate::{Database, StorageError, connection::Transaction, locks::lock_user};

/// The outcome of creating a conversation.
#[derive(Debug)]
pub enum CreateOutcome {
    /// It was created.
    Created(StoredConversation),
    /// The user has one of this id, which is unchanged; or the request was carried out before.
    Found(StoredConversation),
    /// The user has one of this id outside the scope of the request. It may be soft-deleted.
    IdTaken,
    /// The key belongs to another request.
    KeyReused,
    /// The user has as many as one may have.
    TooMany,
    /// The user's conversations would take up more bytes than they may.
    StorageFull,
    /// The user does not exist any more.
    NoReader,
}

/// A request to create a conversation.
#[derive(Debug, Clone, Copy)]
pub struct CreateRequest<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The conversations that the request may find or replace.
    pub scope: ConversationScope<'a>,
    /// The OAuth client that it belongs to, if any.
    pub client_id: Option<&'a str>,
    /// The conversation's id.
    pub id: &'a str,
    /// Its title.
    pub title: Option<&'a str>,
    /// A JSON object.
    pub metadata: &'a str,
    /// The time.
    pub now: Timestamp,
    /// How many conversations the user may have.
    pub most: i64,
    /// How many bytes of JSON they may take up.
    pub most_bytes: i64,
    /// Set when the request may be sent again.
    pub idempotency: Option<&'a Idempotency>,
}

impl<'a> CreateRequest<'a> {
    const fn owner(&self) -> Owner<'a> {
        Owner { user_id: self.user_id, scope: self.scope }
    }
}

/// Selects from the users, so that a user who is deleted meanwhile is no error.
const INSERT: &str = "insert into bookplate_conversations
    (user_id, id, title, status, metadata, message_count, revision, created_at, updated_at, active_at, bytes,
    client_id)
    select u.id, $2, $3, 'active', $4, 0, 0, $5, $5, $5, $6, $7 from bookplate_users u where u.id = $1";
/// A soft-deleted conversation gives way to a new one of the same id.
const PURGE_SAME_ID: &str = "delete from bookplate_conversations
    where user_id = $1 and id = $2 and deleted_at is not null and (client_id = $3 or $3 is null) returning bytes";
const IS_TAKEN: &str = "select no from bookplate_conversations where user_id = $1 and id = $2";
const COUNT: &str = "select count(*) from bookplate_conversations where user_id = $1 and deleted_at is null";

pub(super) const STATEMENTS: &[&str] = &[INSERT, PURGE_SAME_ID, IS_TAKEN, COUNT];

/// How many conversations of a user are not deleted.
pub(super) async fn count_conversations(tx: &mut Transaction, user_id: &str) -> Result<i64, sqlx::Error> {
    let (count,): (i64,) = tx.query(COUNT).bind(user_id).fetch_one().await?;
    Ok(count)
}

/// Creates a conversation without messages, unless the user has one of this id, or too many. The transaction is to be
/// rolled back unless the outcome is [`CreateOutcome::Created`] or [`CreateOutcome::Found`].
pub(super) async fn create(
    tx: &mut Transaction,
    request: &CreateRequest<'_>,
) -> Result<CreateOutcome, sqlx::Error> {
    // Chatbots create the conversation again with each question: that must not wait for the user's row.
    if let Some(outcome) = existing(tx, request).await? {
        return Ok(outcome);
    }
    if !lock_user(tx, request.user_id).await? {
        return Ok(CreateOutcome::NoReader);
    }
    // Another transaction may have created it while this one waited for the lock. From here on, none can.
    if let Some(outcome) = existing(tx, request).await? {
        return Ok(outcome);
    }
    if count_conversations(tx, request.user_id).await? >= request.most {
        return Ok(CreateOutcome::TooMany);
    }
    insert(tx, request).await
}

/// The outcome when there is nothing to create: the request was carried out before, or the user has one of this id.
async fn existing(
    tx: &mut Transaction,
    request: &CreateRequest<'_>,
) -> Result<Option<CreateOutcome>, sqlx::Error> {
    let &CreateRequest { user_id, id, now, idempotency, .. } = request;
    if let Some(idempotency) = idempotency
        && let Some((kept, created)) = find_idempotency_key(tx, user_id, &idempotency.id, now).await?
    {
        if kept != idempotency.request {
            return Ok(Some(CreateOutcome::KeyReused));
        }
        // One that was deleted since is created anew.
        if let Some(found) = find_conversation(tx, request.owner(), &created).await? {
            return Ok(Some(CreateOutcome::Found(found)));
        }
    }
    let Some(found) = find_conversation(tx, request.owner(), id).await? else { return Ok(None) };
    keep_key(tx, request).await?;
    Ok(Some(CreateOutcome::Found(found)))
}

async fn insert(tx: &mut Transaction, request: &CreateRequest<'_>) -> Result<CreateOutcome, sqlx::Error> {
    let &CreateRequest { user_id, id, title, metadata, now, most_bytes, .. } = request;
    let only_of = request.scope.client_id();
    let freed: Option<(i64,)> =
        tx.query(PURGE_SAME_ID).bind(user_id).bind(id).bind(only_of).fetch_optional().await?;
    if only_of.is_some() {
        let other: Option<(i64,)> = tx.query(IS_TAKEN).bind(user_id).bind(id).fetch_optional().await?;
        if other.is_some() {
            return Ok(CreateOutcome::IdTaken);
        }
    }
    let bytes = metadata_length(metadata);
    if !add_bytes(tx, user_id, bytes - freed.map_or(0, |(freed,)| freed), most_bytes).await? {
        return Ok(CreateOutcome::StorageFull);
    }
    tx.query(INSERT)
        .bind(user_id)
        .bind(id)
        .bind(title)
        .bind(metadata)
        .bind(now.millis())
        .bind(bytes)
        .bind(request.client_id)
        .execute()
        .await?;
    keep_key(tx, request).await?;
    let created = find_conversation(tx, Owner::all(user_id), id).await?;
    created.map(CreateOutcome::Created).ok_or(sqlx::Error::RowNotFound)
}

async fn keep_key(tx: &mut Transaction, request: &CreateRequest<'_>) -> Result<(), sqlx::Error> {
    match request.idempotency {
        Some(idempotency) => save_idempotency_key(tx, request.user_id, idempotency, request.id).await,
        None => Ok(()),
    }
}

impl Database {
    /// Creates a conversation without messages, unless the user has one of this id, or too many.
    pub async fn create_conversation(
        &self,
        request: &CreateRequest<'_>,
    ) -> Result<CreateOutcome, StorageError> {
        let mut tx = self.begin().await?;
        let outcome = create(&mut tx, request).await?;
        if matches!(outcome, CreateOutcome::Created(_) | CreateOutcome::Found(_)) {
            tx.commit().await?;
        }
        Ok(outcome)
    }
}
