//! Changing, hiding and removing what is there.

use contract::Timestamp;

use super::{
    Content, StoredConversation, StoredMessage, Terms, Writer, list::COUNT, tx::ConversationConnection,
};
use crate::{
    Database, StorageError,
    database::{in_transaction, on_pool},
    locks::lock_user,
};

/// What is to change about a conversation; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ConversationUpdate {
    /// What it is called.
    pub title: Option<Option<String>>,
    /// `active` or `archived`.
    pub status: Option<String>,
    /// The last message of the branch that is to be shown.
    pub head_id: Option<String>,
    /// An object.
    pub metadata: Option<String>,
}

/// What is to change about a message.
#[derive(Debug, Clone)]
pub enum MessageUpdate {
    /// Its content.
    Content(ContentUpdate),
    /// What the reader thinks of it: an object.
    Feedback(Option<String>),
}

/// What is to change about the content of a message; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ContentUpdate {
    /// How many bytes of JSON the message may have after it, unless it had more; any number without.
    pub most_bytes: Option<usize>,
    /// What is said, and what it can be found by.
    pub parts: Option<(String, Terms)>,
    /// How far the message has come.
    pub status: Option<String>,
    /// What has generated it.
    pub model: Option<String>,
    /// An object.
    pub usage: Option<String>,
    /// The name of the format of `raw`.
    pub format: Option<String>,
    /// Anything.
    pub raw: Option<String>,
    /// An object.
    pub metadata: Option<String>,
}

impl ContentUpdate {
    fn apply(&self, before: &Content) -> Content {
        let given = |new: &Option<String>, old: &Option<String>| new.as_ref().or(old.as_ref()).cloned();
        Content {
            parts: self.parts.as_ref().map_or(&before.parts, |(parts, _)| parts).clone(),
            status: self.status.as_ref().unwrap_or(&before.status).clone(),
            model: given(&self.model, &before.model),
            usage: given(&self.usage, &before.usage),
            format: given(&self.format, &before.format),
            raw: given(&self.raw, &before.raw),
            metadata: given(&self.metadata, &before.metadata),
        }
    }
}

/// What came of changing something.
#[derive(Debug)]
pub enum UpdateOutcome<T> {
    /// It is stored.
    Done(T),
    /// The reader has no such conversation.
    NoConversation,
    /// The conversation has no such message.
    NoMessage,
    /// The message would have more bytes than it may.
    TooLarge,
    /// The token that the writer came with has expired, and this message is not one that it has begun and not finished.
    NotBegunByToken,
}

/// What came of showing a conversation again.
#[derive(Debug, PartialEq, Eq)]
pub enum ShowOutcome {
    /// It is shown; its number and revision.
    Shown(i64, i64),
    /// The reader has no such conversation that could be shown again.
    NoConversation,
    /// The reader has as many as one may have.
    TooMany,
}

const UPDATE: &str =
    "update bookplate_conversations set title = $2, status = $3, head_id = $4, metadata = $5,
    revision = $6, updated_at = $7 where no = $1";
const FEEDBACK: &str = "update bookplate_messages set feedback = $2, revision = $3 where no = $1";
const BEGUN_BY: &str = "select begun_by from bookplate_messages where no = $1";
const HIDE: &str = "update bookplate_conversations set deleted_at = $3, revision = revision + 1
    where user_id = $1 and id = $2 and deleted_at is null returning no, revision";
const SHOW: &str = "update bookplate_conversations set deleted_at = null, revision = revision + 1
    where user_id = $1 and id = $2 and deleted_at > $3 returning no, revision";

pub(super) const STATEMENTS: &[&str] = &[UPDATE, FEEDBACK, BEGUN_BY, HIDE, SHOW];

impl Database {
    /// Changes a conversation. A head that it does not have is no message of it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn update_conversation(
        &self,
        user_id: &str,
        id: &str,
        update: &ConversationUpdate,
        now: Timestamp,
    ) -> Result<UpdateOutcome<StoredConversation>, StorageError> {
        Ok(in_transaction!(self, |connection| {
            let Some(mut stored) = connection.lock_conversation(user_id, id).await? else {
                return Ok(UpdateOutcome::NoConversation);
            };
            if let Some(head_id) = &update.head_id {
                if !connection.has_message(stored.no, head_id).await? {
                    return Ok(UpdateOutcome::NoMessage);
                }
                stored.head_id = Some(head_id.clone());
            }
            let ConversationUpdate { title, status, metadata, .. } = update.clone();
            stored.title = title.unwrap_or(stored.title);
            stored.status = status.unwrap_or(stored.status);
            stored.metadata = metadata.unwrap_or(stored.metadata);
            stored.revision += 1;
            stored.updated_at = now;
            sqlx::query(UPDATE)
                .bind(stored.no)
                .bind(&stored.title)
                .bind(&stored.status)
                .bind(&stored.head_id)
                .bind(&stored.metadata)
                .bind(stored.revision)
                .bind(now.millis())
                .execute(&mut *connection)
                .await?;
            UpdateOutcome::Done(stored)
        }))
    }

    /// Changes a message. With `only_begun`, one that the writer's own token has begun and that is not finished.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn update_message(
        &self,
        user_id: &str,
        conversation_id: &str,
        id: &str,
        update: &MessageUpdate,
        writer: Writer<'_>,
        only_begun: bool,
    ) -> Result<UpdateOutcome<(StoredConversation, StoredMessage)>, StorageError> {
        Ok(in_transaction!(self, |connection| {
            let Some(mut conversation) = connection.lock_conversation(user_id, conversation_id).await? else {
                return Ok(UpdateOutcome::NoConversation);
            };
            let Some(mut message) = connection.message(conversation.no, id).await? else {
                return Ok(UpdateOutcome::NoMessage);
            };
            if only_begun {
                let (begun_by,): (Option<String>,) =
                    sqlx::query_as(BEGUN_BY).bind(message.no).fetch_one(&mut *connection).await?;
                let is_own = begun_by.is_some() && begun_by.as_deref() == writer.token_id;
                if !is_own || message.content.status != "in_progress" {
                    return Ok(UpdateOutcome::NotBegunByToken);
                }
            }
            let (revision, now) = (conversation.revision + 1, writer.now);
            match update {
                MessageUpdate::Content(change) => {
                    let content = change.apply(&message.content);
                    let is_too_large = change.most_bytes.is_some_and(|most| content.bytes() > most);
                    if is_too_large && content.bytes() > message.content.bytes() {
                        return Ok(UpdateOutcome::TooLarge);
                    }
                    if content == message.content {
                        return Ok(UpdateOutcome::Done((conversation, message)));
                    }
                    connection.change_message(message.no, &content, revision, now.millis()).await?;
                    if let Some((_, terms)) = &change.parts {
                        connection.replace_terms(message.no, terms).await?;
                    }
                    message.content = content;
                    message.updated_at = now;
                }
                MessageUpdate::Feedback(feedback) => {
                    sqlx::query(FEEDBACK)
                        .bind(message.no)
                        .bind(feedback)
                        .bind(revision)
                        .execute(&mut *connection)
                        .await?;
                    message.feedback.clone_from(feedback);
                }
            }
            (message.revision, conversation.revision) = (revision, revision);
            conversation.updated_at = now;
            connection.save_conversation(&conversation).await?;
            UpdateOutcome::Done((conversation, message))
        }))
    }

    /// Hides a conversation until it is removed or shown again; its number and revision, or `None` when there was none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn soft_delete_conversation(
        &self,
        user_id: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<(i64, i64)>, StorageError> {
        Ok(on_pool!(self, |connection| {
            sqlx::query_as(HIDE).bind(user_id).bind(id).bind(now.millis()).fetch_optional(connection).await?
        }))
    }

    /// Shows a conversation again that was hidden after `since`, unless the reader has `most` without it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn restore_conversation(
        &self,
        user_id: &str,
        id: &str,
        since: Timestamp,
        most: i64,
    ) -> Result<ShowOutcome, StorageError> {
        Ok(in_transaction!(self, |connection| {
            // Two of one reader at once would count the same ones.
            if !lock_user!(connection, user_id) {
                return Ok(ShowOutcome::NoConversation);
            }
            let (count,): (i64,) = sqlx::query_as(COUNT).bind(user_id).fetch_one(&mut *connection).await?;
            let shown: Option<(i64, i64)> = sqlx::query_as(SHOW)
                .bind(user_id)
                .bind(id)
                .bind(since.millis())
                .fetch_optional(&mut *connection)
                .await?;
            match shown {
                // Neither of these two is committed: what is hidden stays so.
                None => return Ok(ShowOutcome::NoConversation),
                Some(_) if count >= most => return Ok(ShowOutcome::TooMany),
                Some((no, revision)) => ShowOutcome::Shown(no, revision),
            }
        }))
    }
}
