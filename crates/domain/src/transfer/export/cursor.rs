//! Reading of conversations for export, a page at a time.

use std::collections::VecDeque;

use contract::{
    Timestamp,
    conversations::{Conversation, Message},
};
use storage::{
    Database,
    conversations::{ConversationScope, ConversationWithDeletedAt, Owner, StoredConversation, StoredMessage},
};

use crate::{
    ConversationError, Principal,
    conversations::{conversation_to_wire, message_to_wire},
};

/// Conversations of a page.
const CONVERSATIONS: i64 = 20;
/// Messages of a page, at most some 25 MB.
const MESSAGES: i64 = 50;

/// Reads a user's conversations, or one of them.
#[derive(Debug)]
pub struct ExportCursor {
    database: Database,
    user_id: String,
    /// The client of [`ConversationScope::Client`].
    client_id: Option<String>,
    /// Whether soft-deleted conversations are read too.
    with_deleted: bool,
    /// Whether one conversation was requested, so that its deletion meanwhile is an error. Among all of them, one that is
    /// deleted meanwhile is left out.
    single: bool,
    /// The number of the last conversation of `page`.
    last: i64,
    /// Whether there may be conversations after `page`.
    has_more: bool,
    page: VecDeque<ConversationWithDeletedAt>,
    current: Option<Current>,
}

/// The conversation whose messages are being read.
#[derive(Debug)]
struct Current {
    no: i64,
    id: String,
    /// The number of messages at the beginning; later ones are left out.
    count: i64,
    /// The `seq` of the last message read.
    seq: i64,
    page: VecDeque<StoredMessage>,
}

/// What a cursor returns: for each conversation its beginning, its messages and its end.
#[derive(Debug)]
pub enum ExportItem {
    /// The beginning of a conversation.
    Begin(Box<ExportedConversation>),
    /// A message of the conversation.
    Message(Box<Message>),
    /// The end of the conversation.
    End,
}

/// A conversation in an export.
#[derive(Debug)]
pub struct ExportedConversation {
    /// The conversation.
    pub conversation: Conversation,
    /// When it was soft-deleted.
    pub deleted_at: Option<Timestamp>,
}

impl ExportCursor {
    /// A cursor over one conversation.
    pub(super) fn one(
        database: Database,
        principal: Principal<'_>,
        conversation: StoredConversation,
    ) -> Self {
        let mut cursor = Self::all(database, principal, false);
        (cursor.single, cursor.has_more) = (true, false);
        cursor.page.push_back(ConversationWithDeletedAt { conversation, deleted_at: None });
        cursor
    }

    /// A cursor over all conversations that a principal sees, the oldest first.
    pub(super) fn all(database: Database, principal: Principal<'_>, with_deleted: bool) -> Self {
        Self {
            database,
            user_id: principal.user_id.to_owned(),
            client_id: principal.scope.client_id().map(str::to_owned),
            with_deleted,
            single: false,
            last: 0,
            has_more: true,
            page: VecDeque::new(),
            current: None,
        }
    }

    fn owner(&self) -> Owner<'_> {
        let scope = self.client_id.as_deref().map_or(ConversationScope::All, ConversationScope::Client);
        Owner { user_id: &self.user_id, scope }
    }

    /// Fails if the user was deleted, who would otherwise get an empty file.
    pub(super) async fn check_user_exists(&self) -> Result<(), ConversationError> {
        let found = self.database.find_user(&self.user_id).await?;
        found.map(drop).ok_or(ConversationError::UserNotFound)
    }

    /// The next item; `None` at the end. When all conversations are read, one that is deleted before its beginning is left
    /// out, and one that is deleted later ends early.
    ///
    /// # Errors
    /// When the one conversation or the user was deleted meanwhile, or the database failed.
    pub async fn next(&mut self) -> Result<Option<ExportItem>, ConversationError> {
        if let Some(current) = self.current.take() {
            return self.continue_conversation(current).await.map(Some);
        }
        loop {
            self.fill_page().await?;
            let Some(next) = self.page.pop_front() else { return Ok(None) };
            match self.begin(next).await? {
                Some(item) => return Ok(Some(item)),
                None if self.single => return Err(ConversationError::ConversationNotFound),
                None => {}
            }
        }
    }

    /// Reads the conversation again, because its page may be old by now.
    async fn begin(
        &mut self,
        next: ConversationWithDeletedAt,
    ) -> Result<Option<ExportItem>, ConversationError> {
        let ConversationWithDeletedAt { conversation, deleted_at } = next;
        let (no, id) = (conversation.no, conversation.id.clone());
        let conversation =
            if self.with_deleted { Some(conversation) } else { self.undeleted(no, &id).await? };
        let Some(conversation) = conversation else { return Ok(None) };
        let count = conversation.message_count;
        let page = self.messages(no, 0, count).await?;
        if page.is_empty() && count > 0 {
            return Ok(None);
        }
        self.current = Some(Current { no, id, count, seq: 0, page });
        let conversation = conversation_to_wire(conversation);
        let deleted_at = deleted_at.map(Timestamp::from_millis);
        Ok(Some(ExportItem::Begin(Box::new(ExportedConversation { conversation, deleted_at }))))
    }

    async fn continue_conversation(&mut self, mut current: Current) -> Result<ExportItem, ConversationError> {
        if current.seq == current.count {
            return Ok(ExportItem::End);
        }
        let Current { no, seq, count, .. } = current;
        if current.page.is_empty() && (self.with_deleted || self.undeleted(no, &current.id).await?.is_some())
        {
            current.page = self.messages(no, seq, count).await?;
        }
        match current.page.pop_front() {
            Some(stored) => {
                current.seq = stored.seq();
                let message = message_to_wire(&current.id, stored);
                self.current = Some(current);
                Ok(ExportItem::Message(Box::new(message)))
            }
            None if self.single => Err(ConversationError::ConversationNotFound),
            None => Ok(ExportItem::End),
        }
    }

    /// The conversation of this number, unless it was deleted. Another one may have its id by now.
    async fn undeleted(&self, no: i64, id: &str) -> Result<Option<StoredConversation>, ConversationError> {
        let found = self.database.find_conversation(self.owner(), id).await?;
        Ok(found.filter(|found| found.no == no))
    }

    /// The page of messages after this `seq`.
    async fn messages(
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

    async fn fill_page(&mut self) -> Result<(), ConversationError> {
        while self.page.is_empty() && self.has_more {
            let found = self.database.export_conversations(self.owner(), self.last, CONVERSATIONS).await?;
            if let Some(last) = found.last() {
                self.last = last.conversation.no;
            } else {
                self.has_more = false;
                self.check_user_exists().await?;
            }
            let with_deleted = self.with_deleted;
            self.page.extend(found.into_iter().filter(|it| with_deleted || it.deleted_at.is_none()));
        }
        Ok(())
    }
}
