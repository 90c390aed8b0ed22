//! The SQL that inserts a new message and its search terms.

use const_format::concatcp;
use contract::Timestamp;

use super::{Draft, message::number};
use crate::connection::{Sql, Transaction};

/// The columns of a new message, but for its terms.
pub(super) const NEW_COLUMNS: &str = "no, conversation_no, id, parent_id, role, parts, status, model, usage,
    format, raw, metadata, begun_by, revision, created_at, updated_at";
const NEW_VALUES: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15";
/// The terms are a row of the FTS5 table, or a column.
const INSERT: Sql = Sql {
    sqlite: concatcp!(
        "insert into bookplate_messages (",
        NEW_COLUMNS,
        ") values (",
        NEW_VALUES,
        ");
    insert into bookplate_search (rowid, terms) select $1, $16 where $16 <> ''"
    ),
    postgres: concatcp!(
        "insert into bookplate_messages (",
        NEW_COLUMNS,
        ", terms) values (",
        NEW_VALUES,
        ", $16::tsvector)"
    ),
};

pub(super) const DIFFERENT: &[Sql] = &[INSERT];

/// Where a new message goes, and what is stored with it.
pub(super) struct InsertPosition<'a> {
    pub(super) conversation_no: i64,
    pub(super) seq: i64,
    pub(super) revision: i64,
    pub(super) parent_id: Option<&'a str>,
    pub(super) begun_by: Option<&'a str>,
    pub(super) at: Timestamp,
}

/// Stores a new message and its terms.
pub(super) async fn insert_message(
    tx: &mut Transaction,
    draft: &Draft,
    position: &InsertPosition<'_>,
) -> Result<(), sqlx::Error> {
    let content = &draft.content;
    tx.query(INSERT)
        .bind(number(position.conversation_no, position.seq))
        .bind(position.conversation_no)
        .bind(&draft.id)
        .bind(position.parent_id)
        .bind(&draft.role)
        .bind(&content.parts)
        .bind(&content.status)
        .bind(&content.model)
        .bind(&content.usage)
        .bind(&content.format)
        .bind(&content.raw)
        .bind(&content.metadata)
        .bind(position.begun_by)
        .bind(position.revision)
        .bind(position.at.millis())
        .bind(&draft.terms.0)
        .execute()
        .await?;
    Ok(())
}
