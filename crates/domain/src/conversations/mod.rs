//! Conversations: what a chatbot writes, what a reader finds again on every device.
//!
//! There is no parameter that says whose: the owner is always the reader who asks. What belongs to somebody else is as
//! if it were not there.

mod branching;
mod change_bus;
mod cursor;
mod drafts;
mod error;
mod export;
mod import;
mod messages;
mod search;
mod subscription;
mod to_wire;

pub use branching::{BranchMessage, BranchPage, PageAnchor, SiblingPosition};
pub use error::ConversationError;
pub use export::{ConversationExport, ExportCursor, ExportFormat, ExportItem, ExportedConversation};
pub use messages::IdempotencyKey;
pub use subscription::{ConversationEvent, Subscription};

use std::sync::Arc;

use contract::{
    Problems,
    conversations::{
        Conversation, ConversationChange, ConversationStatus, ItemId, NewConversation, Page, RawJson,
    },
};
use storage::{
    Database,
    conversations::{
        ConversationUpdate, CreateOutcome, MessageWriter, RestoreOutcome, StoredConversation, UpdateOutcome,
    },
};

use self::{change_bus::ChangeBus, cursor::Cursors, to_wire::conversation};
use crate::{InternalError, Ports, Secret, data_export::export::Book};

/// What a reader and a chatbot may store. Sizes are in bytes of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationLimits {
    /// The largest part of a message.
    pub part_bytes: usize,
    /// The largest message, with everything that belongs to it.
    pub message_bytes: usize,
    /// Parts of a message.
    pub parts: usize,
    /// Messages of a conversation.
    pub messages: u32,
    /// Conversations of a reader.
    pub conversations: u32,
    /// The largest file that is taken in.
    pub import_bytes: usize,
}

impl Default for ConversationLimits {
    fn default() -> Self {
        Self {
            part_bytes: 128 * 1024,
            message_bytes: 512 * 1024,
            parts: 200,
            messages: 10_000,
            conversations: 10_000,
            import_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Bytes of JSON that a client may keep with a conversation.
const MAX_METADATA: usize = 16 * 1024;
/// Messages that are added with one request at most.
const MAX_AT_ONCE: usize = 100;
/// Seconds between deleting a conversation and its end.
pub(crate) const UNDO: i64 = 600;

/// Who writes: the reader, and the token they came with.
#[derive(Debug, Clone, Copy)]
pub struct Principal<'a> {
    /// The reader's id.
    pub user_id: &'a str,
    /// The `jti` of the token; `None` for one who came with a cookie.
    pub token_id: Option<&'a str>,
    /// Whether the token has expired. It may then finish what it has begun, and nothing else.
    pub expired: bool,
}

/// How much of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// How many at most; see [`PageRequest::MOST`].
    pub limit: u32,
    /// Where to go on.
    pub cursor: Option<&'a str>,
}

impl PageRequest<'_> {
    /// As many as a page holds at most.
    pub const MOST: u32 = 100;
    /// As many as a page holds when nobody says.
    pub const USUAL: u32 = 20;

    fn rows(self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MOST))
    }
}

/// Keeps conversations.
#[derive(Debug, Clone)]
pub struct Conversations {
    database: Database,
    appender: MessageWriter,
    ports: Ports,
    secret: Arc<Secret>,
    cursors: Cursors,
    limits: ConversationLimits,
    hub: Arc<ChangeBus>,
    /// Whose conversations, for the files readers take away.
    book: Book,
}

type Outcome<T> = Result<T, ConversationError>;

impl Conversations {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        limits: ConversationLimits,
        book: Book,
    ) -> Self {
        let cursors = Cursors::new(Arc::clone(&secret));
        let hub = Arc::new(ChangeBus::new(ports.random_uuid().to_string(), database.notifies_processes()));
        let told = Arc::clone(&hub);
        let appender = MessageWriter::new(&database, move |no, revision| told.publish(no, revision));
        Self { database, appender, ports, secret, cursors, limits, hub, book }
    }

    /// What may be stored.
    pub const fn limits(&self) -> &ConversationLimits {
        &self.limits
    }

    /// Makes a conversation; one that the reader already has under this name is answered as it is. Whether it was made.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn create(&self, user_id: &str, new: NewConversation) -> Outcome<(Conversation, bool)> {
        let NewConversation { id, title, metadata } = new.check(MAX_METADATA)?;
        let id = id.map_or_else(|| self.ports.random_uuid().to_string(), String::from);
        let metadata = metadata.unwrap_or_else(RawJson::empty_object);
        let (now, most) = (self.ports.clock.now(), i64::from(self.limits.conversations));
        let created =
            self.database.create_conversation(user_id, &id, title.as_deref(), metadata.as_str(), now, most);
        match created.await? {
            CreateOutcome::Created(stored) => Ok((conversation(stored), true)),
            CreateOutcome::Found(stored) => Ok((conversation(stored), false)),
            CreateOutcome::TooMany => Err(ConversationError::TooManyConversations),
            CreateOutcome::NoReader => Err(ConversationError::NoReader),
        }
    }

    /// A reader's conversations of one status, the last active first.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn list(
        &self,
        user_id: &str,
        status: ConversationStatus,
        asked: PageRequest<'_>,
    ) -> Outcome<Page<Conversation>> {
        let list = format!("conversations:{}", status.name());
        let before = self.cursors.read(user_id, &list, asked.cursor)?.unwrap_or((i64::MAX, i64::MAX));
        let rows = asked.rows();
        let mut found = self.database.list_conversations(user_id, status.name(), before, rows + 1).await?;
        let next_cursor = paginate(&mut found, rows, |last| {
            self.cursors.write(user_id, &list, (last.active_at.millis(), last.no))
        });
        Ok(Page { items: found.into_iter().map(conversation).collect(), next_cursor })
    }

    /// One of a reader's conversations.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn find(&self, user_id: &str, id: &str) -> Outcome<Conversation> {
        self.stored(user_id, id).await.map(conversation)
    }

    /// Changes a conversation.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn update(&self, user_id: &str, id: &str, change: ConversationChange) -> Outcome<Conversation> {
        validate_conversation_id(id)?;
        let ConversationChange { title, status, head_id, metadata } = change.check(MAX_METADATA)?;
        let update = ConversationUpdate {
            title,
            status: status.map(|status| status.name().to_owned()),
            head_id: head_id.map(String::from),
            metadata: metadata.map(|metadata| metadata.as_str().to_owned()),
        };
        let now = self.ports.clock.now();
        match self.database.update_conversation(user_id, id, &update, now).await? {
            UpdateOutcome::Done(stored) => {
                self.hub.publish(stored.no, stored.revision);
                Ok(conversation(stored))
            }
            UpdateOutcome::NoConversation => Err(ConversationError::NoConversation),
            UpdateOutcome::NoMessage | UpdateOutcome::NotBegunByToken | UpdateOutcome::TooLarge => {
                Err(ConversationError::unknown("headId"))
            }
        }
    }

    /// Hides a conversation, which is gone for good ten minutes later.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn delete(&self, user_id: &str, id: &str) -> Outcome<()> {
        validate_conversation_id(id)?;
        let hidden = self.database.soft_delete_conversation(user_id, id, self.ports.clock.now()).await?;
        let (no, revision) = hidden.ok_or(ConversationError::NoConversation)?;
        self.hub.publish(no, revision);
        Ok(())
    }

    /// Shows a conversation again that was deleted within ten minutes.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn restore(&self, user_id: &str, id: &str) -> Outcome<Conversation> {
        validate_conversation_id(id)?;
        let since = self.ports.clock.now().plus_seconds(-UNDO);
        let most = i64::from(self.limits.conversations);
        let (no, revision) = match self.database.restore_conversation(user_id, id, since, most).await? {
            RestoreOutcome::Restored(no, revision) => (no, revision),
            RestoreOutcome::NoConversation => return Err(ConversationError::NoConversation),
            RestoreOutcome::TooMany => return Err(ConversationError::TooManyConversations),
        };
        self.hub.publish(no, revision);
        self.find(user_id, id).await
    }

    async fn stored(&self, user_id: &str, id: &str) -> Outcome<StoredConversation> {
        validate_conversation_id(id)?;
        let found = self.database.find_conversation(user_id, id).await?;
        found.ok_or(ConversationError::NoConversation)
    }
}

/// Takes the row that only tells that there is more, and makes a cursor of the last one that is shown.
fn paginate<T>(found: &mut Vec<T>, rows: i64, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let more = found.len() > rows;
    found.truncate(rows);
    found.last().filter(|_| more).map(cursor)
}

impl From<Problems> for ConversationError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl<E: Into<InternalError>> From<E> for ConversationError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// A name that came in an address. One that could never be is answered like one that is not there, and not asked for: no
/// database takes every text.
fn validate_conversation_id(id: &str) -> Outcome<()> {
    if is_valid_id(id) { Ok(()) } else { Err(ConversationError::NoConversation) }
}

/// The same for a message.
fn check_message(id: &str) -> Outcome<()> {
    if is_valid_id(id) { Ok(()) } else { Err(ConversationError::NoMessage) }
}

/// Whether a conversation or a message may be called so.
fn is_valid_id(id: &str) -> bool {
    ItemId::parse("id", id).is_ok()
}
