//! Creating conversations.

use contract::Timestamp;

use super::{StoredConversation, conversation::find_conversation};
use crate::{Database, StorageError, connection::Transaction, locks::lock_user};

/// The outcome of creating a conversation.
#[derive(Debug)]
pub enum CreateOutcome {
    /// It was created.
    Created(StoredConversation),
    /// The user has one of this id, which is unchanged.
    Found(StoredConversation),
    /// The user has as many as one may have.
    TooMany,
    /// The user does not exist any more.
    NoReader,
}

/// A conversation to be created.
pub(super) struct NewConversationRow<'a> {
    pub(super) user_id: &'a str,
    pub(super) id: &'a str,
    pub(super) title: Option<&'a str>,
    /// A JSON object.
    pub(super) metadata: &'a str,
    pub(super) now: Timestamp,
    /// How many conversations the user may have.
    pub(super) most: i64,
}

/// Selects from the users, so that a user who is deleted meanwhile is no error.
const INSERT: &str = "insert into bookplate_conversations
    (user_id, id, title, status, metadata, message_count, revision, created_at, updated_at, active_at)
    select u.id, $2, $3, 'active', $4, 0, 0, $5, $5, $5 from bookplate_users u where u.id = $1";
/// A soft-deleted conversation gives way to a new one of the same id.
const PURGE_SAME_ID: &str = "delete from bookplate_conversations
    where user_id = $1 and id = $2 and deleted_at is not null";
const COUNT: &str = "select count(*) from bookplate_conversations where user_id = $1 and deleted_at is null";

pub(super) const STATEMENTS: &[&str] = &[INSERT, PURGE_SAME_ID, COUNT];

/// How many conversations of a user are not deleted.
pub(super) async fn count_conversations(tx: &mut Transaction, user_id: &str) -> Result<i64, sqlx::Error> {
    let (count,): (i64,) = tx.query(COUNT).bind(user_id).fetch_one().await?;
    Ok(count)
}

/// Creates a conversation without messages, unless the user has one of this id, or too many.
pub(super) async fn create(
    tx: &mut Transaction,
    new: &NewConversationRow<'_>,
) -> Result<CreateOutcome, sqlx::Error> {
    let &NewConversationRow { user_id, id, title, metadata, now, most } = new;
    // Chatbots create the conversation again with each question: that must not wait for the user's row.
    if let Some(found) = find_conversation(tx, user_id, id).await? {
        return Ok(CreateOutcome::Found(found));
    }
    if !lock_user(tx, user_id).await? {
        return Ok(CreateOutcome::NoReader);
    }
    // Another transaction may have created it while this one waited for the lock. From here on, none can.
    if let Some(found) = find_conversation(tx, user_id, id).await? {
        return Ok(CreateOutcome::Found(found));
    }
    if count_conversations(tx, user_id).await? >= most {
        return Ok(CreateOutcome::TooMany);
    }
    tx.query(PURGE_SAME_ID).bind(user_id).bind(id).execute().await?;
    tx.query(INSERT).bind(user_id).bind(id).bind(title).bind(metadata).bind(now.millis()).execute().await?;
    let created = find_conversation(tx, user_id, id).await?;
    created.map(CreateOutcome::Created).ok_or(sqlx::Error::RowNotFound)
}

impl Database {
    /// Creates a conversation without messages, unless the user has one of this id, or `most` in all.
    pub async fn create_conversation(
        &self,
        user_id: &str,
        id: &str,
        title: Option<&str>,
        metadata: &str,
        now: Timestamp,
        most: i64,
    ) -> Result<CreateOutcome, StorageError> {
        let new = NewConversationRow { user_id, id, title, metadata, now, most };
        let mut tx = self.begin().await?;
        let outcome = create(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}
