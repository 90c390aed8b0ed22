//! Reading a conversation as its pages show it: one branch, a page at a time.

use std::collections::HashMap;

use contract::conversations::{ItemId, Message};
use storage::conversations::{StoredConversation, StoredMessage};

use super::{ConversationError, Conversations, Outcome, check_message, to_wire::message};

/// Which page of a branch is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAnchor<'a> {
    /// The last one.
    End,
    /// The one that ends before this message.
    Before(&'a str),
    /// The one that begins after this message.
    After(&'a str),
    /// The one that has this message in it, on the branch that is shown if it is there, else on one that goes through it.
    Around(&'a str),
    /// This message alone.
    Only(&'a str),
}

/// Some messages of a branch in their order.
#[derive(Debug, Clone, Default)]
pub struct BranchPage {
    /// The messages.
    pub turns: Vec<BranchMessage>,
    /// Whether the branch has messages before them.
    pub goes_up: bool,
    /// Whether the branch has messages after them.
    pub goes_on: bool,
    /// The last message of the branch.
    pub end: Option<ItemId>,
}

/// A message on its branch.
#[derive(Debug, Clone)]
pub struct BranchMessage {
    /// The message.
    pub message: Message,
    /// Where it stands among those that follow the same message, when there are several.
    pub fork: Option<SiblingPosition>,
}

/// A place where a conversation goes on in several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiblingPosition {
    /// How many ways there are.
    pub count: i64,
    /// Which of them this is, from 1 on.
    pub position: i64,
    /// The message of the way before it.
    pub before: Option<ItemId>,
    /// The message of the way after it.
    pub after: Option<ItemId>,
}

impl Conversations {
    /// A page of a branch: of the one that goes through the message called `through`, or of the one that is shown.
    /// `limit` messages at most.
    ///
    /// # Errors
    /// [`ConversationError`].
    pub async fn branch_page(
        &self,
        user_id: &str,
        id: &str,
        through: Option<&str>,
        place: PageAnchor<'_>,
        limit: u32,
    ) -> Outcome<BranchPage> {
        let stored = self.stored(user_id, id).await?;
        let end = match through {
            Some(through) => Some(self.branch_tip(&stored, through).await?),
            None => stored.head_id.clone(),
        };
        let Some(end) = end else { return Ok(BranchPage::default()) };
        let limit = i64::from(limit.max(2));
        match place {
            PageAnchor::End => self.page_before(&stored, &end, Some(&end), limit).await,
            PageAnchor::Before(before) => {
                let before = self.message_of(&stored, before).await?;
                self.page_before(&stored, &end, before.parent_id.as_deref(), limit).await
            }
            PageAnchor::After(after) => {
                let after = self.message_of(&stored, after).await?;
                let mut page = self.page_after(&stored, &end, &after, limit + 1).await?;
                if !page.turns.is_empty() {
                    page.turns.remove(0);
                }
                page.goes_up = true;
                Ok(page)
            }
            PageAnchor::Around(middle) => self.around(&stored, end, middle, limit).await,
            PageAnchor::Only(only) => {
                check_message(only)?;
                let mut page = self.page_before(&stored, &end, Some(only), 1).await?;
                if page.turns.is_empty() {
                    return Err(ConversationError::NoMessage);
                }
                page.goes_on = page.turns.last().is_some_and(|turn| turn.message.id.as_str() != end);
                Ok(page)
            }
        }
    }

    async fn around(
        &self,
        stored: &StoredConversation,
        end: String,
        middle: &str,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let middle = self.message_of(stored, middle).await?;
        let (above, below) = (limit / 3, limit - limit / 3);
        let mut end = end;
        let mut after = self.page_after(stored, &end, &middle, below).await?;
        let is_on_it = after.turns.first().is_some_and(|turn| turn.message.id.as_str() == middle.id);
        if !is_on_it {
            end = self.branch_tip(stored, &middle.id).await?;
            after = self.page_after(stored, &end, &middle, below).await?;
        }
        // Near the end of a short branch there is room for more of what comes before.
        let room = limit - i64::try_from(after.turns.len()).unwrap_or(limit);
        let before = middle.parent_id.as_deref();
        let before = self.page_before(stored, &end, before, room.max(above)).await?;
        let turns = before.turns.into_iter().chain(after.turns).collect();
        Ok(BranchPage { turns, goes_up: before.goes_up, ..after })
    }

    /// The messages up from `from`, which is on the branch that ends with `end`.
    async fn page_before(
        &self,
        stored: &StoredConversation,
        end: &str,
        from: Option<&str>,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let mut found = Vec::new();
        let mut forks = HashMap::new();
        if let Some(from) = from {
            found = self.database.read_branch(stored.no, from, limit).await?;
            forks = self.forks(stored, &found).await?;
        }
        let goes_up = found.last().is_some_and(|first| first.parent_id.is_some());
        let goes_on = found.first().is_none_or(|last| last.id != end);
        found.reverse();
        Ok(BranchPage { turns: turns(stored, found, forks), goes_up, goes_on, end: Some(name(end)) })
    }

    /// A message and those after it on the branch that ends with `end`.
    async fn page_after(
        &self,
        stored: &StoredConversation,
        end: &str,
        from: &StoredMessage,
        limit: i64,
    ) -> Outcome<BranchPage> {
        let found = self.database.read_branch_from(stored.no, end, from.no, limit).await?;
        let mut last_first = found.clone();
        last_first.reverse();
        let forks = self.forks(stored, &last_first).await?;
        let goes_up = from.parent_id.is_some();
        let goes_on = found.last().is_some_and(|last| last.id != end);
        Ok(BranchPage { turns: turns(stored, found, forks), goes_up, goes_on, end: Some(name(end)) })
    }

    /// The forks of a stretch that is given from its end upwards, by number of message.
    async fn forks(
        &self,
        stored: &StoredConversation,
        last_first: &[StoredMessage],
    ) -> Outcome<HashMap<i64, SiblingPosition>> {
        let Some(last) = last_first.first() else { return Ok(HashMap::new()) };
        let count = i64::try_from(last_first.len()).unwrap_or(i64::MAX);
        let mut siblings = self.database.read_siblings(stored.no, &last.id, count).await?;
        if let Some(first) = last_first.last().filter(|first| first.parent_id.is_none()) {
            siblings.extend(self.database.read_siblings_of_first(stored.no, first.no).await?);
        }
        let mut forks = HashMap::new();
        for it in siblings {
            let (before, after) = (self.named(it.before).await?, self.named(it.after).await?);
            forks.insert(it.no, SiblingPosition { count: it.count, position: it.position, before, after });
        }
        Ok(forks)
    }

    async fn named(&self, no: Option<i64>) -> Outcome<Option<ItemId>> {
        let Some(no) = no else { return Ok(None) };
        Ok(self.database.find_message_id(no).await?.map(ItemId::stored))
    }

    async fn message_of(&self, stored: &StoredConversation, id: &str) -> Outcome<StoredMessage> {
        check_message(id)?;
        self.database.find_message(stored.no, id).await?.ok_or(ConversationError::NoMessage)
    }

    async fn branch_tip(&self, stored: &StoredConversation, through: &str) -> Outcome<String> {
        check_message(through)?;
        let end = self.database.find_branch_tip(stored.no, through).await?;
        end.ok_or(ConversationError::NoMessage)
    }
}

fn turns(
    stored: &StoredConversation,
    found: Vec<StoredMessage>,
    mut forks: HashMap<i64, SiblingPosition>,
) -> Vec<BranchMessage> {
    let turn = |found: StoredMessage| {
        let fork = forks.remove(&found.no);
        BranchMessage { message: message(&stored.id, found), fork }
    };
    found.into_iter().map(turn).collect()
}

fn name(id: &str) -> ItemId {
    ItemId::stored(id.to_owned())
}
