//! Export of conversations: a stream of text that is rendered while it is read, so that it needs little memory.

mod cursor;
mod escape_inline;
mod footnotes;
mod json;
mod markdown;
mod markdown_safety;

pub use cursor::{ExportCursor, ExportItem, ExportedConversation};

use contract::Timestamp;

use self::{json::JsonRenderer, markdown::MarkdownRenderer};
use super::Transfer;
use crate::{ConversationError, Principal, file_name};

/// The format of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// For programs; can be imported again.
    Json,
    /// For people.
    Markdown,
}

/// A file that is being exported.
#[derive(Debug)]
pub struct ConversationExport {
    file_name: String,
    format: ExportFormat,
    cursor: ExportCursor,
    renderer: Renderer,
    ended: bool,
}

#[derive(Debug)]
enum Renderer {
    Json(JsonRenderer),
    Markdown(MarkdownRenderer),
}

/// The least bytes of a chunk. The message that reaches it is part of the chunk.
const CHUNK: usize = 64 * 1024;

impl Transfer {
    /// Exports one conversation.
    #[tracing::instrument(name = "transfer.export", level = "debug", skip_all)]
    pub async fn export(
        &self,
        principal: Principal<'_>,
        id: &str,
        format: ExportFormat,
    ) -> Result<ConversationExport, ConversationError> {
        let stored = self.conversations.stored(principal, id).await?;
        let now = self.ports.clock.now();
        let name = stored.title.as_deref().or(stored.opening.as_deref()).unwrap_or_default();
        let (file_name, renderer) = match format {
            ExportFormat::Json => (file_name(name, "conversation", None, now, "json"), self.json(now)),
            ExportFormat::Markdown => {
                let renderer = Renderer::Markdown(MarkdownRenderer::new(self.book.clone(), now));
                (file_name(name, "conversation", None, now, "md"), renderer)
            }
        };
        let cursor = ExportCursor::one(self.database.clone(), principal, stored);
        Ok(ConversationExport { file_name, format, cursor, renderer, ended: false })
    }

    /// Exports all conversations that a principal sees as one JSON file, soft-deleted ones excepted.
    #[tracing::instrument(name = "transfer.export_all", level = "debug", skip_all)]
    pub async fn export_all(
        &self,
        principal: Principal<'_>,
    ) -> Result<ConversationExport, ConversationError> {
        let now = self.ports.clock.now();
        let cursor = ExportCursor::all(self.database.clone(), principal, false);
        cursor.check_user_exists().await?;
        Ok(self.json_export(cursor, now))
    }

    /// Exports all conversations of a user as one JSON file, soft-deleted ones too. The file says it was made at `now`.
    pub fn export_with_deleted(&self, user_id: &str, now: Timestamp) -> ConversationExport {
        self.json_export(self.read_with_deleted(user_id), now)
    }

    /// Reads all conversations of a user, soft-deleted ones too.
    pub fn read_with_deleted(&self, user_id: &str) -> ExportCursor {
        ExportCursor::all(self.database.clone(), Principal::reader(user_id), true)
    }

    fn json_export(&self, cursor: ExportCursor, now: Timestamp) -> ConversationExport {
        let file_name = file_name(&self.book.name, "book", Some("conversations"), now, "json");
        let (format, renderer) = (ExportFormat::Json, self.json(now));
        ConversationExport { file_name, format, cursor, renderer, ended: false }
    }

    fn json(&self, now: Timestamp) -> Renderer {
        Renderer::Json(JsonRenderer::new(self.book.clone(), now))
    }
}

impl ConversationExport {
    /// The file's name, of ASCII letters, digits, `-` and `.`.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The media type (RFC 8259, RFC 7763).
    pub const fn media_type(&self) -> &'static str {
        match self.format {
            ExportFormat::Json => "application/json",
            ExportFormat::Markdown => "text/markdown; charset=utf-8",
        }
    }

    /// The next chunk of the file; `None` after the last one.
    ///
    /// # Errors
    /// When the one conversation or the user was deleted meanwhile, or the database failed. The chunks before are then no
    /// whole file, which the receiver must learn, and the export has ended.
    #[tracing::instrument(name = "transfer.next_chunk", level = "debug", skip_all)]
    pub async fn next_chunk(&mut self) -> Result<Option<String>, ConversationError> {
        if self.ended {
            return Ok(None);
        }
        let mut chunk = String::new();
        while chunk.len() < CHUNK {
            match self.cursor.next().await {
                Ok(Some(item)) => self.renderer.write(&item, &mut chunk),
                Ok(None) => {
                    self.ended = true;
                    self.renderer.end(&mut chunk);
                    break;
                }
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(Some(chunk))
    }
}

impl Renderer {
    fn write(&mut self, item: &ExportItem, out: &mut String) {
        match self {
            Self::Json(json) => json.write(item, out),
            Self::Markdown(markdown) => markdown.write(item, out),
        }
    }

    fn end(&mut self, out: &mut String) {
        if let Self::Json(json) = self {
            json.end(out);
        }
    }
}
