//! Adding one message each to several conversations, together.
//!
//! Many messages share what a few statements cost. They go to the database as JSON texts. On SQLite the words of all of
//! them come last, in one statement: FTS5 writes what it has gathered to its tables whenever another statement begins; one
//! alone goes by [`super::quick`] (`docs/adr/0016-adding-one-message.md`).

use std::collections::HashSet;

use serde::Serialize;
use sqlx::{FromRow, PgConnection, SqliteConnection};

use super::{
    AppendRequest, AppendedMessage, Draft,
    append_one_sqlite::{self, appended_message, as_simple_append},
    message::number,
};

const FIND_SQLITE: &str = "select j.value ->> 'at' as \"at\", c.no, c.message_count, c.revision, c.head_id
    from json_each($1) j cross join bookplate_conversations c
    where c.user_id = j.value ->> 'user' and c.id = j.value ->> 'conversation' and c.deleted_at is null
    and c.message_count < j.value ->> 'most'";
const INSERT_SQLITE: &str = "insert into bookplate_messages
    (no, conversation_no, id, parent_id, role, parts, status, model, usage, format, raw, metadata, begun_by, revision,
    created_at, updated_at)
    select value ->> 'no', value ->> 'conversation_no', value ->> 'id', value ->> 'parent_id', value ->> 'role',
    value ->> 'parts', value ->> 'status', value ->> 'model', value ->> 'usage', value ->> 'format', value ->> 'raw',
    value ->> 'metadata', value ->> 'begun_by', value ->> 'revision', value ->> 'now', value ->> 'now'
    from json_each($1) where true
    on conflict do nothing returning no";
const UPDATE_SQLITE: &str = "update bookplate_conversations as c set message_count = c.message_count + 1,
    revision = j.revision, head_id = j.id, updated_at = j.now, opening = coalesce(c.opening, j.opening),
    last_message_at = max(coalesce(c.last_message_at, j.now), j.now),
    active_at = max(coalesce(c.last_message_at, j.now), j.now)
    from (select value ->> 'conversation_no' as no, value ->> 'id' as id, value ->> 'opening' as opening,
    value ->> 'revision' as revision, value ->> 'now' as now from json_each($1)) j
    where c.no = j.no";
const INDEX_SQLITE: &str = "insert into bookplate_search (rowid, terms)
    select value ->> 'no', value ->> 'terms' from json_each($1)";

/// Conversations that somebody else is changing are left out, so that nobody waits for them. Each is looked for by itself:
/// joined, PostgreSQL would read all there are while they are few thousands.
const ADD_POSTGRES: &str = "with c as (
    select c.*, j.*
    from json_to_recordset($1::json) as j (
        \"at\" bigint, \"user\" text, conversation text, id text, role text, parts text, status text, model text,
        usage text, format text, raw text, metadata text, begun_by text, now bigint, most bigint, terms text,
        opening text
    )
    cross join lateral (
        select c.no, c.message_count, c.revision, c.head_id, c.last_message_at from bookplate_conversations c
        where c.user_id = j.\"user\" and c.id = j.conversation
        and c.deleted_at is null and c.message_count < j.most
        for no key update skip locked
    ) c),
    m as (insert into bookplate_messages
        (no, conversation_no, id, parent_id, role, parts, status, model, usage, format, raw, metadata, begun_by, revision,
        created_at, updated_at, terms)
        select (c.no << 20) | (c.message_count + 1), c.no, c.id, c.head_id, c.role, c.parts, c.status, c.model, c.usage,
        c.format, c.raw, c.metadata, c.begun_by, c.revision + 1, c.now, c.now, c.terms::tsvector from c
        on conflict do nothing returning no, conversation_no, parent_id, revision),
    u as (update bookplate_conversations t set message_count = c.message_count + 1, revision = c.revision + 1,
        head_id = c.id, updated_at = c.now, opening = coalesce(t.opening, c.opening),
        last_message_at = greatest(c.last_message_at, c.now), active_at = greatest(c.last_message_at, c.now)
        from c where t.no = c.no and t.no = any (array (select conversation_no from m)))
    select c.\"at\", m.no, m.parent_id, m.revision from m join c on c.no = m.conversation_no";

pub(super) const SQLITE: &[&str] = &[FIND_SQLITE, INSERT_SQLITE, UPDATE_SQLITE, INDEX_SQLITE];
pub(super) const POSTGRES: &[&str] = &[ADD_POSTGRES];

/// What a conversation is found by. SQLite takes each JSON text apart anew for each statement, so each gets what it needs.
#[derive(Serialize)]
struct Key<'a> {
    at: usize,
    user: &'a str,
    conversation: &'a str,
    most: i64,
}

/// A message on its way to the database.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    role: &'a str,
    parts: &'a str,
    status: &'a str,
    model: &'a Option<String>,
    usage: &'a Option<String>,
    format: &'a Option<String>,
    raw: &'a Option<String>,
    metadata: &'a Option<String>,
    begun_by: Option<&'a str>,
    now: i64,
}

/// A message, and where it is to stand.
#[derive(Serialize)]
struct SqliteMessageRow<'a> {
    no: i64,
    conversation_no: i64,
    parent_id: &'a Option<String>,
    revision: i64,
    #[serde(flatten)]
    row: Row<'a>,
}

/// What a message changes about its conversation.
#[derive(Serialize)]
struct ConversationPatch<'a> {
    conversation_no: i64,
    id: &'a str,
    opening: &'a Option<String>,
    revision: i64,
    now: i64,
}

/// What a message can be found by.
#[derive(Serialize)]
struct IndexRow<'a> {
    no: i64,
    terms: &'a str,
}

/// Everything at once.
#[derive(Serialize)]
struct PgAppendRow<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    #[serde(flatten)]
    row: Row<'a>,
    terms: &'a str,
    opening: &'a Option<String>,
}

#[derive(FromRow)]
struct LockedConversation {
    at: i64,
    no: i64,
    message_count: i64,
    revision: i64,
    head_id: Option<String>,
}

impl LockedConversation {
    const fn place(&self) -> i64 {
        number(self.no, self.message_count + 1)
    }

    fn asked<'a>(&self, appendings: &'a [AppendRequest<'a>]) -> Option<(&'a AppendRequest<'a>, &'a Draft)> {
        let appending = appendings.get(usize::try_from(self.at).ok()?)?;
        Some((appending, as_simple_append(appending)?))
    }

    fn placed<'a>(&'a self, appendings: &'a [AppendRequest<'a>]) -> Option<SqliteMessageRow<'a>> {
        let (appending, draft) = self.asked(appendings)?;
        Some(SqliteMessageRow {
            no: self.place(),
            conversation_no: self.no,
            parent_id: &self.head_id,
            revision: self.revision + 1,
            row: row(appending, draft),
        })
    }

    fn head<'a>(&self, appendings: &'a [AppendRequest<'a>]) -> Option<ConversationPatch<'a>> {
        let (appending, draft) = self.asked(appendings)?;
        Some(ConversationPatch {
            conversation_no: self.no,
            id: &draft.id,
            opening: &draft.opening,
            revision: self.revision + 1,
            now: appending.writer.now.millis(),
        })
    }

    fn words<'a>(&self, appendings: &'a [AppendRequest<'a>]) -> Option<IndexRow<'a>> {
        let (_, draft) = self.asked(appendings)?;
        Some(IndexRow { no: self.place(), terms: &draft.terms.0 }).filter(|words| !words.terms.is_empty())
    }
}

#[derive(FromRow)]
struct Added {
    at: i64,
    no: i64,
    parent_id: Option<String>,
    revision: i64,
}

/// A connection that knows the way.
pub(super) trait BatchAppend {
    /// Adds one message to each of several conversations, no two the same, all of them plain. One that does not fit is `None`, and nothing
    /// was changed for it.
    async fn add_all(
        &mut self,
        appendings: &[AppendRequest<'_>],
    ) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error>;
}

impl BatchAppend for SqliteConnection {
    async fn add_all(
        &mut self,
        appendings: &[AppendRequest<'_>],
    ) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error> {
        if let [appending] = appendings {
            return Ok(vec![append_one_sqlite::add(self, appending).await?]);
        }
        let keys: Vec<_> = simple_appends(appendings).map(|(at, appending, _)| key(at, appending)).collect();
        let mut found: Vec<LockedConversation> =
            sqlx::query_as(FIND_SQLITE).bind(json(&keys)?).fetch_all(&mut *self).await?;
        let rows: Vec<_> = found.iter().filter_map(|found| found.placed(appendings)).collect();
        let inserted: Vec<(i64,)> =
            sqlx::query_as(INSERT_SQLITE).bind(json(&rows)?).fetch_all(&mut *self).await?;
        let inserted: HashSet<i64> = inserted.into_iter().map(|(no,)| no).collect();
        found.retain(|found| inserted.contains(&found.place()));
        let heads: Vec<_> = found.iter().filter_map(|found| found.head(appendings)).collect();
        sqlx::query(UPDATE_SQLITE).bind(json(&heads)?).execute(&mut *self).await?;
        let words: Vec<_> = found.iter().filter_map(|found| found.words(appendings)).collect();
        sqlx::query(INDEX_SQLITE).bind(json(&words)?).execute(&mut *self).await?;
        let added = found.into_iter().map(|found| Added {
            at: found.at,
            no: found.place(),
            revision: found.revision + 1,
            parent_id: found.head_id,
        });
        Ok(outcomes(appendings, added))
    }
}

impl BatchAppend for PgConnection {
    async fn add_all(
        &mut self,
        appendings: &[AppendRequest<'_>],
    ) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error> {
        let whole = simple_appends(appendings).map(|(at, appending, draft)| PgAppendRow {
            key: key(at, appending),
            row: row(appending, draft),
            terms: &draft.terms.0,
            opening: &draft.opening,
        });
        let rows = json(&whole.collect::<Vec<_>>())?;
        let added: Vec<Added> = sqlx::query_as(ADD_POSTGRES).bind(rows).fetch_all(self).await?;
        Ok(outcomes(appendings, added.into_iter()))
    }
}

/// Each with its one message, and where it is among all.
fn simple_appends<'a>(
    appendings: &'a [AppendRequest<'a>],
) -> impl Iterator<Item = (usize, &'a AppendRequest<'a>, &'a Draft)> {
    appendings
        .iter()
        .enumerate()
        .filter_map(|(at, appending)| Some((at, appending, as_simple_append(appending)?)))
}

fn key<'a>(at: usize, appending: &'a AppendRequest<'_>) -> Key<'a> {
    Key { at, user: appending.user_id, conversation: appending.conversation_id, most: appending.most() }
}

fn row<'a>(appending: &'a AppendRequest<'_>, draft: &'a Draft) -> Row<'a> {
    Row {
        id: &draft.id,
        role: &draft.role,
        parts: &draft.content.parts,
        status: &draft.content.status,
        model: &draft.content.model,
        usage: &draft.content.usage,
        format: &draft.content.format,
        raw: &draft.content.raw,
        metadata: &draft.content.metadata,
        begun_by: appending.writer.token_id,
        now: appending.writer.now.millis(),
    }
}

fn json<T: Serialize>(rows: &[T]) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn outcomes(
    appendings: &[AppendRequest<'_>],
    added: impl Iterator<Item = Added>,
) -> Vec<Option<AppendedMessage>> {
    let mut outcomes: Vec<Option<AppendedMessage>> = appendings.iter().map(|_| None).collect();
    for Added { at, no, parent_id, revision } in added {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some(appending) = appendings.get(at) else { continue };
        if let (Some(outcome), Some(draft)) = (outcomes.get_mut(at), as_simple_append(appending)) {
            *outcome = Some(appended_message(appending, draft, (no, parent_id, revision)));
        }
    }
    outcomes
}
