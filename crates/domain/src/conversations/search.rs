//! Finding messages by their words.

use contract::{
    Problem, Problems, Reason,
    conversations::{
        Hit, HitConversation, HitMessage, ItemId, Page, Passage, PassagePart, RawJson, Role, parts_of,
        plain_text,
    },
};
use storage::conversations::{FoundMessage, SEQ_BITS};

use super::{ConversationError, Conversations, PageRequest, paginate};
use ::search::{Query, Snippet, TermPrefix};

/// Characters of a message that a hit shows.
const PASSAGE: usize = 160;

impl Conversations {
    /// The reader's messages that hold what is looked for: the newest conversation first, and in it the newest message.
    /// All words have to be there, in any order; words in quotes as they stand; the last word may be a beginning.
    ///
    /// # Errors
    /// [`ConversationError`]; there is no search without a word.
    pub async fn search(
        &self,
        user_id: &str,
        words: &str,
        asked: PageRequest<'_>,
    ) -> Result<Page<Hit>, ConversationError> {
        let Some(query) = Query::parse(words, true) else {
            let wanted = Reason::Wanted("expected at least one word to look for".into());
            return Err(Problems::from(Problem::invalid("q", wanted)).into());
        };
        let owner = TermPrefix::of(user_id);
        let wanted = self.database.terms(|| query.fts5(&owner), || query.tsquery(&owner));
        // What is looked for, and not how it was typed, is the list.
        let list = format!("search:{}", wanted.0);
        let before = self.cursors.read(user_id, &list, asked.cursor)?.map_or(i64::MAX, |(no, _)| no);
        let rows = asked.rows();
        let mut found = self.database.search_messages(user_id, &wanted, before, rows + 1).await?;
        let next_cursor = paginate(&mut found, rows, |last| self.cursors.write(user_id, &list, (last.no, 0)));
        let mut items = Vec::with_capacity(found.len());
        for found in found {
            items.push(hit(&query, found));
            // Reading a long message again takes its time: others have their turn in between.
            tokio::task::yield_now().await;
        }
        Ok(Page { items, next_cursor })
    }
}

fn hit(query: &Query, found: FoundMessage) -> Hit {
    let parts = parts_of(&RawJson::stored(found.parts));
    Hit {
        conversation: HitConversation {
            id: ItemId::stored(found.conversation_id),
            title: found.title,
            opening: found.opening,
        },
        message: HitMessage {
            id: ItemId::stored(found.id),
            seq: found.no & ((1 << SEQ_BITS) - 1),
            role: Role::parse(&found.role).unwrap_or(Role::System),
            created_at: found.created_at,
        },
        passage: passage(query.snippet(&plain_text(&parts), PASSAGE)),
    }
}

fn passage(snippet: Snippet) -> Passage {
    let parts = snippet.parts.into_iter().map(|part| PassagePart { text: part.text, matched: part.matched });
    Passage { before_cut: snippet.before_cut, parts: parts.collect(), after_cut: snippet.after_cut }
}
