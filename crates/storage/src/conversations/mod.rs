//! Conversations and their messages.
//!
//! A change of a conversation locks its row first, so that changes of one conversation come one after the other: each
//! message gets the next place in it, each change the next revision.

mod append;
mod append_batch;
mod append_queue;
mod branches;
mod conversation;
mod create;
mod export;
mod fts_merge;
mod idempotency;
mod import;
mod insert_message;
mod list;
mod message;
mod owner;
mod purge;
mod read;
mod search;
mod soft_delete;
mod stored_bytes;
mod update;

pub use append::{AppendOutcome, AppendRequest, AppendedMessage, Draft, Writer};
pub use append_queue::MessageWriter;
pub use branches::Siblings;
pub use conversation::StoredConversation;
pub use create::{CreateOutcome, CreateRequest};
pub use export::ConversationWithDeletedAt;
pub use idempotency::Idempotency;
pub use import::{ConversationImport, ForeignConversation, ImportOutcome, PostImportPatch};
pub use list::{ClientFilter, ListFilter};
pub use message::{Content, SEQ_BITS, StoredMessage};
pub use owner::{ConversationScope, Owner};
pub use search::{FoundMessage, Terms};
pub use soft_delete::RestoreOutcome;
pub use update::{ContentUpdate, ConversationUpdate, MessageUpdate, UpdateOutcome};

use crate::connection::Sql;

/// The statements that are the same on both databases.
pub(crate) fn statements() -> Vec<&'static str> {
    [
        branches::STATEMENTS,
        conversation::STATEMENTS,
        create::STATEMENTS,
        export::STATEMENTS,
        idempotency::STATEMENTS,
        import::STATEMENTS,
        list::STATEMENTS,
        message::STATEMENTS,
        purge::STATEMENTS,
        read::STATEMENTS,
        soft_delete::STATEMENTS,
        stored_bytes::STATEMENTS,
        update::STATEMENTS,
    ]
    .concat()
}

/// The statements with a text for each database.
const DIFFERENT: &[&[Sql]] = &[
    conversation::DIFFERENT,
    insert_message::DIFFERENT,
    message::DIFFERENT,
    purge::DIFFERENT,
    search::DIFFERENT,
];

/// The statements of SQLite alone.
pub(crate) fn statements_of_sqlite() -> Vec<&'static str> {
    let different = DIFFERENT.concat().into_iter().map(|sql| sql.sqlite);
    different.chain([fts_merge::SQLITE, append_batch::SQLITE].concat()).collect()
}

/// The statements of PostgreSQL alone.
pub(crate) fn statements_of_postgres() -> Vec<&'static str> {
    let different = DIFFERENT.concat().into_iter().map(|sql| sql.postgres);
    different.chain([append_batch::POSTGRES, import::POSTGRES].concat()).collect()
}
