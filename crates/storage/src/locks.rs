//! Row locks.

use crate::connection::Transaction;

/// A transaction that changes several rows of a user locks the user's row first. So two of them wait for each other in one
/// order, without a deadlock, and the second reads what the first has left. An update that changes nothing, because SQLite
/// has no `for update` (and only one writer at a time anyway).
pub(crate) const LOCK_USER: &str = "update bookplate_users set updated_at = updated_at where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[LOCK_USER];

/// Locks a user's row until the transaction ends; `false` when there is no such user.
pub(crate) async fn lock_user(tx: &mut Transaction, user_id: &str) -> Result<bool, sqlx::Error> {
    Ok(tx.query(LOCK_USER).bind(user_id).execute().await? > 0)
}
