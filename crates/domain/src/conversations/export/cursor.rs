//! Reading everything, a page at a time.

use std::collections::VecDeque;

use contract::{
    Timestamp,
    conversations::{Conversation, Message},
};
use storage::{
    Database,
    conversations::{ConversationWithDeletedAt, StoredConversation, StoredMessage},
};

use super::super::{ConversationError, to_wire};

/// Conversations that are read at once.
const CONVERSATIONS: i64 = 20;
/// Messages that are read at once: at most some 25 MB.
const MESSAGES: i64 = 50;

/// A reader's conversations, or one of them, on their way out.
#[derive(Debug)]
pub struct ExportCursor {
    database: Database,
    user_id: String,
    /// Whether conversations that were deleted are read too.
    hidden: bool,
    /// Whether it is one conversation that was asked for. Among all of them, one that goes meanwhile is no reason to leave
    /// the reader without the others.
    single: bool,
    /// The number of the last conversation that is waiting or was read.
    last: i64,
    /// Whether there may be more than what is waiting.
    more: bool,
    waiting: VecDeque<ConversationWithDeletedAt>,
    current: Option<Current>,
}

/// The conversation that is being read.
#[derive(Debug)]
struct Current {
    no: i64,
    id: String,
    /// Its messages when it was begun. Those that come later are left out.
    count: i64,
    /// The place of the last message that was read.
    seq: i64,
    page: VecDeque<StoredMessage>,
}

/// What is read, in this order: a conversation, its messages, its end.
#[derive(Debug)]
pub enum ExportItem {
    /// A conversation begins.
    Begin(Box<ExportedConversation>),
    /// A message of it.
    Message(Box<Message>),
    /// It is over.
    End,
}

/// A conversation that is taken away.
#[derive(Debug)]
pub struct ExportedConversation {
    /// The conversation.
    pub conversation: Conversation,
    /// When its reader deleted it; it is not gone yet.
    pub deleted_at: Option<Timestamp>,
}

impl ExportCursor {
    /// This conversation alone.
    pub(super) fn one(database: Database, user_id: &str, conversation: StoredConversation) -> Self {
        let mut reading = Self::all(database, user_id, false);
        (reading.single, reading.more) = (true, false);
        reading.waiting.push_back(ConversationWithDeletedAt { conversation, deleted_at: None });
        reading
    }

    /// All of a reader's, the oldest first.
    pub(super) fn all(database: Database, user_id: &str, hidden: bool) -> Self {
        Self {
            database,
            user_id: user_id.to_owned(),
            hidden,
            single: false,
            last: 0,
            more: true,
            waiting: VecDeque::new(),
            current: None,
        }
    }

    /// That the reader was not erased: then there would be nothing to read, and that is not all there was.
    ///
    /// # Errors
    /// [`ConversationError::NoReader`].
    pub(super) async fn user_exists(&self) -> Result<(), ConversationError> {
        let found = self.database.find_user(&self.user_id).await?;
        found.map(drop).ok_or(ConversationError::NoReader)
    }

    /// What comes next; `None` when that was all. Of all conversations, one that was deleted before it was begun is left
    /// out, and one that is deleted meanwhile ends with what was read of it.
    ///
    /// # Errors
    /// [`ConversationError`] when the one conversation was deleted while it was read, or the reader was erased.
    pub async fn next(&mut self) -> Result<Option<ExportItem>, ConversationError> {
        if let Some(current) = self.current.take() {
            return self.continue_conversation(current).await.map(Some);
        }
        loop {
            self.take().await?;
            let Some(taken) = self.waiting.pop_front() else { return Ok(None) };
            match self.begin(taken).await? {
                Some(piece) => return Ok(Some(piece)),
                None if self.single => return Err(ConversationError::NoConversation),
                None => {}
            }
        }
    }

    /// Looks once more whether it is there: it was read with others, and some of them may be long.
    async fn begin(
        &mut self,
        taken: ConversationWithDeletedAt,
    ) -> Result<Option<ExportItem>, ConversationError> {
        let ConversationWithDeletedAt { conversation, deleted_at } = taken;
        let (no, id) = (conversation.no, conversation.id.clone());
        let conversation = if self.hidden { Some(conversation) } else { self.shown(no, &id).await? };
        let Some(conversation) = conversation else { return Ok(None) };
        let count = conversation.message_count;
        let page = self.page(no, 0, count).await?;
        if page.is_empty() && count > 0 {
            return Ok(None);
        }
        self.current = Some(Current { no, id, count, seq: 0, page });
        let conversation = to_wire::conversation(conversation);
        let taken = ExportedConversation { conversation, deleted_at: deleted_at.map(Timestamp::from_millis) };
        Ok(Some(ExportItem::Begin(Box::new(taken))))
    }

    async fn continue_conversation(&mut self, mut current: Current) -> Result<ExportItem, ConversationError> {
        if current.seq == current.count {
            return Ok(ExportItem::End);
        }
        let Current { no, seq, count, .. } = current;
        if current.page.is_empty() && (self.hidden || self.shown(no, &current.id).await?.is_some()) {
            current.page = self.page(no, seq, count).await?;
        }
        match current.page.pop_front() {
            Some(stored) => {
                current.seq = stored.seq();
                let message = to_wire::message(&current.id, stored);
                self.current = Some(current);
                Ok(ExportItem::Message(Box::new(message)))
            }
            None if self.single => Err(ConversationError::NoConversation),
            None => Ok(ExportItem::End),
        }
    }

    /// The conversation of this number, unless it was deleted; another one may have its name by now.
    async fn shown(&self, no: i64, id: &str) -> Result<Option<StoredConversation>, ConversationError> {
        let found = self.database.find_conversation(&self.user_id, id).await?;
        Ok(found.filter(|found| found.no == no))
    }

    /// The messages that follow this place.
    async fn page(
        &self,
        no: i64,
        seq: i64,
        count: i64,
    ) -> Result<VecDeque<StoredMessage>, ConversationError> {
        if seq == count {
            return Ok(VecDeque::new());
        }
        Ok(self.database.read_messages(no, (seq, count + 1), false, MESSAGES).await?.into())
    }

    async fn take(&mut self) -> Result<(), ConversationError> {
        while self.waiting.is_empty() && self.more {
            let taken = self.database.export_conversations(&self.user_id, self.last, CONVERSATIONS).await?;
            match taken.last() {
                Some(last) => self.last = last.conversation.no,
                None => {
                    self.more = false;
                    self.user_exists().await?;
                }
            }
            let hidden = self.hidden;
            self.waiting.extend(taken.into_iter().filter(|taken| hidden || taken.deleted_at.is_none()));
        }
        Ok(())
    }
}
