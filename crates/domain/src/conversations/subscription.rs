//! Subscriptions to the changes of one conversation, made by this process and by others.

use std::{pin::pin, time::Duration};

use contract::conversations::{Conversation, Message};
use storage::{
    Listener, Notification,
    conversations::{Owner, StoredConversation, StoredMessage},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    ConversationError, ConversationScope, ConversationTopic, Conversations, Outcome, Principal, Subscriber,
    subscription_limit::SubscriptionPermit, to_wire,
};
use crate::{InternalError, MailQueue, change_bus::Watcher};

/// The most messages and bytes read at once, so that a slow subscriber holds little memory.
const MAX_MESSAGES: i64 = 100;
const MAX_BYTES: usize = 12 << 10;
/// The most bytes of messages that every subscription may hold. One message may have more: those share some room.
const MAX_HELD: usize = 24 << 10;
/// How long notifications are received after the last subscription has ended: a reader who turns a page comes back.
const LISTEN_LINGER: Duration = Duration::from_mins(2);

/// A change of a conversation.
#[derive(Debug, Clone)]
pub enum ConversationEvent {
    /// A message was added or has changed.
    Message(Box<Message>),
    /// The title, status, head or metadata has changed.
    Conversation(Box<Conversation>),
    /// The conversation was deleted; no event follows.
    Deleted,
}

/// A subscription to one conversation. It counts toward the limits until dropped.
#[derive(Debug)]
pub struct Subscription {
    conversations: Conversations,
    permit: SubscriptionPermit,
    /// The right to hold the events that were returned last, when they are large.
    large_events: Option<OwnedSemaphorePermit>,
    id: String,
    /// The client of [`ConversationScope::Client`].
    client_id: Option<String>,
    no: i64,
    watcher: Watcher<ConversationTopic>,
    /// The revision up to which every event was returned.
    revision: i64,
    /// The conversation as the subscriber knows it; `None` when it has to be sent with the next events.
    last: Option<StoredConversation>,
    /// The `seq` up to which the subscriber knows every message.
    last_seq: i64,
}

impl Conversations {
    /// Subscribes to the changes after a revision, or from now on without one.
    #[tracing::instrument(name = "conversations.subscribe", level = "debug", skip_all)]
    pub async fn subscribe(
        &self,
        subscriber: Subscriber<'_>,
        id: &str,
        after: Option<i64>,
    ) -> Outcome<Subscription> {
        // Before the database is asked, so that a refusal costs little.
        let permit = self.subscriptions.acquire(subscriber).ok_or(ConversationError::TooManySubscriptions)?;
        let principal = Principal { scope: subscriber.scope, ..Principal::reader(subscriber.user_id) };
        let stored = self.stored(principal, id).await?;
        let watcher = self.changes.subscribe(stored.no, stored.revision);
        // A revision ahead of the conversation's belongs to an earlier conversation of the same id.
        let revision = after.filter(|after| *after <= stored.revision).unwrap_or(stored.revision);
        Ok(Subscription {
            conversations: self.clone(),
            permit,
            large_events: None,
            id: id.to_owned(),
            client_id: subscriber.scope.client_id().map(str::to_owned),
            no: stored.no,
            watcher,
            revision,
            last_seq: stored.message_count,
            last: (revision == stored.revision).then_some(stored),
        })
    }

    /// Sets how many subscriptions there may be at once in this process.
    pub fn set_max_subscriptions(&self, max: usize) {
        self.subscriptions.set_total(max);
    }

    /// Notifies other processes of the changes made by this one.
    ///
    /// # Errors
    /// When the database fails; the changes are sent with the next call.
    #[tracing::instrument(name = "conversations.publish_changes", level = "debug", skip_all)]
    pub async fn publish_changes(&self) -> Result<(), InternalError> {
        let changes = self.changes.take_pending();
        if changes.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.database.notify_conversations(&self.changes.notices(&changes)).await {
            self.changes.requeue(changes);
            return Err(error.into());
        }
        Ok(())
    }

    /// Waits until [`Self::publish_changes`] has something to do.
    pub async fn wait_for_changes(&self) {
        self.changes.pending().await;
    }

    /// Waits until there is a subscriber; then passes changes made by other processes on to subscribers, and wakes `mail`
    /// when another process has queued some, until there has been no subscriber for [`LISTEN_LINGER`] or the connection to
    /// the database is lost. Changes missed between two calls are read at the beginning of the next.
    #[tracing::instrument(name = "conversations.listen", level = "debug", skip_all)]
    pub async fn listen(&self, url: &str, mail: &MailQueue) -> Result<(), InternalError> {
        self.changes.subscribed().await;
        let mut listener = Listener::connect(url).await?;
        self.changes.wake_all();
        mail.wake_up();
        let mut unsubscribed = pin!(self.changes.unsubscribed_for(LISTEN_LINGER));
        loop {
            let notification = tokio::select! {
                notification = listener.next() => notification?,
                () = &mut unsubscribed => return Ok(()),
            };
            match notification {
                Some(Notification::Conversations(notice)) => self.changes.apply_notice(&notice),
                Some(Notification::Mail) => mail.wake_up(),
                None => return Ok(()),
            }
        }
    }

    /// Ends every subscription, because the server stops.
    pub fn close(&self) {
        self.changes.close();
    }
}

impl Subscription {
    /// The revision up to which every event was returned.
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// Waits until the conversation may have changed; `false` when the server stops.
    pub async fn changed(&mut self) -> bool {
        self.watcher.changed().await
    }

    /// The events since the last call, each with the revision to resume from after it. There may be more when as many as
    /// are read at once are returned. To be called when those of the last call are no longer in memory.
    #[tracing::instrument(name = "subscription.poll_changes", level = "debug", skip_all)]
    pub async fn poll_changes(&mut self) -> Outcome<Vec<(i64, ConversationEvent)>> {
        self.large_events = None;
        loop {
            match self.try_poll_changes().await? {
                Polled::Events(events) => return Ok(events),
                Polled::NeedsRoom(bytes) => {
                    let room = self.permit.hold(bytes).await;
                    self.large_events = Some(room.ok_or(ConversationError::TooManySubscriptions)?);
                }
            }
        }
    }

    async fn try_poll_changes(&mut self) -> Outcome<Polled> {
        self.watcher.mark_seen();
        let database = &self.conversations.database;
        let scope = self.client_id.as_deref().map_or(ConversationScope::All, ConversationScope::Client);
        let owner = Owner { user_id: self.permit.user_id(), scope };
        let found = database.find_conversation(owner, &self.id).await?;
        // Another number means that a new conversation has taken the id of the deleted one.
        let Some(stored) = found.filter(|found| found.no == self.no) else {
            return Ok(Polled::Events(vec![(self.revision, ConversationEvent::Deleted)]));
        };
        if stored.revision <= self.revision {
            return Ok(Polled::Events(Vec::new()));
        }
        let mut changed =
            database.changed_messages(self.no, self.revision, (MAX_MESSAGES, MAX_BYTES)).await?;
        let bytes = changed.iter().map(|message| message.content.bytes()).sum::<usize>();
        if bytes > MAX_HELD && self.large_events.is_none() {
            self.large_events = self.permit.try_hold(bytes);
            if self.large_events.is_none() {
                // They are read again when there is room, instead of being held meanwhile.
                return Ok(Polled::NeedsRoom(bytes));
            }
        }
        let is_full =
            i64::try_from(changed.len()).is_ok_and(|count| count == MAX_MESSAGES) || bytes > MAX_BYTES;
        // Messages that changed after the conversation was read come next time, with the conversation as it is then.
        let later = changed.split_off(changed.partition_point(|message| message.revision <= stored.revision));
        let has_more = is_full && later.is_empty();
        let sends_conversation = !has_more && self.conversation_changed(&stored, &changed);
        let mut events: Vec<_> = changed.into_iter().map(|stored| message_event(&self.id, stored)).collect();
        if has_more {
            self.revision = events.last().map_or(self.revision, |(revision, _)| *revision);
            self.last = None;
            return Ok(Polled::Events(events));
        }
        self.revision = stored.revision;
        self.last_seq = stored.message_count;
        if sends_conversation {
            let conversation = to_wire::conversation(stored.clone());
            events.push((self.revision, ConversationEvent::Conversation(Box::new(conversation))));
        }
        // When a message comes later than one that was added after it, the subscriber cannot derive the head.
        self.last = later.is_empty().then_some(stored);
        Ok(Polled::Events(events))
    }

    /// Whether something other than the `changed` messages has changed. Subscribers take the newest message for the head,
    /// so a head that follows from the messages is no change.
    fn conversation_changed(&self, now: &StoredConversation, changed: &[StoredMessage]) -> bool {
        let Some(last) = &self.last else { return true };
        let own = |it: &StoredConversation| (it.title.clone(), it.status.clone(), it.metadata.clone());
        let added = changed.iter().filter(|message| message.seq() > self.last_seq);
        let head = added.max_by_key(|message| message.seq()).map(|message| &message.id);
        changed.is_empty() || own(last) != own(now) || head.or(last.head_id.as_ref()) != now.head_id.as_ref()
    }
}

/// What came of looking for changes.
enum Polled {
    Events(Vec<(i64, ConversationEvent)>),
    /// Events of so many bytes, for which there is no room now.
    NeedsRoom(usize),
}

fn message_event(conversation_id: &str, stored: StoredMessage) -> (i64, ConversationEvent) {
    let revision = stored.revision;
    let message = to_wire::message(conversation_id, stored);
    (revision, ConversationEvent::Message(Box::new(message)))
}
