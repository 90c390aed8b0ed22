//! Removing the terms of deleted messages from SQLite's full-text index.
//!
//! FTS5 only marks an entry as deleted (SQLite, "Contentless-Delete Tables"): its terms stay in the pages of the index until
//! these are merged, which happens by itself when a tenth of them is marked. Here they are merged in small steps, so that
//! no writer waits long. On PostgreSQL the terms are a column of the message and go with it.

use crate::{Database, StorageError};

/// Starts a merge of the whole index. A step writes 250 pages of some 4 kB.
const BEGIN: &str = "insert into bookplate_search (bookplate_search, rank) values ('merge', -250)";
/// Continues a merge that was started.
const CONTINUE: &str = "insert into bookplate_search (bookplate_search, rank) values ('merge', 250)";
const CHANGES: &str = "select total_changes()";

pub(super) const SQLITE: &[&str] = &[BEGIN, CONTINUE, CHANGES];

/// Steps at a time: some 50 MB. A larger index takes several calls.
const STEPS: usize = 50;

impl Database {
    /// Merges the full-text index, as far as one call comes. If `begin`, starts a new merge pass because messages were
    /// deleted; otherwise resumes the previous one.
    pub async fn merge_fts_index(&self, begin: bool) -> Result<(), StorageError> {
        if matches!(self, Self::Postgres(_)) {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let (mut before,): (i64,) = connection.query(CHANGES).fetch_one().await?;
        for step in 0..STEPS {
            let statement = if begin && step == 0 { BEGIN } else { CONTINUE };
            connection.query(statement).execute().await?;
            let (after,): (i64,) = connection.query(CHANGES).fetch_one().await?;
            // One change is the statement's own (SQLite, "The 'merge' Command").
            if after - before < 2 {
                break;
            }
            before = after;
        }
        Ok(())
    }
}
