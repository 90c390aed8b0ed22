//! Full-text search in a user's messages.

use ::search::{Query, Snippet, TermPrefix};
use contract::{
    Problem, Problems, Reason,
    conversations::{
        ConversationId, Hit, HitConversation, HitMessage, MessageId, Page, Passage, PassagePart, RawJson,
        Role, parts_of, plain_text,
    },
};
use storage::conversations::{FoundMessage, SEQ_BITS};

use super::{ConversationScope, Conversations, Outcome, PageRequest, Principal, paginate};

/// The width of a hit's snippet, in characters.
const SNIPPET_WIDTH: usize = 160;

impl Conversations {
    /// The messages that match a query: the newest conversation first, and in it the newest message. A query
    /// without a word is invalid. [`Query`] describes the syntax; the last word matches as a prefix.
    #[tracing::instrument(name = "conversations.search", level = "debug", skip_all)]
    pub async fn search(
        &self,
        principal: Principal<'_>,
        query: &str,
        page: PageRequest<'_>,
    ) -> Outcome<Page<Hit>> {
        let Some(query) = Query::parse(query, true) else {
            let wanted = Reason::Wanted("expected at least one word to look for".into());
            return Err(Problems::from(Problem::invalid("q", wanted)).into());
        };
        let user_id = principal.user_id;
        let prefix = TermPrefix::of(user_id);
        let terms = self.database.terms(|| query.fts5(&prefix), || query.tsquery(&prefix));
        // The parsed terms name the list, so that a cursor fits every spelling of the same query.
        let list = match principal.scope {
            ConversationScope::All => format!("search:{}", terms.0),
            ConversationScope::Client(id) => format!("search of {id}:{}", terms.0),
        };
        let before = self.cursors.read(user_id, &list, page.cursor)?.map_or(i64::MAX, |(no, _)| no);
        let rows = page.rows();
        let mut found = self.database.search_messages(principal.owner(), &terms, before, rows + 1).await?;
        let next_cursor = paginate(&mut found, rows, |last| self.cursors.write(user_id, &list, (last.no, 0)));
        let mut items = Vec::with_capacity(found.len());
        for found in found {
            items.push(hit(&query, found));
            // The snippet of a long message takes a while; other tasks get their turn between two.
            tokio::task::yield_now().await;
        }
        Ok(Page { items, next_cursor })
    }
}

fn hit(query: &Query, found: FoundMessage) -> Hit {
    let parts = parts_of(&RawJson::stored(found.parts));
    Hit {
        conversation: HitConversation {
            id: ConversationId::stored(found.conversation_id),
            title: found.title,
            opening: found.opening,
        },
        message: HitMessage {
            id: MessageId::stored(found.id),
            seq: found.no & ((1 << SEQ_BITS) - 1),
            role: found.role.parse().unwrap_or(Role::System),
            created_at: found.created_at,
        },
        passage: passage(query.snippet(&plain_text(&parts), SNIPPET_WIDTH)),
    }
}

fn passage(snippet: Snippet) -> Passage {
    let parts = snippet.parts.into_iter().map(|part| PassagePart { text: part.text, matched: part.matched });
    Passage { before_cut: snippet.before_cut, parts: parts.collect(), after_cut: snippet.after_cut }
}
