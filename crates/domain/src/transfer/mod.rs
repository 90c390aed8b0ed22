//! Conversations as files: export as JSON or Markdown, import of such JSON and of ChatGPT's `conversations.json`.
//! `docs/EXPORT.md` describes both formats.

mod bookplate_format;
mod code_fence;
mod export;
mod import;

pub use export::{ConversationExport, ExportCursor, ExportFormat, ExportItem, ExportedConversation};
pub use import::{FileSource, ImportStop};

use storage::Database;

use crate::{Conversations, Ports, data_export::export::Book};

/// Exports and imports conversations.
#[derive(Debug, Clone)]
pub struct Transfer {
    database: Database,
    ports: Ports,
    conversations: Conversations,
    /// Names the book in exported files.
    book: Book,
}

impl Transfer {
    pub(crate) const fn new(
        database: Database,
        ports: Ports,
        conversations: Conversations,
        book: Book,
    ) -> Self {
        Self { database, ports, conversations, book }
    }
}
