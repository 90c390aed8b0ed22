//! Conversations with chatbots: create, list, read, update, append, search, subscribe.
//!
//! Every method takes the principal who asks and sees that user's conversations alone, and of these only those within the
//! principal's scope. Any other conversation is answered like one that does not exist.

mod branch;
mod byte_rate;
mod cursor;
mod drafts;
mod error;
mod messages;
mod search;
mod subscription;
mod subscription_limit;
mod to_wire;

pub use branch::{BranchMessage, BranchPage, PageAnchor, SiblingPosition};
pub(crate) use drafts::MAX_OPENING;
pub use error::ConversationError;
pub use messages::IdempotencyKey;
pub use storage::conversations::{ClientFilter, ConversationScope};
pub use subscription::{ConversationEvent, Subscription};
pub use subscription_limit::Subscriber;
pub(crate) use to_wire::{conversation as conversation_to_wire, message as message_to_wire};

use std::sync::Arc;

use contract::conversations::{
    Conversation, ConversationChange, ConversationId, ConversationStatus, MessageId, NewConversation, Page,
    RawJson,
};
use storage::{
    Database,
    conversations::{
        ConversationUpdate, CreateOutcome, CreateRequest, ListFilter, MessageWriter, Owner, RestoreOutcome,
        StoredConversation, UpdateOutcome,
    },
};

use self::{
    byte_rate::ByteRate, cursor::Cursors, subscription_limit::SubscriptionLimit, to_wire::conversation,
};
use crate::{
    Client, InternalError, Ports, Quota, Secret,
    change_bus::{ChangeBus, Topic},
};

/// What users and chatbots may store. Sizes are in bytes of JSON.
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
    /// Conversations of a user.
    pub conversations: u32,
    /// The largest file for import.
    pub import_bytes: usize,
    /// All conversations of a user together, soft-deleted ones included.
    pub reader_bytes: usize,
    /// Bytes that a user writes within so many seconds, imports excepted; `None` for any number.
    pub written: Option<Quota>,
}

impl ConversationLimits {
    /// [`Self::reader_bytes`] as storage takes it.
    pub(crate) fn most_bytes(&self) -> i64 {
        i64::try_from(self.reader_bytes).unwrap_or(i64::MAX)
    }
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
            reader_bytes: 64 * 1024 * 1024,
            written: Some(Quota { count: 20 * 1024 * 1024, seconds: 60 }),
        }
    }
}

/// The most bytes of JSON that a client may keep with a conversation.
pub(crate) const MAX_METADATA: usize = 16 * 1024;
/// Seconds between the soft delete of a conversation and its purge.
pub(crate) const UNDO: i64 = 600;

/// The user who asks, and the token or page they came with.
#[derive(Debug, Clone, Copy)]
pub struct Principal<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// The token's `jti`; `None` for a session cookie.
    pub token_id: Option<&'a str>,
    /// Whether the token has expired. It may then finish the message that it began, and nothing else.
    pub expired: bool,
    /// The OAuth client that new conversations belong to; `None` for a page of Bookplate's own, or a token without a client.
    pub client_id: Option<&'a str>,
    /// The conversations that are seen and changed.
    pub scope: ConversationScope<'a>,
}

impl<'a> Principal<'a> {
    /// A user on a page of Bookplate's own, where all of their conversations are shown.
    pub const fn reader(user_id: &'a str) -> Self {
        Self { user_id, token_id: None, expired: false, client_id: None, scope: ConversationScope::All }
    }

    pub(crate) const fn owner(&self) -> Owner<'a> {
        Owner { user_id: self.user_id, scope: self.scope }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// The most items; see [`PageRequest::MAX_LIMIT`].
    pub limit: u32,
    /// `next_cursor` of the page before; `None` for the first page.
    pub cursor: Option<&'a str>,
}

impl PageRequest<'_> {
    /// The largest page.
    pub const MAX_LIMIT: u32 = 100;
    /// The page size when the client names none.
    pub const DEFAULT_LIMIT: u32 = 20;

    fn rows(self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MAX_LIMIT))
    }
}

/// Changes of conversations, by the conversation's number; the version is its revision.
#[derive(Debug)]
struct ConversationTopic;

impl Topic for ConversationTopic {
    type Key = i64;
}

/// Stores and reads conversations.
#[derive(Debug, Clone)]
pub struct Conversations {
    database: Database,
    writer: MessageWriter,
    ports: Ports,
    secret: Arc<Secret>,
    cursors: Cursors,
    limits: ConversationLimits,
    changes: Arc<ChangeBus<ConversationTopic>>,
    subscriptions: Arc<SubscriptionLimit>,
    written: ByteRate,
}

type Outcome<T> = Result<T, ConversationError>;

impl Conversations {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        limits: ConversationLimits,
    ) -> Self {
        let cursors = Cursors::new(Arc::clone(&secret));
        let process_id = ports.random_uuid().to_string();
        let changes = Arc::new(ChangeBus::new(process_id, database.notifies_processes()));
        let publisher = Arc::clone(&changes);
        let writer = MessageWriter::new(&database, move |no, revision| publisher.publish(no, revision));
        let subscriptions = Arc::default();
        let written = ByteRate::new(limits.written, Arc::clone(&ports.clock));
        Self { database, writer, ports, secret, cursors, limits, changes, subscriptions, written }
    }

    /// The configured limits.
    pub const fn limits(&self) -> &ConversationLimits {
        &self.limits
    }

    /// Creates a conversation, or returns the user's existing one of that id, or the one that a request with this key has
    /// created before. The flag says whether it was created.
    #[tracing::instrument(name = "conversations.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        principal: Principal<'_>,
        new: NewConversation,
        key: Option<IdempotencyKey<'_>>,
    ) -> Outcome<(Conversation, bool)> {
        let NewConversation { id, title, metadata } = new.check(MAX_METADATA)?;
        let id = id.map_or_else(|| self.ports.random_uuid().to_string(), String::from);
        let Principal { user_id, client_id, scope, .. } = principal;
        self.count_written(user_id, metadata.as_ref().map_or(0, |metadata| metadata.as_str().len()))?;
        let metadata = metadata.unwrap_or_else(RawJson::empty_object);
        let idempotency = key.map(|key| self.idempotency_of_creation(principal, key));
        let request = CreateRequest {
            user_id,
            scope,
            client_id,
            id: &id,
            title: title.as_deref(),
            metadata: metadata.as_str(),
            now: self.ports.clock.now(),
            most: i64::from(self.limits.conversations),
            most_bytes: self.limits.most_bytes(),
            idempotency: idempotency.as_ref(),
        };
        match self.database.create_conversation(&request).await? {
            CreateOutcome::Created(stored) => Ok((conversation(stored), true)),
            CreateOutcome::Found(stored) => Ok((conversation(stored), false)),
            CreateOutcome::KeyReused => Err(ConversationError::IdempotencyKeyReused),
            CreateOutcome::TooMany => Err(ConversationError::TooManyConversations),
            CreateOutcome::StorageFull => Err(ConversationError::StorageFull),
            CreateOutcome::NoReader => Err(ConversationError::UserNotFound),
            CreateOutcome::IdTaken => Err(ConversationError::ConversationConflict),
        }
    }

    /// The conversations of one status and of one client, the last active first.
    #[tracing::instrument(name = "conversations.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        principal: Principal<'_>,
        status: ConversationStatus,
        client: ClientFilter<'_>,
        page: PageRequest<'_>,
    ) -> Outcome<Page<Conversation>> {
        let Some(client) = within(principal.scope, client) else {
            return Ok(Page { items: Vec::new(), next_cursor: None });
        };
        let user_id = principal.user_id;
        let list = match client {
            ClientFilter::All => format!("conversations:{}", status.name()),
            // No client has an empty id.
            ClientFilter::NoClient => format!("conversations:{}:", status.name()),
            ClientFilter::Client(id) => format!("conversations:{}:{id}", status.name()),
        };
        let before = self.cursors.read(user_id, &list, page.cursor)?.unwrap_or((i64::MAX, i64::MAX));
        let rows = page.rows();
        let filter = ListFilter { status: status.name(), client };
        let mut found = self.database.list_conversations(user_id, filter, before, rows + 1).await?;
        let next_cursor = paginate(&mut found, rows, |last| {
            self.cursors.write(user_id, &list, (last.active_at.millis(), last.no))
        });
        Ok(Page { items: found.into_iter().map(conversation).collect(), next_cursor })
    }

    /// The clients that the user's conversations belong to; `None` among them when some belong to none.
    #[tracing::instrument(name = "conversations.clients", level = "debug", skip_all)]
    pub async fn clients(&self, user_id: &str) -> Outcome<Vec<Option<String>>> {
        Ok(self.database.clients_of_conversations(user_id).await?)
    }

    /// One conversation.
    #[tracing::instrument(name = "conversations.find", level = "debug", skip_all)]
    pub async fn find(&self, principal: Principal<'_>, id: &str) -> Outcome<Conversation> {
        self.stored(principal, id).await.map(conversation)
    }

    /// Changes a conversation's title, status, head or metadata.
    #[tracing::instrument(name = "conversations.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        principal: Principal<'_>,
        id: &str,
        change: ConversationChange,
    ) -> Outcome<Conversation> {
        validate_conversation_id(id)?;
        let ConversationChange { title, status, head_id, metadata } = change.check(MAX_METADATA)?;
        let update = ConversationUpdate {
            title,
            status: status.map(|status| status.name().to_owned()),
            head_id: head_id.map(String::from),
            metadata: metadata.map(|metadata| metadata.as_str().to_owned()),
        };
        self.count_written(principal.user_id, update.metadata.as_ref().map_or(0, String::len))?;
        let (now, most_bytes) = (self.ports.clock.now(), self.limits.most_bytes());
        match self.database.update_conversation(principal.owner(), id, &update, now, most_bytes).await? {
            UpdateOutcome::Done(stored) => {
                self.publish(stored.no, stored.revision);
                Ok(conversation(stored))
            }
            UpdateOutcome::NoConversation => Err(ConversationError::ConversationNotFound),
            UpdateOutcome::StorageFull => Err(ConversationError::StorageFull),
            UpdateOutcome::NoMessage | UpdateOutcome::NotBegunByToken | UpdateOutcome::TooLarge => {
                Err(ConversationError::unknown_message("headId"))
            }
        }
    }

    /// Soft-deletes a conversation; it is purged ten minutes later.
    #[tracing::instrument(name = "conversations.delete", level = "debug", skip_all)]
    pub async fn delete(&self, principal: Principal<'_>, id: &str) -> Outcome<()> {
        validate_conversation_id(id)?;
        let now = self.ports.clock.now();
        let deleted = self.database.soft_delete_conversation(principal.owner(), id, now).await?;
        let (no, revision) = deleted.ok_or(ConversationError::ConversationNotFound)?;
        self.publish(no, revision);
        Ok(())
    }

    /// Restores a conversation that was soft-deleted within the last ten minutes.
    #[tracing::instrument(name = "conversations.restore", level = "debug", skip_all)]
    pub async fn restore(&self, principal: Principal<'_>, id: &str) -> Outcome<Conversation> {
        validate_conversation_id(id)?;
        let since = self.ports.clock.now().plus_seconds(-UNDO);
        let most = i64::from(self.limits.conversations);
        let restored = self.database.restore_conversation(principal.owner(), id, since, most).await?;
        let (no, revision) = match restored {
            RestoreOutcome::Restored(no, revision) => (no, revision),
            RestoreOutcome::NoConversation => return Err(ConversationError::ConversationNotFound),
            RestoreOutcome::TooMany => return Err(ConversationError::TooManyConversations),
        };
        self.publish(no, revision);
        self.find(principal, id).await
    }

    /// How many bytes of JSON the user's conversations take up, soft-deleted ones included. At most
    /// [`ConversationLimits::reader_bytes`], unless that was more before.
    #[tracing::instrument(name = "conversations.stored_bytes", level = "debug", skip_all)]
    pub async fn stored_bytes(&self, user_id: &str) -> Result<u64, InternalError> {
        let bytes = self.database.stored_bytes(user_id).await?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// Counts bytes that are about to be written.
    fn count_written(&self, user_id: &str, bytes: usize) -> Outcome<()> {
        let counted = self.written.count(user_id, bytes);
        counted.map_err(|retry_after| ConversationError::WrittenTooMuch { retry_after })
    }

    /// Publishes a stored change to subscribers.
    pub(crate) fn publish(&self, no: i64, revision: i64) {
        self.changes.publish(no, revision);
    }

    /// The row of a conversation.
    pub(crate) async fn stored(&self, principal: Principal<'_>, id: &str) -> Outcome<StoredConversation> {
        validate_conversation_id(id)?;
        let found = self.database.find_conversation(principal.owner(), id).await?;
        found.ok_or(ConversationError::ConversationNotFound)
    }
}

/// What of a list lies within a scope; `None` for nothing.
fn within<'a>(scope: ConversationScope<'a>, client: ClientFilter<'a>) -> Option<ClientFilter<'a>> {
    match (scope, client) {
        // No conversation has it, and PostgreSQL refuses some texts.
        (_, ClientFilter::Client(id)) if !Client::is_id(id) => None,
        (ConversationScope::All, client) => Some(client),
        (ConversationScope::Client(own), ClientFilter::All) => Some(ClientFilter::Client(own)),
        (ConversationScope::Client(own), ClientFilter::Client(id)) => (own == id).then_some(client),
        (ConversationScope::Client(_), ClientFilter::NoClient) => None,
    }
}

/// Cuts off the extra row that was read to see whether there are more, and makes the cursor of the last one left.
fn paginate<T>(found: &mut Vec<T>, rows: i64, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let more = found.len() > rows;
    found.truncate(rows);
    found.last().filter(|_| more).map(cursor)
}

/// Answers an id that could never be stored like an unknown one, without a query: PostgreSQL refuses some texts.
fn validate_conversation_id(id: &str) -> Outcome<()> {
    ConversationId::parse("id", id).map(drop).map_err(|_| ConversationError::ConversationNotFound)
}

fn validate_message_id(id: &str) -> Outcome<()> {
    MessageId::parse("id", id).map(drop).map_err(|_| ConversationError::MessageNotFound)
}
