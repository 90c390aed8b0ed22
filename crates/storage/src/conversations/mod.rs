//! Conversations and their messages.
//!
//! Whoever changes something of a conversation takes its row first, so that changes of one conversation come one after
//! the other: each message has its place in it without gaps, each change its revision.

mod appender;
mod appending;
mod branching;
mod changing;
mod connection;
mod gathered;
mod importing;
mod listing;
mod message;
mod notifying;
mod quick;
mod reading;
mod search;
mod settling;
mod taking;

pub use appender::Appender;
pub use appending::{AppendOutcome, Appending, Draft, Idempotency, Writer, Written};
pub use branching::Siblings;
pub use changing::{ContentUpdate, ConversationUpdate, MessageUpdate, ShowOutcome, UpdateOutcome};
pub use importing::{ForeignConversation, ImportOutcome, Importing, Later};
pub use listing::{CreateOutcome, StoredConversation};
pub use message::{Content, SEQ_BITS, StoredMessage};
pub use notifying::Listener;
pub use search::{FoundMessage, Terms};
pub use taking::TakenConversation;

/// The SQL texts that both databases know.
pub(crate) fn statements() -> Vec<&'static str> {
    [
        branching::STATEMENTS,
        changing::STATEMENTS,
        connection::STATEMENTS,
        importing::STATEMENTS,
        listing::STATEMENTS,
        reading::STATEMENTS,
        taking::STATEMENTS,
    ]
    .concat()
}

/// Those that only SQLite knows.
pub(crate) fn statements_of_sqlite() -> Vec<&'static str> {
    [search::SQLITE, settling::SQLITE, gathered::SQLITE].concat()
}

/// Those that only PostgreSQL knows.
pub(crate) fn statements_of_postgres() -> Vec<&'static str> {
    [
        search::POSTGRES,
        notifying::POSTGRES,
        gathered::POSTGRES,
        importing::POSTGRES,
        &[connection::HOLD_POSTGRES],
    ]
    .concat()
}
