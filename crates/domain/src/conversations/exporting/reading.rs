//! Reading everything, a page at a time.

use std::collections::VecDeque;

use contract::{
    Timestamp,
    conversations::{Conversation, Message},
};
use storage::{
    Database,
    conversations::{StoredConversation, StoredMessage, TakenConversation},
};

use super::super::{ConversationError, presenting};

/// Conversations that are read at once.
const CONVERSATIONS: i64 = 20;
/// Messages that are read at once: at most some 25 MB.
const MESSAGES: i64 = 50;

/// A reader's conversations, or one of them, on their way out.
#[derive(Debug)]
pub struct Reading {
    database: Database,
    user_id: String,
    /// Whether conversations that were deleted are read too.
    hidden: bool,
    /// The number of the last conversation that is waiting or was read.
    last: i64,
    /// Whether there may be more than what is waiting.
    more: bool,
    waiting: VecDeque<TakenConversation>,
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
pub enum Piece {
    /// A conversation begins.
    Begin(Box<Taken>),
    /// A message of it.
    Message(Box<Message>),
    /// It is over.
    End,
}

/// A conversation that is taken away.
#[derive(Debug)]
pub struct Taken {
    /// The conversation.
    pub conversation: Conversation,
    /// When its reader deleted it; it is not gone yet.
    pub deleted_at: Option<Timestamp>,
}

impl Reading {
    /// This conversation alone.
    pub(super) fn one(database: Database, user_id: &str, conversation: StoredConversation) -> Self {
        let mut reading = Self::all(database, user_id, false);
        reading.more = false;
        reading.waiting.push_back(TakenConversation { conversation, deleted_at: None });
        reading
    }

    /// All of a reader's, the oldest first.
    pub(super) fn all(database: Database, user_id: &str, hidden: bool) -> Self {
        Self {
            database,
            user_id: user_id.to_owned(),
            hidden,
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
    pub(super) async fn reader_is_there(&self) -> Result<(), ConversationError> {
        let found = self.database.find_user(&self.user_id).await?;
        found.map(drop).ok_or(ConversationError::NoReader)
    }

    /// What comes next; `None` when that was all.
    ///
    /// # Errors
    /// [`ConversationError`] when a conversation was deleted while it was read, or the reader was erased.
    pub async fn next(&mut self) -> Result<Option<Piece>, ConversationError> {
        if let Some(mut current) = self.current.take() {
            if current.seq == current.count {
                return Ok(Some(Piece::End));
            }
            if current.page.is_empty() {
                self.turn_page(&mut current).await?;
            }
            let stored = current.page.pop_front().ok_or(ConversationError::NoConversation)?;
            current.seq = stored.seq();
            let message = presenting::message(&current.id, stored);
            self.current = Some(current);
            return Ok(Some(Piece::Message(Box::new(message))));
        }
        self.take().await?;
        Ok(self.waiting.pop_front().map(|taken| self.begin(taken)))
    }

    fn begin(&mut self, taken: TakenConversation) -> Piece {
        let TakenConversation { conversation, deleted_at } = taken;
        let (no, id, count) = (conversation.no, conversation.id.clone(), conversation.message_count);
        self.current = Some(Current { no, id, count, seq: 0, page: VecDeque::new() });
        let conversation = presenting::conversation(conversation);
        Piece::Begin(Box::new(Taken { conversation, deleted_at: deleted_at.map(Timestamp::from_millis) }))
    }

    async fn turn_page(&self, current: &mut Current) -> Result<(), ConversationError> {
        if !self.hidden {
            let found = self.database.find_conversation(&self.user_id, &current.id).await?;
            if found.is_none_or(|found| found.no != current.no) {
                return Err(ConversationError::NoConversation);
            }
        }
        let between = (current.seq, current.count + 1);
        let read = self.database.read_messages(current.no, between, false, MESSAGES).await?;
        current.page = read.into();
        Ok(())
    }

    async fn take(&mut self) -> Result<(), ConversationError> {
        while self.waiting.is_empty() && self.more {
            let taken = self.database.take_conversations(&self.user_id, self.last, CONVERSATIONS).await?;
            match taken.last() {
                Some(last) => self.last = last.conversation.no,
                None => {
                    self.more = false;
                    self.reader_is_there().await?;
                }
            }
            let hidden = self.hidden;
            self.waiting.extend(taken.into_iter().filter(|taken| hidden || taken.deleted_at.is_none()));
        }
        Ok(())
    }
}
