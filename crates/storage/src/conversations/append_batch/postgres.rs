//! A batch on PostgreSQL: one statement, with the messages as one JSON text.

use const_format::concatcp;
use serde::Serialize;

use super::{AppendRequest, BatchBytes, Draft, Inserted, MessageRow, json, message};
use crate::{connection::Connection, conversations::insert_message::NEW_COLUMNS};

/// A conversation, or a user's count of bytes, that another transaction is changing is skipped rather than waited for. Each
/// is looked up by itself: joined, PostgreSQL would read all conversations while they are few thousands.
const APPEND: &str = concatcp!(
    "with c as (
    select c.*, j.*
    from json_to_recordset($1::json) as j (
        \"user\" text, conversation text, client text, id text, role text, parts text, status text, model text, usage text,
        format text, raw text, metadata text, begun_by text, now bigint, most bigint, most_bytes bigint, size bigint, upto bigint,
        terms text, opening text
    )
    cross join lateral (
        select c.no, c.message_count, c.revision, c.head_id, c.last_message_at from bookplate_conversations c
        where c.user_id = j.\"user\" and c.id = j.conversation
        and c.deleted_at is null and c.message_count < j.most
        and (c.client_id = j.client or j.client is null)
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

pub(super) const STATEMENTS: &[&str] = &[APPEND];

/// Everything of a message.
#[derive(Serialize)]
struct AppendRow<'a> {
    #[serde(flatten)]
    message: MessageRow<'a>,
    terms: &'a str,
    opening: &'a Option<String>,
}

/// Inserts the messages that fit, with one statement.
pub(super) async fn insert(
    connection: &mut Connection,
    requests: &[(&AppendRequest<'_>, &Draft)],
) -> Result<Vec<Inserted>, sqlx::Error> {
    let (mut rows, mut bytes) = (Vec::new(), BatchBytes::default());
    for &(request, draft) in requests {
        let message = message(request, draft, &mut bytes);
        rows.push(AppendRow { message, terms: &draft.terms.0, opening: &draft.opening });
    }
    connection.query(APPEND).bind(json(&rows)?).fetch_all().await
}
