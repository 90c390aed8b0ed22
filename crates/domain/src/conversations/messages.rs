//! The messages of a conversation: added, read, changed and judged.

use contract::{
    Problems,
    conversations::{Appended, Message, MessageChange, NewFeedback, NewMessage, Order, Page, RawJson},
};
use sha2::{Digest, Sha256};
use storage::conversations::{
    AppendOutcome, AppendRequest, Idempotency, MessageUpdate, StoredMessage, UpdateOutcome, Writer,
};

use super::{
    ConversationError, Conversations, Outcome, PageRequest, Principal, check_message, is_valid_id, paginate,
    to_wire::message, validate_conversation_id,
};
use crate::devices::hex;

/// Bytes of messages on a page; one that is larger has a page of its own.
const PAGE_BYTES: usize = 4 << 20;
/// Seconds for which a request is known again.
const REMEMBERED: i64 = 86_400;

/// A client's key for a request that it may send again.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyKey<'a> {
    /// The value of the header.
    pub key: &'a str,
    /// The bytes of the body: another body under the same key is refused.
    pub body: &'a [u8],
}

impl Conversations {
    /// Appends messages, all or none, each at the next place of the conversation; whether any of them is new. `key` makes
    /// the request safe to send again.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn append(
        &self,
        by: Principal<'_>,
        id: &str,
        messages: Vec<NewMessage>,
        key: Option<IdempotencyKey<'_>>,
    ) -> Outcome<(Appended, bool)> {
        if by.expired {
            return Err(ConversationError::Expired);
        }
        validate_conversation_id(id)?;
        let idempotency = key.map(|key| self.idempotency(by.user_id, id, key));
        let drafts = self.drafts(by.user_id, messages)?;
        let appending = AppendRequest {
            user_id: by.user_id,
            conversation_id: id,
            writer: Writer { token_id: by.token_id, now: self.ports.clock.now() },
            drafts: &drafts,
            most: i64::from(self.limits.messages),
            idempotency: idempotency.as_ref(),
        };
        let place = |at: usize| if drafts.len() == 1 { String::new() } else { format!("messages[{at}].") };
        match self.appender.append(&appending).await? {
            AppendOutcome::Done(written) => {
                let is_new = written.iter().any(|written| written.is_new);
                let messages = written.into_iter().map(|written| message(id, written.message)).collect();
                Ok((Appended { messages }, is_new))
            }
            AppendOutcome::Repeated(stored) => {
                let messages = stored.into_iter().map(|stored| message(id, stored)).collect();
                Ok((Appended { messages }, false))
            }
            AppendOutcome::KeyReused => Err(ConversationError::KeyReused),
            AppendOutcome::NoConversation => Err(ConversationError::NoConversation),
            AppendOutcome::NoParent(at) => Err(ConversationError::unknown(&format!("{}parentId", place(at)))),
            AppendOutcome::Different(at) => Err(ConversationError::Different(format!("{}id", place(at)))),
            AppendOutcome::Full => Err(ConversationError::Full),
        }
    }

    /// The messages of a conversation in their order.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn messages(
        &self,
        user_id: &str,
        id: &str,
        order: Order,
        asked: PageRequest<'_>,
    ) -> Outcome<Page<Message>> {
        let list = format!("messages:{}:{id}", order.name());
        let cursor = self.cursors.read(user_id, &list, asked.cursor)?;
        validate_conversation_id(id)?;
        let newest_first = order == Order::Desc;
        let between = match cursor {
            Some((seq, _)) if newest_first => (0, seq),
            Some((seq, _)) => (seq, i64::MAX),
            None => (0, i64::MAX),
        };
        let rows = asked.rows();
        let most = (rows + 1, PAGE_BYTES);
        let mut found = self.database.read_messages_of(user_id, id, between, newest_first, most).await?;
        if found.is_empty() {
            // No message, or no conversation?
            self.stored(user_id, id).await?;
        }
        let rows = rows.min(count_within_bytes(&found));
        let next_cursor =
            paginate(&mut found, rows, |last| self.cursors.write(user_id, &list, (last.seq(), 0)));
        Ok(Page { items: found.into_iter().map(|stored| message(id, stored)).collect(), next_cursor })
    }

    /// One message.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn message(&self, user_id: &str, id: &str, message_id: &str) -> Outcome<Message> {
        let stored = self.stored(user_id, id).await?;
        check_message(message_id)?;
        let found = self.database.find_message(stored.no, message_id).await?;
        found.map(|stored| message(id, stored)).ok_or(ConversationError::NoMessage)
    }

    /// Changes a message; finishes an answer that was stored while it was being written. A token that has expired may
    /// finish what it has begun.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn update_message(
        &self,
        by: Principal<'_>,
        id: &str,
        message_id: &str,
        change: MessageChange,
    ) -> Outcome<Message> {
        let update = MessageUpdate::Content(self.content_update(by.user_id, change)?);
        self.change(by, id, message_id, &update).await
    }

    /// Keeps what the reader thinks of a message, in place of what they thought before.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn set_feedback(
        &self,
        user_id: &str,
        id: &str,
        message_id: &str,
        feedback: NewFeedback,
    ) -> Outcome<Message> {
        let feedback = RawJson::of(&feedback.at(self.ports.clock.now())?);
        let update = MessageUpdate::Feedback(Some(feedback.as_str().to_owned()));
        self.change(Principal { user_id, token_id: None, expired: false }, id, message_id, &update).await
    }

    /// Forgets what the reader thinks of a message.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn clear_feedback(&self, user_id: &str, id: &str, message_id: &str) -> Outcome<Message> {
        let by = Principal { user_id, token_id: None, expired: false };
        self.change(by, id, message_id, &MessageUpdate::Feedback(None)).await
    }

    async fn change(
        &self,
        by: Principal<'_>,
        id: &str,
        message_id: &str,
        update: &MessageUpdate,
    ) -> Outcome<Message> {
        if !is_valid_id(message_id) {
            // The conversation's name may be wrong as well, and comes first.
            self.stored(by.user_id, id).await?;
            return Err(ConversationError::NoMessage);
        }
        validate_conversation_id(id)?;
        let writer = Writer { token_id: by.token_id, now: self.ports.clock.now() };
        let changed = self.database.update_message(by.user_id, id, message_id, update, writer, by.expired);
        match changed.await? {
            UpdateOutcome::Done((conversation, stored)) => {
                self.hub.publish(conversation.no, conversation.revision);
                Ok(message(id, stored))
            }
            UpdateOutcome::NoConversation => Err(ConversationError::NoConversation),
            UpdateOutcome::NoMessage => Err(ConversationError::NoMessage),
            UpdateOutcome::TooLarge => Err(Problems::from(self.message_limits().too_large()).into()),
            UpdateOutcome::NotBegunByToken => Err(ConversationError::Expired),
        }
    }

    /// Hashes a key, bound to its user and conversation, and the request that came with it.
    fn idempotency(&self, user_id: &str, id: &str, key: IdempotencyKey<'_>) -> Idempotency {
        let hash = |text: String| hex(self.secret.derive(&text).as_slice());
        Idempotency {
            id: hash(format!("idempotency:{user_id}\n{id}\n{}", key.key)),
            request: hash(format!("request:{}", hex(&Sha256::digest(key.body)))),
            expires_at: self.ports.clock.now().plus_seconds(REMEMBERED),
        }
    }
}

/// How many of these messages, one at least, go on a page.
fn count_within_bytes(found: &[StoredMessage]) -> i64 {
    let mut bytes = 0;
    let fit = found.iter().take_while(|message| {
        bytes += message.content.bytes();
        bytes <= PAGE_BYTES
    });
    i64::try_from(fit.count().max(1)).unwrap_or(i64::MAX)
}
