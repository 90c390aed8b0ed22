//! Changing conversations and messages.

use contract::Timestamp;

use super::{
    Content, Owner, StoredConversation, StoredMessage, Terms, Writer,
    conversation::{lock_conversation, save_conversation},
    message::{find_message, has_message, replace_terms, update_content},
    stored_bytes::{add_bytes, metadata_length},
};
use crate::{Database, StorageError, connection::Transaction};

/// Changes of a conversation; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ConversationUpdate {
    /// The title.
    pub title: Option<Option<String>>,
    /// `active` or `archived`.
    pub status: Option<String>,
    /// The last message of the branch to show.
    pub head_id: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
}

/// A change of a message.
#[derive(Debug, Clone)]
pub enum MessageUpdate {
    /// Of its content.
    Content(ContentUpdate),
    /// Of the user's feedback: a JSON object, or none.
    Feedback(Option<String>),
}

impl MessageUpdate {
    /// Bytes of JSON that it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Content(ContentUpdate { parts, usage, raw, metadata, .. }) => {
                let parts = parts.as_ref().map(|(parts, _)| parts);
                [parts, usage.as_ref(), raw.as_ref(), metadata.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(String::len)
                    .sum()
            }
            Self::Feedback(feedback) => feedback.as_ref().map_or(0, String::len),
        }
    }
}

/// Changes of a message's content; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ContentUpdate {
    /// How many bytes of JSON the message may have after the change, unless it had more before; `None` for any number.
    pub most_bytes: Option<usize>,
    /// The parts, a JSON array, and their search terms.
    pub parts: Option<(String, Terms)>,
    /// The status.
    pub status: Option<String>,
    /// The model that has generated it.
    pub model: Option<String>,
    /// A JSON object.
    pub usage: Option<String>,
    /// The name of the format of `raw`.
    pub format: Option<String>,
    /// Any JSON value.
    pub raw: Option<String>,
    /// A JSON object.
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

/// The outcome of a change.
#[derive(Debug)]
pub enum UpdateOutcome<T> {
    /// It is stored.
    Done(T),
    /// The user has no such conversation.
    NoConversation,
    /// The conversation has no such message.
    NoMessage,
    /// The message would have more bytes than it may.
    TooLarge,
    /// The user's conversations would take up more bytes than they may.
    StorageFull,
    /// The writer's token has expired, and this is not a message that it began and did not finish.
    NotBegunByToken,
}

const UPDATE: &str =
    "update bookplate_conversations set title = $2, status = $3, head_id = $4, metadata = $5,
    revision = $6, updated_at = $7, bytes = $8 where no = $1";
const FEEDBACK: &str = "update bookplate_messages set feedback = $2, revision = $3 where no = $1";
const BEGUN_BY: &str = "select begun_by from bookplate_messages where no = $1";

pub(super) const STATEMENTS: &[&str] = &[UPDATE, FEEDBACK, BEGUN_BY];

impl Database {
    /// Changes a conversation. A head that it does not have is [`UpdateOutcome::NoMessage`]. `most_bytes` is how many bytes of
    /// JSON the user's conversations may take up.
    pub async fn update_conversation(
        &self,
        owner: Owner<'_>,
        id: &str,
        update: &ConversationUpdate,
        now: Timestamp,
        most_bytes: i64,
    ) -> Result<UpdateOutcome<StoredConversation>, StorageError> {
        let mut tx = self.begin().await?;
        let Some(mut stored) = lock_conversation(&mut tx, owner, id).await? else {
            return Ok(UpdateOutcome::NoConversation);
        };
        if let Some(head_id) = &update.head_id {
            if !has_message(&mut tx, stored.no, head_id).await? {
                return Ok(UpdateOutcome::NoMessage);
            }
            stored.head_id = Some(head_id.clone());
        }
        let ConversationUpdate { title, status, metadata, .. } = update.clone();
        stored.title = title.unwrap_or(stored.title);
        stored.status = status.unwrap_or(stored.status);
        if let Some(metadata) = metadata {
            let growth = metadata_length(&metadata) - metadata_length(&stored.metadata);
            if !add_bytes(&mut tx, owner.user_id, growth, most_bytes).await? {
                return Ok(UpdateOutcome::StorageFull);
            }
            stored.bytes += growth;
            stored.metadata = metadata;
        }
        stored.revision += 1;
        stored.updated_at = now;
        tx.query(UPDATE)
            .bind(stored.no)
            .bind(&stored.title)
            .bind(&stored.status)
            .bind(&stored.head_id)
            .bind(&stored.metadata)
            .bind(stored.revision)
            .bind(now.millis())
            .bind(stored.bytes)
            .execute()
            .await?;
        tx.commit().await?;
        Ok(UpdateOutcome::Done(stored))
    }

    /// Changes a message. With `only_begun`, one that the writer's own token has begun and that is not finished.
    pub async fn update_message(
        &self,
        owner: Owner<'_>,
        conversation_id: &str,
        id: &str,
        update: &MessageUpdate,
        writer: Writer<'_>,
        only_begun: bool,
    ) -> Result<UpdateOutcome<(StoredConversation, StoredMessage)>, StorageError> {
        let mut tx = self.begin().await?;
        let Some(mut conversation) = lock_conversation(&mut tx, owner, conversation_id).await? else {
            return Ok(UpdateOutcome::NoConversation);
        };
        let Some(mut message) = find_message(&mut tx, conversation.no, id).await? else {
            return Ok(UpdateOutcome::NoMessage);
        };
        if only_begun && !is_begun_by(&mut tx, &message, writer).await? {
            return Ok(UpdateOutcome::NotBegunByToken);
        }
        let (revision, now, bytes_before) = (conversation.revision + 1, writer.now, message.bytes());
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
                update_content(&mut tx, message.no, &content, revision, now).await?;
                if let Some((_, terms)) = &change.parts {
                    replace_terms(&mut tx, message.no, terms).await?;
                }
                message.content = content;
                message.updated_at = now;
            }
            MessageUpdate::Feedback(feedback) => {
                tx.query(FEEDBACK).bind(message.no).bind(feedback).bind(revision).execute().await?;
                message.feedback.clone_from(feedback);
            }
        }
        let size = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        let growth = size(message.bytes()) - size(bytes_before);
        if !add_bytes(&mut tx, owner.user_id, growth, writer.most_bytes).await? {
            return Ok(UpdateOutcome::StorageFull);
        }
        conversation.bytes += growth;
        (message.revision, conversation.revision) = (revision, revision);
        conversation.updated_at = now;
        save_conversation(&mut tx, &conversation).await?;
        tx.commit().await?;
        Ok(UpdateOutcome::Done((conversation, message)))
    }
}

/// Whether the writer's token has begun this message, and it is not finished.
async fn is_begun_by(
    tx: &mut Transaction,
    message: &StoredMessage,
    writer: Writer<'_>,
) -> Result<bool, sqlx::Error> {
    let (begun_by,): (Option<String>,) = tx.query(BEGUN_BY).bind(message.no).fetch_one().await?;
    let is_own = begun_by.is_some() && begun_by.as_deref() == writer.token_id;
    Ok(is_own && message.content.status == "in_progress")
}
