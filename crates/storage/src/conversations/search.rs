//! Finding messages by their words: FTS5 on SQLite, tsvector on PostgreSQL. This is the one thing the databases do
//! differently, and all of it stands here.
//!
//! Terms carry their owner, so no list of places is shared between readers, and a search reads its own reader's alone.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, StorageError, database::on_connection};

/// The terms of a text, or what is looked for, in the words of the database at hand. FTS5 has terms with blanks between
/// them, and MATCH expressions; PostgreSQL the text forms of tsvector and tsquery.
#[derive(Debug, Clone, Default)]
pub struct Terms(pub String);

/// A message that was found, and the conversation it is in.
#[derive(Debug, FromRow)]
pub struct FoundMessage {
    /// Its number, by which the next page begins.
    pub no: i64,
    /// Its name.
    pub id: String,
    /// Who speaks.
    pub role: String,
    /// What is said.
    pub parts: String,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// The conversation's name.
    pub conversation_id: String,
    /// What the conversation is called.
    pub title: Option<String>,
    /// How it begins.
    pub opening: Option<String>,
}

macro_rules! insert_message {
    ($columns:literal, $values:literal) => {
        concat!(
            "insert into bookplate_messages (no, conversation_no, id, parent_id, role, parts, status, model, usage,
    format, raw, metadata, begun_by, revision, created_at, updated_at",
            $columns,
            ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15",
            $values,
            ")"
        )
    };
}

pub(super) const INSERT_SQLITE: &str = insert_message!("", "");
pub(super) const INDEX_SQLITE: &str = "insert into bookplate_search (rowid, terms) values ($1, $2)";
pub(super) const UNINDEX_SQLITE: &str = "delete from bookplate_search where rowid = $1";
const SEARCH_SQLITE: &str =
    "select m.no, m.id, m.role, m.parts, m.created_at, c.id as conversation_id, c.title, c.opening
    from bookplate_search s join bookplate_messages m on m.no = s.rowid
    join bookplate_conversations c on c.no = m.conversation_no and c.user_id = $3 and c.deleted_at is null
    where s.terms match $1 and s.rowid < $2 order by s.rowid desc limit $4";
pub(super) const SQLITE: &[&str] = &[INSERT_SQLITE, INDEX_SQLITE, UNINDEX_SQLITE, SEARCH_SQLITE];

pub(super) const INSERT_POSTGRES: &str = insert_message!(", terms", ", $16::tsvector");
pub(super) const INDEX_POSTGRES: &str = "update bookplate_messages set terms = $2::tsvector where no = $1";
/// The terms name the reader, so the index alone finds their messages: it is asked once, before anything else. Left to
/// itself, the planner asks it again for each of the reader's conversations.
const SEARCH_POSTGRES: &str = "with f as materialized (
        select no, conversation_no from bookplate_messages where terms @@ $1::tsquery
    ),
    h as materialized (
        select f.no, c.id as conversation_id, c.title, c.opening from f
        join bookplate_conversations c on c.no = f.conversation_no and c.user_id = $3 and c.deleted_at is null
        where f.no < $2 order by f.no desc limit $4
    )
    select m.no, m.id, m.role, m.parts, m.created_at, h.conversation_id, h.title, h.opening
    from h join bookplate_messages m on m.no = h.no order by m.no desc";
pub(super) const POSTGRES: &[&str] = &[INSERT_POSTGRES, INDEX_POSTGRES, SEARCH_POSTGRES];

impl Database {
    /// The messages of a reader that hold what is looked for, numbered below `before`: the newest conversation first, and
    /// in it the newest message.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn search_messages(
        &self,
        user_id: &str,
        wanted: &Terms,
        before: i64,
        limit: i64,
    ) -> Result<Vec<FoundMessage>, StorageError> {
        Ok(match self {
            Self::Sqlite(pool) => {
                let search = sqlx::query_as(SEARCH_SQLITE).bind(&wanted.0).bind(before).bind(user_id);
                on_connection!(pool, |connection| search.bind(limit).fetch_all(connection).await?)
            }
            Self::Postgres(pool) => {
                let search = sqlx::query_as(SEARCH_POSTGRES).bind(&wanted.0).bind(before).bind(user_id);
                on_connection!(pool, |connection| search.bind(limit).fetch_all(connection).await?)
            }
        })
    }
}
