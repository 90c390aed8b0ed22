//! Appending one message each to several conversations at once.
//!
//! The messages go to the database as JSON texts, so that any number of them needs one round trip
//! (`docs/adr/0016-appending-in-batches.md`).

use std::collections::HashMap;

use const_format::concatcp;
use serde::Serialize;
use sqlx::FromRow;

use super::{AppendRequest, AppendedMessage, Draft, StoredMessage, insert_message::NEW_COLUMNS};
use crate::{Database, connection::Connection};

/// Four statements that are sent as one text. $1 are the messages, $2 their terms, $3 their conversations: SQLite parses a
/// JSON text anew in each statement, so each gets what it needs.
///
/// Places have no gaps. So until the last statement counts it, a message at the next place is one that the first has just
/// inserted. FTS5 writes its pending terms whenever another statement begins, so all terms are inserted by one.
const APPEND_SQLITE: &str = concatcp!(
    "insert into bookplate_messages (",
    NEW_COLUMNS,
    ") select (c.no << 20) | (c.message_count + 1), c.no, j.value ->> 'id', c.head_id, j.value ->> 'role',
    j.value ->> 'parts', j.value ->> 'status', j.value ->> 'model', j.value ->> 'usage', j.value ->> 'format',
    j.value ->> 'raw', j.value ->> 'metadata', j.value ->> 'begun_by', c.revision + 1, j.value ->> 'now', j.value ->> 'now'
    from json_each($1) j cross join bookplate_conversations c cross join bookplate_storage s
    where c.user_id = j.value ->> 'user' and c.id = j.value ->> 'conversation' and c.deleted_at is null
    and c.message_count < j.value ->> 'most'
    and s.user_id = c.user_id and s.bytes + (j.value ->> 'upto') <= j.value ->> 'most_bytes'
    on conflict do nothing returning no, parent_id, revision,
    (select c.user_id from bookplate_conversations c where c.no = conversation_no) as user_id,
    (select c.id from bookplate_conversations c where c.no = conversation_no) as conversation_id;
    insert into bookplate_search (rowid, terms) select m.no, j.value ->> 'terms'
    from json_each($2) j cross join bookplate_conversations c
    cross join bookplate_messages m on m.no = (c.no << 20) | (c.message_count + 1)
    where c.user_id = j.value ->> 'user' and c.id = j.value ->> 'conversation';
    update bookplate_storage as s set bytes = s.bytes + added.size
    from (select c.user_id, sum(j.value ->> 'size') as size
        from json_each($3) j cross join bookplate_conversations c
        cross join bookplate_messages m on m.no = (c.no << 20) | (c.message_count + 1)
        where c.user_id = j.value ->> 'user' and c.id = j.value ->> 'conversation' group by c.user_id) added
    where s.user_id = added.user_id;
    update bookplate_conversations as c set message_count = c.message_count + 1, revision = c.revision + 1,
    head_id = m.id, updated_at = m.created_at, opening = coalesce(c.opening, j.value ->> 'opening'),
    last_message_at = max(coalesce(c.last_message_at, m.created_at), m.created_at),
    active_at = max(coalesce(c.last_message_at, m.created_at), m.created_at), bytes = c.bytes + (j.value ->> 'size')
    from json_each($3) j cross join bookplate_messages m
    where c.user_id = j.value ->> 'user' and c.id = j.value ->> 'conversation'
    and m.no = (c.no << 20) | (c.message_count + 1)"
);

/// A conversation, or a user's count of bytes, that another transaction is changing is skipped rather than waited for. Each
/// is looked up by itself: joined, PostgreSQL would read all conversations while they are few thousands.
const APPEND_POSTGRES: &str = concatcp!(
    "with c as (
    select c.*, j.*
    from json_to_recordset($1::json) as j (
        \"user\" text, conversation text, id text, role text, parts text, status text, model text, usage text,
        format text, raw text, metadata text, begun_by text, now bigint, most bigint, most_bytes bigint, size bigint, upto bigint,
        terms text, opening text
    )
    cross join lateral (
        select c.no, c.message_count, c.revision, c.head_id, c.last_message_at from bookplate_conversations c
        where c.user_id = j.\"user\" and c.id = j.conversation
        and c.deleted_at is null and c.message_count < j.most
        for no key update skip locked
    ) c
    cross join lateral (
        select s.bytes as stored from bookplate_storage s
        where s.user_id = j.\"user\" and s.bytes + j.upto <= j.most_bytes
        for no key update skip locked
    ) s),
    m as (insert into bookplate_messages (",
    NEW_COLUMNS,
    ", terms)
        select (c.no << 20) | (c.message_count + 1), c.no, c.id, c.head_id, c.role, c.parts, c.status, c.model, c.usage,
        c.format, c.raw, c.metadata, c.begun_by, c.revision + 1, c.now, c.now, c.terms::tsvector from c
        on conflict do nothing returning no, conversation_no, parent_id, revision),
    u as (update bookplate_conversations t set message_count = c.message_count + 1, revision = c.revision + 1,
        head_id = c.id, updated_at = c.now, opening = coalesce(t.opening, c.opening),
        last_message_at = greatest(c.last_message_at, c.now), active_at = greatest(c.last_message_at, c.now),
        bytes = t.bytes + c.size
        from c where t.no = c.no and t.no = any (array (select conversation_no from m))),
    s as (update bookplate_storage t set bytes = t.bytes + j.size
        from (select c.\"user\", sum(c.size)::bigint as size from c join m on m.conversation_no = c.no group by 1) j
        where t.user_id = j.\"user\")
    select m.no, m.parent_id, m.revision, c.\"user\" as user_id, c.conversation as conversation_id
    from m join c on c.no = m.conversation_no"
);

pub(super) const SQLITE: &[&str] = &[APPEND_SQLITE];
pub(super) const POSTGRES: &[&str] = &[APPEND_POSTGRES];

#[derive(Serialize)]
struct ConversationKey<'a> {
    user: &'a str,
    conversation: &'a str,
}

#[derive(Serialize)]
struct MessageRow<'a> {
    #[serde(flatten)]
    key: ConversationKey<'a>,
    most: i64,
    most_bytes: i64,
    size: i64,
    /// The sizes of this message and of those before it in the batch of the same user.
    upto: i64,
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

#[derive(Serialize)]
struct TermsRow<'a> {
    #[serde(flatten)]
    key: ConversationKey<'a>,
    terms: &'a str,
}

#[derive(Serialize)]
struct ConversationRow<'a> {
    #[serde(flatten)]
    key: ConversationKey<'a>,
    size: i64,
    opening: &'a Option<String>,
}

/// Everything of a message, for the one statement of PostgreSQL.
#[derive(Serialize)]
struct PgAppendRow<'a> {
    #[serde(flatten)]
    message: MessageRow<'a>,
    terms: &'a str,
    opening: &'a Option<String>,
}

#[derive(FromRow)]
struct Inserted {
    no: i64,
    parent_id: Option<String>,
    revision: i64,
    user_id: String,
    conversation_id: String,
}

/// How many bytes a batch stores for each of its users.
#[derive(Default)]
struct BatchBytes<'a>(HashMap<&'a str, i64>);

impl<'a> BatchBytes<'a> {
    /// Counts a message of a user; the sum so far.
    fn add(&mut self, user_id: &'a str, size: i64) -> i64 {
        let sum = self.0.entry(user_id).or_default();
        *sum += size;
        *sum
    }
}

/// The draft of a request that a batch can take: one new message after the head.
pub(super) fn as_simple_append<'a>(request: &AppendRequest<'a>) -> Option<&'a Draft> {
    match request.drafts {
        [draft] => Some(draft).filter(|draft| {
            draft.parent.is_none() && draft.created_at.is_none() && request.idempotency.is_none()
        }),
        _ => None,
    }
}

impl Database {
    /// Carries out simple requests for different conversations. `None` for one that does not fit: its conversation is
    /// missing, full or locked, its user has no room, or the message's id is taken. Nothing was changed for it.
    pub(super) async fn append_batch(
        &self,
        requests: &[AppendRequest<'_>],
    ) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error> {
        let simple: Vec<_> =
            requests.iter().filter_map(|request| Some((request, as_simple_append(request)?))).collect();
        let inserted = match self {
            Self::Sqlite(_) => {
                let mut tx = self.begin().await?;
                let inserted = insert_on_sqlite(&mut tx, &simple).await?;
                tx.commit().await?;
                inserted
            }
            Self::Postgres(_) => insert_on_postgres(&mut self.connection().await?, &simple).await?,
        };
        let mut by_conversation: HashMap<_, _> = inserted
            .into_iter()
            .map(|row| ((row.user_id.clone(), row.conversation_id.clone()), row))
            .collect();
        let outcome = |request: &AppendRequest<'_>| {
            let key = (request.user_id.to_owned(), request.conversation_id.to_owned());
            Some(appended_message(request, as_simple_append(request)?, by_conversation.remove(&key)?))
        };
        Ok(requests.iter().map(outcome).collect())
    }
}

async fn insert_on_sqlite(
    connection: &mut Connection,
    requests: &[(&AppendRequest<'_>, &Draft)],
) -> Result<Vec<Inserted>, sqlx::Error> {
    let (mut messages, mut terms, mut conversations) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = BatchBytes::default();
    for &(request, draft) in requests {
        let message = message(request, draft, &mut bytes);
        conversations.push(ConversationRow {
            key: key(request),
            size: message.size,
            opening: &draft.opening,
        });
        messages.push(message);
        if !draft.terms.0.is_empty() {
            terms.push(TermsRow { key: key(request), terms: &draft.terms.0 });
        }
    }
    let append = connection.query(APPEND_SQLITE);
    let append = append.bind(json(&messages)?).bind(json(&terms)?).bind(json(&conversations)?);
    // All rows, since the statements after the first run only while rows are asked for.
    append.fetch_all().await
}

async fn insert_on_postgres(
    connection: &mut Connection,
    requests: &[(&AppendRequest<'_>, &Draft)],
) -> Result<Vec<Inserted>, sqlx::Error> {
    let (mut rows, mut bytes) = (Vec::new(), BatchBytes::default());
    for &(request, draft) in requests {
        let message = message(request, draft, &mut bytes);
        rows.push(PgAppendRow { message, terms: &draft.terms.0, opening: &draft.opening });
    }
    connection.query(APPEND_POSTGRES).bind(json(&rows)?).fetch_all().await
}

fn key<'a>(request: &AppendRequest<'a>) -> ConversationKey<'a> {
    ConversationKey { user: request.user_id, conversation: request.conversation_id }
}

fn message<'a>(request: &AppendRequest<'a>, draft: &'a Draft, bytes: &mut BatchBytes<'a>) -> MessageRow<'a> {
    let size = i64::try_from(draft.content.bytes()).unwrap_or(i64::MAX);
    MessageRow {
        key: key(request),
        most: request.most(),
        most_bytes: request.writer.most_bytes,
        size,
        upto: bytes.add(request.user_id, size),
        id: &draft.id,
        role: &draft.role,
        parts: &draft.content.parts,
        status: &draft.content.status,
        model: &draft.content.model,
        usage: &draft.content.usage,
        format: &draft.content.format,
        raw: &draft.content.raw,
        metadata: &draft.content.metadata,
        begun_by: request.writer.token_id,
        now: request.writer.now.millis(),
    }
}

fn json(rows: &[impl Serialize]) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn appended_message(request: &AppendRequest<'_>, draft: &Draft, inserted: Inserted) -> AppendedMessage {
    let now = request.writer.now;
    let message = StoredMessage {
        no: inserted.no,
        id: draft.id.clone(),
        parent_id: inserted.parent_id,
        role: draft.role.clone(),
        content: draft.content.clone(),
        feedback: None,
        revision: inserted.revision,
        created_at: now,
        updated_at: now,
    };
    AppendedMessage { message, changed: true, is_new: true }
}
