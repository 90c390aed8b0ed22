//! A batch on SQLite: four statements that are sent as one text, with those that begin and commit the transaction.
//!
//! The text exists twice, made of one: several messages are the rows of JSON texts, and a single one, which is what a quiet
//! server gets, is given as parameters. Taking it out of JSON again would cost as much as storing it.

use const_format::{concatcp, formatcp};
use serde::Serialize;

use super::{AppendRequest, BatchBytes, ConversationKey, Draft, Inserted, MessageRow, json, key, message};
use crate::{
    connection::{Connection, Query},
    conversations::insert_message::NEW_COLUMNS,
};

/// The four statements. `$value` is the macro that names a value of a message, `$messages`, `$terms` and `$conversations` are
/// what its rows come from, where there are rows: SQLite parses a JSON text anew in each statement, so each gets what it
/// needs.
///
/// Places have no gaps. So until the last statement counts it, a message at the next place is one that the first has just
/// inserted. FTS5 writes its pending terms whenever another statement begins, so all terms are inserted by one.
macro_rules! append {
    ($value:ident, $messages:literal, $terms:literal, $conversations:literal) => {
        formatcp!(
            "insert into bookplate_messages ({NEW_COLUMNS})
    select (c.no << 20) | (c.message_count + 1), c.no, {id}, c.head_id, {role}, {parts}, {status}, {model}, {usage},
    {format}, {raw}, {metadata}, {begun_by}, c.revision + 1, {now}, {now}
    from {messages}bookplate_conversations c cross join bookplate_storage s
    where c.user_id = {user} and c.id = {conversation} and c.deleted_at is null and c.message_count < {most}
    and (c.client_id = {client} or {client} is null)
    and s.user_id = c.user_id and s.bytes + ({upto}) <= {most_bytes}
    on conflict do nothing returning no, parent_id, revision,
    (select c.user_id from bookplate_conversations c where c.no = conversation_no) as user_id,
    (select c.id from bookplate_conversations c where c.no = conversation_no) as conversation_id;
    insert into bookplate_search (rowid, terms) select m.no, {terms}
    from {terms_rows}bookplate_conversations c
    cross join bookplate_messages m on m.no = (c.no << 20) | (c.message_count + 1)
    where c.user_id = {user} and c.id = {conversation} and {terms} <> '';
    update bookplate_storage as s set bytes = s.bytes + added.size
    from (select c.user_id, sum({size}) as size
        from {conversations}bookplate_conversations c
        cross join bookplate_messages m on m.no = (c.no << 20) | (c.message_count + 1)
        where c.user_id = {user} and c.id = {conversation} group by c.user_id) added
    where s.user_id = added.user_id;
    update bookplate_conversations as c set message_count = c.message_count + 1, revision = c.revision + 1,
    head_id = m.id, updated_at = m.created_at, opening = coalesce(c.opening, {opening}),
    last_message_at = max(coalesce(c.last_message_at, m.created_at), m.created_at),
    active_at = max(coalesce(c.last_message_at, m.created_at), m.created_at), bytes = c.bytes + ({size})
    from {conversations}bookplate_messages m
    where c.user_id = {user} and c.id = {conversation} and m.no = (c.no << 20) | (c.message_count + 1)",
            messages = $messages,
            terms_rows = $terms,
            conversations = $conversations,
            user = $value!(user),
            conversation = $value!(conversation),
            client = $value!(client),
            id = $value!(id),
            role = $value!(role),
            parts = $value!(parts),
            status = $value!(status),
            model = $value!(model),
            usage = $value!(usage),
            format = $value!(format),
            raw = $value!(raw),
            metadata = $value!(metadata),
            begun_by = $value!(begun_by),
            now = $value!(now),
            most = $value!(most),
            most_bytes = $value!(most_bytes),
            size = $value!(size),
            upto = $value!(upto),
            terms = $value!(terms),
            opening = $value!(opening),
        )
    };
}

/// A value of a row of a JSON text.
macro_rules! json_value {
    ($name:ident) => {
        concatcp!("j.value ->> '", stringify!($name), "'")
    };
}

/// The parameter that [`bind`] gives for a value.
macro_rules! parameter {
    (user) => {
        "$1"
    };
    (conversation) => {
        "$2"
    };
    (client) => {
        "$3"
    };
    (id) => {
        "$4"
    };
    (role) => {
        "$5"
    };
    (parts) => {
        "$6"
    };
    (status) => {
        "$7"
    };
    (model) => {
        "$8"
    };
    (usage) => {
        "$9"
    };
    (format) => {
        "$10"
    };
    (raw) => {
        "$11"
    };
    (metadata) => {
        "$12"
    };
    (begun_by) => {
        "$13"
    };
    (now) => {
        "$14"
    };
    (most) => {
        "$15"
    };
    (most_bytes) => {
        "$16"
    };
    (size) => {
        "$17"
    };
    (upto) => {
        "$18"
    };
    (terms) => {
        "$19"
    };
    (opening) => {
        "$20"
    };
}

const APPEND_ONE: &str = append!(parameter, "", "", "");
const APPEND_SEVERAL: &str = append!(
    json_value,
    "json_each($1) j cross join ",
    "json_each($2) j cross join ",
    "json_each($3) j cross join "
);

pub(super) const STATEMENTS: &[&str] = &[APPEND_ONE, APPEND_SEVERAL];

/// Each text that is sent to SQLite wakes its thread, and is waited for.
const APPEND_ONE_AND_COMMIT: &str = concatcp!("begin immediate; ", APPEND_ONE, "; commit");
const APPEND_SEVERAL_AND_COMMIT: &str = concatcp!("begin immediate; ", APPEND_SEVERAL, "; commit");

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

/// Inserts the messages that fit, in a transaction that is committed when this returns.
pub(super) async fn insert(
    connection: &mut Connection,
    requests: &[(&AppendRequest<'_>, &Draft)],
) -> Result<Vec<Inserted>, sqlx::Error> {
    let mut bytes = BatchBytes::default();
    if let [(request, draft)] = requests {
        let message = message(request, draft, &mut bytes);
        return bind(connection.query(APPEND_ONE_AND_COMMIT), message, draft).fetch_all().await;
    }
    let (mut messages, mut terms, mut conversations) = (Vec::new(), Vec::new(), Vec::new());
    for &(request, draft) in requests {
        let message = message(request, draft, &mut bytes);
        terms.push(TermsRow { key: key(request), terms: &draft.terms.0 });
        conversations.push(ConversationRow {
            key: key(request),
            size: message.size,
            opening: &draft.opening,
        });
        messages.push(message);
    }
    let append = connection.query(APPEND_SEVERAL_AND_COMMIT);
    let append = append.bind(json(&messages)?).bind(json(&terms)?).bind(json(&conversations)?);
    // All rows, since the statements after the first run only while rows are asked for.
    append.fetch_all().await
}

/// Gives the values of a message in the order of their parameters.
fn bind<'c, 'q>(query: Query<'c, 'q>, message: MessageRow<'q>, draft: &'q Draft) -> Query<'c, 'q> {
    query
        .bind(message.key.user)
        .bind(message.key.conversation)
        .bind(message.client)
        .bind(message.id)
        .bind(message.role)
        .bind(message.parts)
        .bind(message.status)
        .bind(message.model)
        .bind(message.usage)
        .bind(message.format)
        .bind(message.raw)
        .bind(message.metadata)
        .bind(message.begun_by)
        .bind(message.now)
        .bind(message.most)
        .bind(message.most_bytes)
        .bind(message.size)
        .bind(message.upto)
        .bind(&draft.terms.0)
        .bind(&draft.opening)
}
