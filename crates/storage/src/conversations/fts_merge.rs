//! What was deleted leaves the index of words, too.
//!
//! FTS5 only marks an entry as deleted (SQLite, "Contentless-Delete Tables"): its words stay in the pages of the index until
//! these are merged, which happens by itself when a tenth of them is marked. Here it is made to happen, in small steps, so
//! that nobody who writes waits long. On PostgreSQL the words are a column of the message and go with it.

use crate::{Database, StorageError};

/// Pages of some 4 kB that are written in one step.
macro_rules! step {
    ($sign:literal) => {
        concat!("insert into bookplate_search (bookplate_search, rank) values ('merge', ", $sign, "250)")
    };
}
/// Takes up the whole index.
const BEGIN: &str = step!("-");
/// Goes on with what was taken up.
const GO_ON: &str = step!("");
const CHANGES: &str = "select total_changes()";

pub(super) const SQLITE: &[&str] = &[BEGIN, GO_ON, CHANGES];

/// Steps at a time: some 50 MB. A larger index takes several times.
const STEPS: usize = 50;

impl Database {
    /// Merges the index of words so that those of deleted messages are no longer in it, as far as one call comes. `begin`
    /// says that messages were deleted since the last time; else what was begun is gone on with.
    ///
    /// # Errors
    /// [`StorageError`]; what was done before it stays so.
    pub async fn merge_fts_index(&self, begin: bool) -> Result<(), StorageError> {
        let Self::Sqlite(pool) = self else { return Ok(()) };
        let mut taken = pool.acquire().await?;
        let connection = &mut *taken;
        let (mut before,): (i64,) = sqlx::query_as(CHANGES).fetch_one(&mut *connection).await?;
        for step in 0..STEPS {
            let statement = if begin && step == 0 { BEGIN } else { GO_ON };
            sqlx::query(statement).execute(&mut *connection).await?;
            let (after,): (i64,) = sqlx::query_as(CHANGES).fetch_one(&mut *connection).await?;
            // One change is the statement's own (SQLite, "The 'merge' Command").
            if after - before < 2 {
                break;
            }
            before = after;
        }
        taken.release();
        Ok(())
    }
}
