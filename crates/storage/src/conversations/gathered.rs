//! Adding one message each to several conversations, together.
//!
//! Many messages share what a few statements cost. They go to the database as one JSON text. On SQLite the words of all of
//! them come last, in one statement: FTS5 writes what it has gathered to its tables whenever another statement begins; one
//! alone goes by [`super::quick`] (`docs/adr/0016-adding-one-message.md`).

use std::collections::HashSet;

use serde::Serialize;
use sqlx::{FromRow, PgConnection, SqliteConnection};

use super::{
    Appending, Written,
    message::number,
    quick::{self, plain, written},
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
    select value ->> 'no', value ->> 'terms' from json_each($1) where value ->> 'terms' <> ''";

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

/// What a conversation is found by; a message's texts would go to the database for nothing.
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
    at: usize,
    user: &'a str,
    conversation: &'a str,
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
    most: i64,
    terms: &'a str,
    opening: &'a Option<String>,
    #[serde(flatten)]
    place: Option<Place>,
}

impl Row<'_> {
    const fn key(&self) -> Key<'_> {
        Key { at: self.at, user: self.user, conversation: self.conversation, most: self.most }
    }
}

/// Where it is to stand.
#[derive(Clone, Serialize)]
struct Place {
    no: i64,
    conversation_no: i64,
    parent_id: Option<String>,
    revision: i64,
}

#[derive(FromRow)]
struct Found {
    at: i64,
    no: i64,
    message_count: i64,
    revision: i64,
    head_id: Option<String>,
}

#[derive(FromRow)]
struct Added {
    at: i64,
    no: i64,
    parent_id: Option<String>,
    revision: i64,
}

/// A connection that knows the way.
pub(super) trait GatheredConnection {
    /// Adds one message to each of several conversations, no two the same, all of them plain. One that does not fit is `None`, and nothing
    /// was changed for it.
    async fn add_all(&mut self, appendings: &[Appending<'_>]) -> Result<Vec<Option<Written>>, sqlx::Error>;
}

impl GatheredConnection for SqliteConnection {
    async fn add_all(&mut self, appendings: &[Appending<'_>]) -> Result<Vec<Option<Written>>, sqlx::Error> {
        if let [appending] = appendings {
            return Ok(vec![quick::add(self, appending).await?]);
        }
        let mut rows = rows(appendings);
        let keys: Vec<_> = rows.iter().map(Row::key).collect();
        let found: Vec<Found> = sqlx::query_as(FIND_SQLITE).bind(json(&keys)?).fetch_all(&mut *self).await?;
        for Found { at, no, message_count, revision, head_id } in found {
            if let Some(row) = rows.iter_mut().find(|row| i64::try_from(row.at) == Ok(at)) {
                let place = number(no, message_count + 1);
                let revision = revision + 1;
                row.place = Some(Place { no: place, conversation_no: no, parent_id: head_id, revision });
            }
        }
        rows.retain(|row| row.place.is_some());
        let mut added = json(&rows)?;
        let inserted: Vec<(i64,)> = sqlx::query_as(INSERT_SQLITE).bind(&added).fetch_all(&mut *self).await?;
        if inserted.len() < rows.len() {
            let inserted: HashSet<i64> = inserted.into_iter().map(|(no,)| no).collect();
            rows.retain(|row| row.place.as_ref().is_some_and(|place| inserted.contains(&place.no)));
            added = json(&rows)?;
        }
        sqlx::query(UPDATE_SQLITE).bind(&added).execute(&mut *self).await?;
        sqlx::query(INDEX_SQLITE).bind(&added).execute(&mut *self).await?;
        let added = rows.into_iter().filter_map(|row| {
            let Place { no, parent_id, revision, .. } = row.place?;
            Some(Added { at: i64::try_from(row.at).ok()?, no, parent_id, revision })
        });
        Ok(outcomes(appendings, added))
    }
}

impl GatheredConnection for PgConnection {
    async fn add_all(&mut self, appendings: &[Appending<'_>]) -> Result<Vec<Option<Written>>, sqlx::Error> {
        let rows = json(&rows(appendings))?;
        let added: Vec<Added> = sqlx::query_as(ADD_POSTGRES).bind(rows).fetch_all(self).await?;
        Ok(outcomes(appendings, added.into_iter()))
    }
}

fn rows<'a>(appendings: &'a [Appending<'a>]) -> Vec<Row<'a>> {
    let row = |(at, appending): (usize, &'a Appending<'a>)| {
        let draft = plain(appending)?;
        Some(Row {
            at,
            user: appending.user_id,
            conversation: appending.conversation_id,
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
            most: appending.most(),
            terms: &draft.terms.0,
            opening: &draft.opening,
            place: None,
        })
    };
    appendings.iter().enumerate().filter_map(row).collect()
}

fn json<T: Serialize>(rows: &[T]) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn outcomes(appendings: &[Appending<'_>], added: impl Iterator<Item = Added>) -> Vec<Option<Written>> {
    let mut outcomes: Vec<Option<Written>> = appendings.iter().map(|_| None).collect();
    for Added { at, no, parent_id, revision } in added {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some(appending) = appendings.get(at) else { continue };
        if let (Some(outcome), Some(draft)) = (outcomes.get_mut(at), plain(appending)) {
            *outcome = Some(written(appending, draft, (no, parent_id, revision)));
        }
    }
    outcomes
}
