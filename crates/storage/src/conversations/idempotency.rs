//! Requests that are carried out once, however often they are sent.

use contract::Timestamp;

use crate::connection::Transaction;

/// A request that may be sent again.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The hash of the key, which is bound to the user and to the conversation, or to creating one.
    pub id: String,
    /// The hash of the request.
    pub request: String,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

const FIND: &str = "select request, answer from bookplate_idempotency
    where user_id = $1 and id = $2 and expires_at > $3";
const SAVE: &str = "insert into bookplate_idempotency (user_id, id, request, answer, expires_at)
    values ($1, $2, $3, $4, $5)
    on conflict (user_id, id) do update set request = $3, answer = $4, expires_at = $5";

pub(super) const STATEMENTS: &[&str] = &[FIND, SAVE];

/// The hash of the request that came with this key, and the ids of its messages, or of its conversation.
pub(super) async fn find_idempotency_key(
    tx: &mut Transaction,
    user_id: &str,
    id: &str,
    now: Timestamp,
) -> Result<Option<(String, String)>, sqlx::Error> {
    tx.query(FIND).bind(user_id).bind(id).bind(now.millis()).fetch_optional().await
}

/// Remembers a request and the ids of its messages, separated by blanks, or of its conversation.
pub(super) async fn save_idempotency_key(
    tx: &mut Transaction,
    user_id: &str,
    request: &Idempotency,
    ids: &str,
) -> Result<(), sqlx::Error> {
    tx.query(SAVE)
        .bind(user_id)
        .bind(&request.id)
        .bind(&request.request)
        .bind(ids)
        .bind(request.expires_at.millis())
        .execute()
        .await?;
    Ok(())
}
