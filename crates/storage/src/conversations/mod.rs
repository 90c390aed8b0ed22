//! Conversations and their messages.
//!
//! Whoever changes something of a conversation takes its row first, so that changes of one conversation come one after
//! the other: each message has its place in it without gaps, each change its revision.

mod append;
mod append_batch;
mod append_one_sqlite;
mod append_queue;
mod branches;
mod fts_merge;
mod import;
mod list;
mod message;
mod pg_notify;
mod read;
mod search;
mod taking;
mod tx;
mod update;

pub use append::{AppendOutcome, AppendRequest, AppendedMessage, Draft, Idempotency, Writer};
pub use append_queue::MessageWriter;
pub use branches::Siblings;
pub use import::{ForeignConversation, ImportOutcome, Importing, PostImportPatch};
pub use list::{CreateOutcome, StoredConversation};
pub use message::{Content, SEQ_BITS, StoredMessage};
pub use pg_notify::Listener;
pub use search::{FoundMessage, Terms};
pub use taking::ConversationWithDeletedAt;
pub use update::{ContentUpdate, ConversationUpdate, MessageUpdate, ShowOutcome, UpdateOutcome};

/// The SQL texts that both databases know.
pub(crate) fn statements() -> Vec<&'static str> {
    [
        branches::STATEMENTS,
        update::STATEMENTS,
        tx::STATEMENTS,
        import::STATEMENTS,
        list::STATEMENTS,
        read::STATEMENTS,
        taking::STATEMENTS,
    ]
    .concat()
}

/// Those that only SQLite knows.
pub(crate) fn statements_of_sqlite() -> Vec<&'static str> {
    [search::SQLITE, fts_merge::SQLITE, append_batch::SQLITE].concat()
}

/// Those that only PostgreSQL knows.
pub(crate) fn statements_of_postgres() -> Vec<&'static str> {
    [search::POSTGRES, pg_notify::POSTGRES, append_batch::POSTGRES, import::POSTGRES, &[tx::HOLD_POSTGRES]]
        .concat()
}
