//! Two changes of one reader at once.

/// Takes a reader's row until the transaction ends. What changes several rows of a reader takes this one first: then two
/// such changes wait for each other, and neither for ever; and what the second reads after it has waited is what the
/// first has left. SQLite has one writer at a time anyway; `for update` it does not know.
pub(crate) const HOLD: &str = "update bookplate_users set updated_at = updated_at where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[HOLD];

/// Takes a reader's row on an open connection; `false` when there is no such reader.
macro_rules! lock_user {
    ($connection:ident, $user_id:expr) => {
        sqlx::query($crate::locks::HOLD).bind($user_id).execute(&mut *$connection).await?.rows_affected() > 0
    };
}
pub(crate) use lock_user;
