//! Looking at a conversation while it goes on, in one process and across several.

use std::sync::Arc;

use contract::conversations::{Conversation, Message};
use storage::conversations::{Listener, StoredConversation, StoredMessage};
use tokio::sync::watch;

use super::{ConversationError, Conversations, change_bus::ChangeBus, to_wire};
use crate::InternalError;

/// Changes that are read at once, and the bytes they have together, so that somebody who does not take them holds little.
const MOST: i64 = 100;
const MOST_BYTES: usize = 256 << 10;
/// Bytes of one notice to other processes: PostgreSQL takes fewer than 8000.
const NOTICE: usize = 7000;

/// What has happened to a conversation.
#[derive(Debug, Clone)]
pub enum ConversationEvent {
    /// A message was added or has changed.
    Message(Box<Message>),
    /// Its name, its status or what belongs to it has changed.
    Conversation(Box<Conversation>),
    /// It was deleted, and there is nothing more to come.
    Deleted,
}

/// Somebody who looks at a conversation.
#[derive(Debug)]
pub struct Subscription {
    conversations: Conversations,
    user_id: String,
    id: String,
    no: i64,
    /// The revision up to which everything is known.
    known: i64,
    /// The conversation as it was last told, or known before; `None` when it is to be told next time.
    last: Option<StoredConversation>,
    /// The place up to which every message is known to be there.
    newest: i64,
    signal: Option<watch::Receiver<i64>>,
}

impl Conversations {
    /// Looks at a conversation from a revision on; from now on without one.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn watch(
        &self,
        user_id: &str,
        id: &str,
        after: Option<i64>,
    ) -> Result<Subscription, ConversationError> {
        let stored = self.stored(user_id, id).await?;
        if !self.hub.acquire_slot(user_id) {
            return Err(ConversationError::TooManyLooks);
        }
        let signal = Some(self.hub.watch(stored.no, stored.revision));
        // One that is ahead of the conversation belongs to another that had its name.
        let known = after.filter(|after| *after <= stored.revision).unwrap_or(stored.revision);
        Ok(Subscription {
            conversations: self.clone(),
            user_id: user_id.to_owned(),
            id: id.to_owned(),
            no: stored.no,
            known,
            newest: stored.message_count,
            last: (known == stored.revision).then_some(stored),
            signal,
        })
    }

    /// Tells other processes what has changed here, as long as there is something to tell.
    ///
    /// # Errors
    /// [`InternalError`]; what was not told is told next time.
    pub async fn publish_changes(&self) -> Result<(), InternalError> {
        let untold = self.hub.take_pending();
        let mut notices = vec![self.hub.instance.clone()];
        for (no, revision) in &untold {
            let word = format!(" {no}:{revision}");
            match notices.last_mut() {
                Some(notice) if notice.len() + word.len() <= NOTICE => notice.push_str(&word),
                _ => notices.push(format!("{}{word}", self.hub.instance)),
            }
        }
        if untold.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.database.notify_conversations(&notices).await {
            self.hub.requeue(untold);
            return Err(error.into());
        }
        Ok(())
    }

    /// Ends every look at a conversation: the server is about to end.
    pub fn close(&self) {
        self.hub.close();
    }

    /// Waits until there is something to tell.
    pub async fn wait_for_changes(&self) {
        self.hub.something_to_tell.notified().await;
    }

    /// Listens to what other processes tell, until the connection is lost.
    ///
    /// # Errors
    /// [`InternalError`]. What is missed until the next call is looked for at its beginning.
    pub async fn listen(&self, url: &str) -> Result<(), InternalError> {
        let mut listener = Listener::connect(url).await?;
        self.hub.all_changed();
        while let Some(notice) = listener.next().await? {
            self.hub.apply_notification(&notice);
        }
        Ok(())
    }
}

impl ChangeBus {
    /// Passes on what another process has told.
    fn apply_notification(&self, notice: &str) {
        let mut words = notice.split(' ');
        if words.next() == Some(self.instance.as_str()) {
            return;
        }
        let pairs = words.filter_map(|word| word.split_once(':'));
        for (no, revision) in
            pairs.filter_map(|(no, revision)| Some((no.parse().ok()?, revision.parse().ok()?)))
        {
            self.changed(no, revision);
        }
    }
}

impl Subscription {
    /// The revision up to which everything has been told.
    pub const fn known(&self) -> i64 {
        self.known
    }

    /// Waits until the conversation may have changed; `false` when nobody is to look any longer.
    pub async fn changed(&mut self) -> bool {
        let Some(signal) = &mut self.signal else { return false };
        tokio::select! {
            changed = signal.changed() => changed.is_ok(),
            () = self.conversations.hub.closed() => false,
        }
    }

    /// What has happened since the last time, each with the revision to go on from after it. When as much as is read at
    /// once has happened, there may be more.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn poll_changes(&mut self) -> Result<Vec<(i64, ConversationEvent)>, ConversationError> {
        if let Some(signal) = &mut self.signal {
            signal.borrow_and_update();
        }
        let database = &self.conversations.database;
        let Some(stored) = database.find_conversation(&self.user_id, &self.id).await? else {
            return Ok(vec![(self.known, ConversationEvent::Deleted)]);
        };
        if stored.no != self.no {
            // Another conversation has taken the name.
            return Ok(vec![(self.known, ConversationEvent::Deleted)]);
        }
        if stored.revision <= self.known {
            return Ok(Vec::new());
        }
        let mut changed = database.changed_messages(self.no, self.known, (MOST, MOST_BYTES)).await?;
        let is_full = i64::try_from(changed.len()).is_ok_and(|count| count == MOST)
            || changed.iter().map(|message| message.content.bytes()).sum::<usize>() > MOST_BYTES;
        // What has changed again since the conversation was read is told next time, with the conversation as it is then.
        let later = changed.split_off(changed.partition_point(|message| message.revision <= stored.revision));
        let more = is_full && later.is_empty();
        let is_news = !more && self.is_news(&stored, &changed);
        let mut events: Vec<_> = changed.into_iter().map(|stored| message_event(&self.id, stored)).collect();
        if more {
            self.known = events.last().map_or(self.known, |(revision, _)| *revision);
            self.last = None;
            return Ok(events);
        }
        self.known = stored.revision;
        self.newest = stored.message_count;
        if is_news {
            let conversation = to_wire::conversation(stored.clone());
            events.push((self.known, ConversationEvent::Conversation(Box::new(conversation))));
        }
        // When some messages come later than others that were added after them, who sees them cannot tell which one is shown.
        self.last = later.is_empty().then_some(stored);
        Ok(events)
    }

    /// Whether something of the conversation itself has changed that its `changed` messages do not tell, or nothing else
    /// can have been what has. Who sees a new message takes it for the one that is shown.
    fn is_news(&self, now: &StoredConversation, changed: &[StoredMessage]) -> bool {
        let Some(last) = &self.last else { return true };
        let own = |it: &StoredConversation| (it.title.clone(), it.status.clone(), it.metadata.clone());
        let added = changed.iter().filter(|message| message.seq() > self.newest);
        let shown = added.max_by_key(|message| message.seq()).map(|message| &message.id);
        changed.is_empty() || own(last) != own(now) || shown.or(last.head_id.as_ref()) != now.head_id.as_ref()
    }
}

/// A message that has changed, with the revision to go on from after it.
fn message_event(conversation_id: &str, stored: StoredMessage) -> (i64, ConversationEvent) {
    let revision = stored.revision;
    let message = to_wire::message(conversation_id, stored);
    (revision, ConversationEvent::Message(Box::new(message)))
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.signal = None;
        let hub: &Arc<ChangeBus> = &self.conversations.hub;
        hub.unwatch(self.no);
        hub.leave(&self.user_id);
    }
}
