//! How many bytes of JSON a user's conversations take up.
//!
//! Each conversation counts its own, and each user has the sum in a row of `bookplate_storage`, which changes in the same
//! transaction. What locks both locks the conversation first.

use crate::{Database, StorageError, connection::Transaction};

/// A change that needs no more room is always made, also by a user who has more than allowed. The row is made with the
/// first change, from the users, so that a user who is deleted meanwhile is no error.
const ADD: &str = "insert into bookplate_storage (user_id, bytes)
    select u.id, case when cast($2 as bigint) < 0 then 0 else cast($2 as bigint) end from bookplate_users u
    where u.id = $1 and (cast($2 as bigint) <= 0 or cast($2 as bigint) <= cast($3 as bigint))
    on conflict (user_id) do update set bytes = bookplate_storage.bytes + cast($2 as bigint)
    where cast($2 as bigint) <= 0 or bookplate_storage.bytes + cast($2 as bigint) <= cast($3 as bigint)";
/// An update, which a database without room can still carry out.
const SUBTRACT: &str = "update bookplate_storage set bytes = bytes - $2 where user_id = $1";
const FIND: &str = "select bytes from bookplate_storage where user_id = $1";

pub(super) const STATEMENTS: &[&str] = &[ADD, SUBTRACT, FIND];

/// The length of a text in bytes, as it is counted.
pub(super) fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// The bytes of a conversation's metadata: none for the empty object, which every conversation has.
pub(super) fn metadata_length(metadata: &str) -> i64 {
    if metadata == "{}" { 0 } else { length(metadata) }
}

/// Adds to a user's bytes; `false` when there would be more than `most`, and nothing is added.
pub(super) async fn add_bytes(
    tx: &mut Transaction,
    user_id: &str,
    change: i64,
    most: i64,
) -> Result<bool, sqlx::Error> {
    if change == 0 {
        return Ok(true);
    }
    Ok(tx.query(ADD).bind(user_id).bind(change).bind(most).execute().await? > 0)
}

/// Takes from a user's bytes what was purged.
pub(super) async fn subtract_bytes(
    tx: &mut Transaction,
    user_id: &str,
    purged: i64,
) -> Result<(), sqlx::Error> {
    tx.query(SUBTRACT).bind(user_id).bind(purged).execute().await?;
    Ok(())
}

impl Database {
    /// How many bytes of JSON a user's conversations take up, soft-deleted ones included.
    pub async fn stored_bytes(&self, user_id: &str) -> Result<i64, StorageError> {
        let found: Option<(i64,)> =
            self.connection().await?.query(FIND).bind(user_id).fetch_optional().await?;
        Ok(found.map_or(0, |(bytes,)| bytes))
    }
}
