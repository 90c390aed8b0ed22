//! Full-text search: FTS5 on SQLite, `tsvector` on PostgreSQL (`docs/adr/0017-search.md`).

use contract::Timestamp;
use sqlx::FromRow;

use super::Owner;
use crate::{Database, StorageError, connection::Sql};

/// The terms of a text or of a query, in the syntax of the database they were made for by [`Database::terms`].
#[derive(Debug, Clone, Default)]
pub struct Terms(pub String);

/// A message that was found, and its conversation.
#[derive(Debug, FromRow)]
pub struct FoundMessage {
    /// Its number, by which the next page begins.
    pub no: i64,
    /// Its id.
    pub id: String,
    /// Its role.
    pub role: String,
    /// Its parts: a JSON array.
    pub parts: String,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// The conversation's id.
    pub conversation_id: String,
    /// The conversation's title.
    pub title: Option<String>,
    /// The beginning of the conversation.
    pub opening: Option<String>,
}

/// On PostgreSQL, the terms carry their user, so the index alone finds the user's messages: it is asked once, before
/// anything else. Left to itself, the planner asks it again for each of the user's conversations.
const SEARCH: Sql = Sql {
    sqlite: "select m.no, m.id, m.role, m.parts, m.created_at, c.id as conversation_id, c.title, c.opening
    from bookplate_search s join bookplate_messages m on m.no = s.rowid
    join bookplate_conversations c on c.no = m.conversation_no and c.user_id = $3 and c.deleted_at is null
        and (c.client_id = $5 or $5 is null)
    where s.terms match $1 and s.rowid < $2 order by s.rowid desc limit $4",
    postgres: "with f as materialized (
        select no, conversation_no from bookplate_messages where terms @@ $1::tsquery
    ),
    h as materialized (
        select f.no, c.id as conversation_id, c.title, c.opening from f
        join bookplate_conversations c on c.no = f.conversation_no and c.user_id = $3 and c.deleted_at is null
            and (c.client_id = $5 or $5 is null)
        where f.no < $2 order by f.no desc limit $4
    )
    select m.no, m.id, m.role, m.parts, m.created_at, h.conversation_id, h.title, h.opening
    from h join bookplate_messages m on m.no = h.no order by m.no desc",
};

pub(super) const DIFFERENT: &[Sql] = &[SEARCH];

impl Database {
    /// Terms in this database's syntax: `fts5` gives blank-separated terms or a MATCH expression, `postgres` the text form
    /// of a `tsvector` or a `tsquery`.
    pub fn terms(&self, fts5: impl FnOnce() -> String, postgres: impl FnOnce() -> String) -> Terms {
        Terms(match self {
            Self::Sqlite(_) => fts5(),
            Self::Postgres(_) => postgres(),
        })
    }

    /// The messages of a user that match, numbered below `before`: the newest conversation first, and in it the newest
    /// message.
    pub async fn search_messages(
        &self,
        owner: Owner<'_>,
        wanted: &Terms,
        before: i64,
        limit: i64,
    ) -> Result<Vec<FoundMessage>, StorageError> {
        let mut connection = self.connection().await?;
        let search = connection.query(SEARCH).bind(&wanted.0).bind(before).bind(owner.user_id).bind(limit);
        Ok(search.bind(owner.client_id()).fetch_all().await?)
    }
}
