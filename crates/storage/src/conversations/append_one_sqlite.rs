//! The shortest way to add one message on SQLite, which is what a chatbot does most.
//!
//! One message that follows the one shown last is added with one question to the database: several statements in one text.
//! Whatever does not fit, a name that is taken above all, is left to [`super::appending`], which says why
//! (`docs/adr/0016-adding-one-message.md`).

use sqlx::{FromRow, SqliteConnection};

use super::{AppendRequest, AppendedMessage, Draft, StoredMessage};

/// Each statement after the first is carried out when the one before it has changed something.
const STATEMENT: &str = "insert into bookplate_messages
    (no, conversation_no, id, parent_id, role, parts, status, model, usage, format, raw, metadata, begun_by, revision,
    created_at, updated_at)
    select (c.no << 20) | (c.message_count + 1), c.no, $3, c.head_id, $4, $5, $6, $7, $8, $9, $10, $11, $12,
    c.revision + 1, $13, $13
    from bookplate_conversations c
    where c.user_id = $1 and c.id = $2 and c.deleted_at is null and c.message_count < $14
    on conflict do nothing returning no, parent_id, revision;
    update bookplate_conversations set message_count = message_count + 1, revision = revision + 1,
    head_id = $3, updated_at = $13, opening = coalesce(opening, $16),
    last_message_at = max(coalesce(last_message_at, $13), $13), active_at = max(coalesce(last_message_at, $13), $13)
    where user_id = $1 and id = $2 and changes() = 1;
    insert into bookplate_search (rowid, terms) select (c.no << 20) | c.message_count, $15
    from bookplate_conversations c where c.user_id = $1 and c.id = $2 and $15 <> '' and changes() = 1";

#[derive(FromRow)]
struct Added {
    no: i64,
    parent_id: Option<String>,
    revision: i64,
}

/// The one message, when this is the way for it.
pub(super) fn as_simple_append<'a>(appending: &'a AppendRequest<'_>) -> Option<&'a Draft> {
    match appending.drafts {
        [draft] => Some(draft).filter(|draft| {
            draft.parent.is_none() && draft.created_at.is_none() && appending.idempotency.is_none()
        }),
        _ => None,
    }
}

/// Adds the one message; `None` when something does not fit, and nothing was changed.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    appending: &AppendRequest<'_>,
) -> Result<Option<AppendedMessage>, sqlx::Error> {
    let Some(draft) = as_simple_append(appending) else { return Ok(None) };
    // All rows, since the statements after the first one run only when they are asked for to the end.
    let mut added = sqlx::query_as::<_, Added>(STATEMENT)
        .bind(appending.user_id)
        .bind(appending.conversation_id)
        .bind(&draft.id)
        .bind(&draft.role)
        .bind(&draft.content.parts)
        .bind(&draft.content.status)
        .bind(&draft.content.model)
        .bind(&draft.content.usage)
        .bind(&draft.content.format)
        .bind(&draft.content.raw)
        .bind(&draft.content.metadata)
        .bind(appending.writer.token_id)
        .bind(appending.writer.now.millis())
        .bind(appending.most())
        .bind(&draft.terms.0)
        .bind(&draft.opening)
        .fetch_all(connection)
        .await?;
    Ok(added.pop().map(|Added { no, parent_id, revision }| {
        appended_message(appending, draft, (no, parent_id, revision))
    }))
}

/// The message as it stands now, with its number, the message it follows, and its revision.
pub(super) fn appended_message(
    appending: &AppendRequest<'_>,
    draft: &Draft,
    (no, parent_id, revision): (i64, Option<String>, i64),
) -> AppendedMessage {
    let now = appending.writer.now;
    let message = StoredMessage {
        no,
        id: draft.id.clone(),
        parent_id,
        role: draft.role.clone(),
        content: draft.content.clone(),
        feedback: None,
        revision,
        created_at: now,
        updated_at: now,
    };
    AppendedMessage { message, changed: true, is_new: true }
}
