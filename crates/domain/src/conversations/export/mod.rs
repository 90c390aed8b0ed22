//! What a reader takes away of their conversations: a stream of text that is written as it is read, so that it needs
//! little memory however much there is. `docs/EXPORT.md` describes the file.

mod cursor;
mod escape_inline;
mod footnotes;
mod json;
mod markdown;
mod markdown_safety;

pub use cursor::{ExportCursor, ExportItem, ExportedConversation};
pub(super) use json::{FORMAT, VERSION};
pub(super) use markdown_safety::fenced;

use contract::Timestamp;

use self::{json::Json, markdown::Markdown};
use super::{ConversationError, Conversations};
use crate::{data_export::export::Book, file_name};

/// What a conversation is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// For programs; may be taken in again.
    Json,
    /// To read.
    Markdown,
}

/// Conversations on their way into a file.
#[derive(Debug)]
pub struct ConversationExport {
    file_name: String,
    format: ExportFormat,
    reading: ExportCursor,
    writer: Writer,
    ended: bool,
}

/// Turns what is read into text.
#[derive(Debug)]
enum Writer {
    Json(Json),
    Markdown(Markdown),
}

/// So many bytes are gathered before they are handed on; a message more may come with them.
const CHUNK: usize = 64 * 1024;

impl Conversations {
    /// One conversation as a file.
    ///
    /// # Errors
    /// [`ConversationError`], before anything is written.
    pub async fn export(
        &self,
        user_id: &str,
        id: &str,
        format: ExportFormat,
    ) -> Result<ConversationExport, ConversationError> {
        let stored = self.stored(user_id, id).await?;
        let now = self.ports.clock.now();
        let name = stored.title.as_deref().or(stored.opening.as_deref()).unwrap_or_default();
        let (file_name, writer) = match format {
            ExportFormat::Json => (file_name(name, "conversation", None, now, "json"), self.json(now)),
            ExportFormat::Markdown => {
                let markdown = Markdown::new(self.book.clone(), now);
                (file_name(name, "conversation", None, now, "md"), Writer::Markdown(markdown))
            }
        };
        let reading = ExportCursor::one(self.database.clone(), user_id, stored);
        Ok(ConversationExport { file_name, format, reading, writer, ended: false })
    }

    /// All conversations of a reader as one JSON file, without those that were deleted.
    ///
    /// # Errors
    /// [`ConversationError`], before anything is written.
    pub async fn export_all(&self, user_id: &str) -> Result<ConversationExport, ConversationError> {
        let now = self.ports.clock.now();
        let reading = ExportCursor::all(self.database.clone(), user_id, false);
        reading.user_exists().await?;
        Ok(self.all(reading, now))
    }

    /// Everything of a reader, deleted conversations that are still stored too, as of this moment: the JSON file.
    pub fn export_copy(&self, user_id: &str, now: Timestamp) -> ConversationExport {
        self.all(self.read_all(user_id), now)
    }

    /// Everything of a reader, deleted conversations that are still stored too, piece by piece.
    pub fn read_all(&self, user_id: &str) -> ExportCursor {
        ExportCursor::all(self.database.clone(), user_id, true)
    }

    fn all(&self, reading: ExportCursor, now: Timestamp) -> ConversationExport {
        let file_name = file_name(&self.book.name, "book", Some("conversations"), now, "json");
        let (format, writer) = (ExportFormat::Json, self.json(now));
        ConversationExport { file_name, format, reading, writer, ended: false }
    }

    fn json(&self, now: Timestamp) -> Writer {
        Writer::Json(Json::new(Book::clone(&self.book), now))
    }
}

impl ConversationExport {
    /// What to call the file: ASCII letters, digits, `-` and `.` alone.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Of what media type the file is (RFC 8259, RFC 7763), with its character set.
    pub const fn media_type(&self) -> &'static str {
        match self.format {
            ExportFormat::Json => "application/json",
            ExportFormat::Markdown => "text/markdown; charset=utf-8",
        }
    }

    /// The next piece of the file; `None` after the last one.
    ///
    /// # Errors
    /// [`ConversationError`] when the one conversation was deleted meanwhile, the reader was erased or the database has
    /// failed. What came before is then no whole file, and whoever receives it must be told, and nothing more comes.
    pub async fn next_chunk(&mut self) -> Result<Option<String>, ConversationError> {
        if self.ended {
            return Ok(None);
        }
        let mut chunk = String::new();
        while chunk.len() < CHUNK {
            match self.reading.next().await {
                Ok(Some(piece)) => self.writer.write(&piece, &mut chunk),
                Ok(None) => {
                    self.ended = true;
                    self.writer.end(&mut chunk);
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

impl Writer {
    fn write(&mut self, piece: &ExportItem, out: &mut String) {
        match self {
            Self::Json(json) => json.write(piece, out),
            Self::Markdown(markdown) => markdown.write(piece, out),
        }
    }

    fn end(&mut self, out: &mut String) {
        if let Self::Json(json) = self {
            json.end(out);
        }
    }
}
