//! Messages of a conversation: append, list, read, update, feedback.

use contract::{
    Problems,
    conversations::{Appended, Message, MessageChange, NewFeedback, NewMessage, Order, Page, RawJson},
};
use sha2::{Digest, Sha256};
use storage::conversations::{
    AppendOutcome, AppendRequest, Idempotency, MessageUpdate, StoredMessage, UpdateOutcome, Writer,
};

use super::{
    ConversationError, ConversationScope, Conversations, Outcome, PageRequest, Principal, paginate,
    to_wire::message, validate_conversation_id, validate_message_id,
};

/// The most bytes of messages on a page; a larger message gets a page of its own.
const PAGE_BYTES: usize = 4 << 20;
/// Seconds for which an idempotency key is kept.
const KEY_LIFETIME: i64 = 86_400;

/// A client's key for a request that it may send again.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyKey<'a> {
    /// The value of the header.
    pub key: &'a str,
    /// The bytes of the body: another body under the same key is refused.
    pub body: &'a [u8],
}

impl Conversations {
    /// Appends messages, all or none. `key` is the idempotency key of the request; messages that exist already are
    /// returned unchanged. The flag says whether any message is new.
    #[tracing::instrument(name = "conversations.append", level = "debug", skip_all)]
    pub async fn append(
        &self,
        principal: Principal<'_>,
        id: &str,
        messages: Vec<NewMessage>,
        key: Option<IdempotencyKey<'_>>,
    ) -> Outcome<(Appended, bool)> {
        if principal.expired {
            return Err(ConversationError::TokenExpired);
        }
        validate_conversation_id(id)?;
        let idempotency = key.map(|key| self.idempotency(principal.user_id, id, key));
        let drafts = self.drafts(principal.user_id, messages)?;
        self.count_written(principal.user_id, drafts.iter().map(|draft| draft.content.bytes()).sum())?;
        let request = AppendRequest {
            user_id: principal.user_id,
            scope: principal.scope,
            conversation_id: id,
            writer: self.writer_of(principal),
            drafts: &drafts,
            most: i64::from(self.limits.messages),
            idempotency: idempotency.as_ref(),
        };
        let prefix = |at: usize| if drafts.len() == 1 { String::new() } else { format!("messages[{at}].") };
        match self.writer.append(&request).await? {
            AppendOutcome::Done(appended) => {
                let is_new = appended.iter().any(|appended| appended.is_new);
                let messages = appended.into_iter().map(|appended| message(id, appended.message)).collect();
                Ok((Appended { messages }, is_new))
            }
            AppendOutcome::Repeated(stored) => {
                let messages = stored.into_iter().map(|stored| message(id, stored)).collect();
                Ok((Appended { messages }, false))
            }
            AppendOutcome::KeyReused => Err(ConversationError::IdempotencyKeyReused),
            AppendOutcome::NoConversation => Err(ConversationError::ConversationNotFound),
            AppendOutcome::NoParent(at) => {
                Err(ConversationError::unknown_message(&format!("{}parentId", prefix(at))))
            }
            AppendOutcome::Different(at) => {
                Err(ConversationError::MessageConflict(format!("{}id", prefix(at))))
            }
            AppendOutcome::Full => Err(ConversationError::ConversationFull),
            AppendOutcome::StorageFull => Err(ConversationError::StorageFull),
        }
    }

    /// The messages of a conversation, of all branches, by `seq`.
    #[tracing::instrument(name = "conversations.messages", level = "debug", skip_all)]
    pub async fn messages(
        &self,
        principal: Principal<'_>,
        id: &str,
        order: Order,
        page: PageRequest<'_>,
    ) -> Outcome<Page<Message>> {
        let list = format!("messages:{}:{id}", order.name());
        let cursor = self.cursors.read(principal.user_id, &list, page.cursor)?;
        validate_conversation_id(id)?;
        let newest_first = order == Order::Desc;
        let between = match cursor {
            Some((seq, _)) if newest_first => (0, seq),
            Some((seq, _)) => (seq, i64::MAX),
            None => (0, i64::MAX),
        };
        let rows = page.rows();
        let most = (rows + 1, PAGE_BYTES);
        let mut found =
            self.database.read_messages_of(principal.owner(), id, between, newest_first, most).await?;
        if found.is_empty() {
            // Tells an empty conversation from an unknown one.
            self.stored(principal, id).await?;
        }
        let rows = rows.min(count_within_bytes(&found));
        let next_cursor =
            paginate(&mut found, rows, |last| self.cursors.write(principal.user_id, &list, (last.seq(), 0)));
        Ok(Page { items: found.into_iter().map(|stored| message(id, stored)).collect(), next_cursor })
    }

    /// One message.
    #[tracing::instrument(name = "conversations.message", level = "debug", skip_all)]
    pub async fn message(&self, principal: Principal<'_>, id: &str, message_id: &str) -> Outcome<Message> {
        let stored = self.stored(principal, id).await?;
        validate_message_id(message_id)?;
        let found = self.database.find_message(stored.no, message_id).await?;
        found.map(|stored| message(id, stored)).ok_or(ConversationError::MessageNotFound)
    }

    /// Changes a message, or finishes one that was stored in progress. An expired token may finish what it began.
    #[tracing::instrument(name = "conversations.update_message", level = "debug", skip_all)]
    pub async fn update_message(
        &self,
        principal: Principal<'_>,
        id: &str,
        message_id: &str,
        change: MessageChange,
    ) -> Outcome<Message> {
        let update = MessageUpdate::Content(self.content_update(principal.user_id, change)?);
        self.change(principal, id, message_id, &update).await
    }

    /// Sets the user's feedback on a message, replacing earlier feedback.
    #[tracing::instrument(name = "conversations.set_feedback", level = "debug", skip_all)]
    pub async fn set_feedback(
        &self,
        principal: Principal<'_>,
        id: &str,
        message_id: &str,
        feedback: NewFeedback,
    ) -> Outcome<Message> {
        let feedback = RawJson::of(&feedback.at(self.ports.clock.now())?);
        let update = MessageUpdate::Feedback(Some(feedback.as_str().to_owned()));
        self.change(principal, id, message_id, &update).await
    }

    /// Removes the user's feedback on a message.
    #[tracing::instrument(name = "conversations.clear_feedback", level = "debug", skip_all)]
    pub async fn clear_feedback(
        &self,
        principal: Principal<'_>,
        id: &str,
        message_id: &str,
    ) -> Outcome<Message> {
        self.change(principal, id, message_id, &MessageUpdate::Feedback(None)).await
    }

    async fn change(
        &self,
        principal: Principal<'_>,
        id: &str,
        message_id: &str,
        update: &MessageUpdate,
    ) -> Outcome<Message> {
        validate_conversation_id(id)?;
        if let Err(error) = validate_message_id(message_id) {
            // An unknown conversation is reported before an unknown message.
            self.stored(principal, id).await?;
            return Err(error);
        }
        self.count_written(principal.user_id, update.bytes())?;
        let writer = self.writer_of(principal);
        let changed = self.database.update_message(
            principal.owner(),
            id,
            message_id,
            update,
            writer,
            principal.expired,
        );
        match changed.await? {
            UpdateOutcome::Done((conversation, stored)) => {
                self.publish(conversation.no, conversation.revision);
                Ok(message(id, stored))
            }
            UpdateOutcome::NoConversation => Err(ConversationError::ConversationNotFound),
            UpdateOutcome::NoMessage => Err(ConversationError::MessageNotFound),
            UpdateOutcome::TooLarge => Err(Problems::from(self.message_limits().too_large()).into()),
            UpdateOutcome::StorageFull => Err(ConversationError::StorageFull),
            UpdateOutcome::NotBegunByToken => Err(ConversationError::TokenExpired),
        }
    }

    fn writer_of<'a>(&self, principal: Principal<'a>) -> Writer<'a> {
        Writer {
            token_id: principal.token_id,
            now: self.ports.clock.now(),
            most_bytes: self.limits.most_bytes(),
        }
    }

    /// The same of a request to create a conversation. The keys of a client whose tokens open its own conversations alone are
    /// its own too, or one would tell it of another client's.
    pub(super) fn idempotency_of_creation(
        &self,
        principal: Principal<'_>,
        key: IdempotencyKey<'_>,
    ) -> Idempotency {
        // No conversation has an empty id, or one with a blank in it.
        let place = match principal.scope {
            ConversationScope::All => String::new(),
            ConversationScope::Client(id) => format!("client {id}"),
        };
        self.idempotency(principal.user_id, &place, key)
    }

    /// The idempotency key and the request's body as keyed hashes, bound to the user and the conversation.
    pub(super) fn idempotency(&self, user_id: &str, id: &str, key: IdempotencyKey<'_>) -> Idempotency {
        let hash = |text: String| hex::encode(self.secret.derive(&text));
        Idempotency {
            id: hash(format!("idempotency:{user_id}\n{id}\n{}", key.key)),
            request: hash(format!("request:{}", hex::encode(Sha256::digest(key.body)))),
            expires_at: self.ports.clock.now().plus_seconds(KEY_LIFETIME),
        }
    }
}

/// How many of these messages, at least one, fit on a page.
fn count_within_bytes(found: &[StoredMessage]) -> i64 {
    let mut bytes = 0;
    let fit = found.iter().take_while(|message| {
        bytes += message.content.bytes();
        bytes <= PAGE_BYTES
    });
    i64::try_from(fit.count().max(1)).unwrap_or(i64::MAX)
}
