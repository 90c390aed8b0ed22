//! Pages of one branch of a conversation, as its page shows them.

use std::collections::HashMap;

use contract::conversations::{Message, MessageId};
use storage::conversations::{StoredConversation, StoredMessage};

use super::{ConversationError, Conversations, Outcome, Principal, to_wire::message, validate_message_id};

/// The page of a branch to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAnchor<'a> {
    /// The last page.
    End,
    /// The page that ends before this message.
    Before(&'a str),
    /// The page that begins after this message.
    After(&'a str),
    /// The page with this message in it, on the requested branch if it is there, else on one that goes through it.
    Around(&'a str),
    /// This message alone.
    Only(&'a str),
}

/// Consecutive messages of a branch.
#[derive(Debug, Clone, Default)]
pub struct BranchPage {
    /// The messages, oldest first.
    pub messages: Vec<BranchMessage>,
    /// Whether the branch has messages before them.
    pub has_earlier: bool,
    /// Whether the branch has messages after them.
    pub has_later: bool,
    /// The last message of the branch.
    pub tip: Option<MessageId>,
}

/// A message on its branch.
#[derive(Debug, Clone)]
pub struct BranchMessage {
    /// The message.
    pub message: Message,
    /// Its position among the messages with the same parent, when there are several.
    pub sibling: Option<SiblingPosition>,
}

/// A message's position among the messages with the same parent, each of which begins a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiblingPosition {
    /// The number of siblings, this message included.
    pub count: i64,
    /// This message's position, from 1.
    pub position: i64,
    /// The sibling before it.
    pub previous: Option<MessageId>,
    /// The sibling after it.
    pub next: Option<MessageId>,
}

impl Conversations {
    /// A page of at most `limit` messages of a branch: of the one through the message `through`, or of the one that ends
    /// with the conversation's head.
    #[tracing::instrument(name = "conversations.branch_page", level = "debug", skip_all)]
    pub async fn branch_page(
        &self,
        principal: Principal<'_>,
        id: &str,
        through: Option<&str>,
        anchor: PageAnchor<'_>,
        limit: u32,
    ) -> Outcome<BranchPage> {
        let stored = self.stored(principal, id).await?;
        let tip = match through {
            Some(through) => Some(self.branch_tip(&stored, through).await?),
            None => stored.head_id.clone(),
        };
        let Some(tip) = tip else { return Ok(BranchPage::default()) };
        let limit = i64::from(limit.max(2));
        match anchor {
            PageAnchor::End => self.page_before(&stored, &tip, Some(&tip), limit).await,
            PageAnchor::Before(before) => {
                let before = self.stored_message(&stored, before).await?;
                self.page_before(&stored, &tip, before.parent_id.as_deref(), limit).await
            }
            PageAnchor::After(after) => {
                let after = self.stored_message(&stored, after).await?;
                let mut page = self.page_after(&stored, &tip, &after, limit + 1).await?;
                if !page.messages.is_empty() {
                    page.messages.remove(0);
                }
                page.has_earlier = true;
                Ok(page)
            }
            PageAnchor::Around(middle) => self.page_around(&stored, tip, middle, limit).await,
            PageAnchor::Only(only) => {
                validate_message_id(only)?;
                let mut page = self.page_before(&stored, &tip, Some(only), 1).await?;
                let last = page.messages.last().ok_or(ConversationError::MessageNotFound)?;
                page.has_later = last.message.id.as_str() != tip;
                Ok(page)
            }
        }
    }

    async fn page_around(
        &self,
        stored: &StoredConversation,
        mut tip: String,
        middle: &str,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let middle = self.stored_message(stored, middle).await?;
        let (above, below) = (limit / 3, limit - limit / 3);
        let mut after = self.page_after(stored, &tip, &middle, below).await?;
        let is_on_branch = after.messages.first().is_some_and(|first| first.message.id.as_str() == middle.id);
        if !is_on_branch {
            tip = self.branch_tip(stored, &middle.id).await?;
            after = self.page_after(stored, &tip, &middle, below).await?;
        }
        // Near the tip there is room for more messages before.
        let room = limit - i64::try_from(after.messages.len()).unwrap_or(limit);
        let before = self.page_before(stored, &tip, middle.parent_id.as_deref(), room.max(above)).await?;
        let messages = before.messages.into_iter().chain(after.messages).collect();
        Ok(BranchPage { messages, has_earlier: before.has_earlier, ..after })
    }

    /// The page that ends with the message `last`, which is on the branch of `tip`.
    async fn page_before(
        &self,
        stored: &StoredConversation,
        tip: &str,
        last: Option<&str>,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let mut found = Vec::new();
        let mut siblings = HashMap::new();
        if let Some(last) = last {
            found = self.database.read_branch(stored.no, last, limit).await?;
            siblings = self.sibling_positions(stored, &found).await?;
        }
        let has_earlier = found.last().is_some_and(|first| first.parent_id.is_some());
        let has_later = found.first().is_none_or(|last| last.id != tip);
        found.reverse();
        Ok(page(stored, tip, found, siblings, (has_earlier, has_later)))
    }

    /// The page that begins with the message `first`; empty when it is not on the branch of `tip`.
    async fn page_after(
        &self,
        stored: &StoredConversation,
        tip: &str,
        first: &StoredMessage,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let found = self.database.read_branch_from(stored.no, tip, first.no, limit).await?;
        let mut newest_first = found.clone();
        newest_first.reverse();
        let siblings = self.sibling_positions(stored, &newest_first).await?;
        let has_later = found.last().is_some_and(|last| last.id != tip);
        Ok(page(stored, tip, found, siblings, (first.parent_id.is_some(), has_later)))
    }

    /// The sibling positions of consecutive messages, by message number.
    async fn sibling_positions(
        &self,
        stored: &StoredConversation,
        newest_first: &[StoredMessage],
    ) -> Outcome<HashMap<i64, SiblingPosition>> {
        let Some(last) = newest_first.first() else { return Ok(HashMap::new()) };
        let count = i64::try_from(newest_first.len()).unwrap_or(i64::MAX);
        let mut siblings = self.database.read_siblings(stored.no, &last.id, count).await?;
        if let Some(first) = newest_first.last().filter(|first| first.parent_id.is_none()) {
            siblings.extend(self.database.read_siblings_of_first(stored.no, first.no).await?);
        }
        let mut positions = HashMap::new();
        for it in siblings {
            let (previous, next) = (self.message_id(it.before).await?, self.message_id(it.after).await?);
            let position = SiblingPosition { count: it.count, position: it.position, previous, next };
            positions.insert(it.no, position);
        }
        Ok(positions)
    }

    async fn message_id(&self, no: Option<i64>) -> Outcome<Option<MessageId>> {
        let Some(no) = no else { return Ok(None) };
        Ok(self.database.find_message_id(no).await?.map(MessageId::stored))
    }

    async fn stored_message(&self, stored: &StoredConversation, id: &str) -> Outcome<StoredMessage> {
        validate_message_id(id)?;
        self.database.find_message(stored.no, id).await?.ok_or(ConversationError::MessageNotFound)
    }

    async fn branch_tip(&self, stored: &StoredConversation, through: &str) -> Outcome<String> {
        validate_message_id(through)?;
        let tip = self.database.find_branch_tip(stored.no, through).await?;
        tip.ok_or(ConversationError::MessageNotFound)
    }
}

fn page(
    stored: &StoredConversation,
    tip: &str,
    found: Vec<StoredMessage>,
    mut siblings: HashMap<i64, SiblingPosition>,
    (has_earlier, has_later): (bool, bool),
) -> BranchPage {
    let messages = found.into_iter().map(|found| {
        let sibling = siblings.remove(&found.no);
        BranchMessage { message: message(&stored.id, found), sibling }
    });
    let tip = Some(MessageId::stored(tip.to_owned()));
    BranchPage { messages: messages.collect(), has_earlier, has_later, tip }
}
