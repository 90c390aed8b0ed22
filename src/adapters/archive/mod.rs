//! A reader's copy of everything, as one ZIP file: data for programs, pages for reading, and a README.

mod account;
mod conversations;
mod readme;
mod value;

use std::io::{self, Cursor, Write};

use self::conversations::{Next, Pages};
use domain::{ExportItem, export::Export};
use time::OffsetDateTime;
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// A ZIP file and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// `BOOK-account-YYYY-MM-DD.zip`, of ASCII letters, digits, `-` and `.` alone, so that it is safe in a header and on
    /// every file system.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A reader's conversations, read while they are packed. Neither is held whole.
pub trait Conversations {
    /// The next piece of `conversations.json`; `None` after the last one.
    ///
    /// # Errors
    /// In words: when not everything could be read.
    fn next_chunk(&mut self) -> Result<Option<String>, String>;

    /// The next piece of a conversation, from the beginning again; `None` after the last one.
    ///
    /// # Errors
    /// In words: when not everything could be read.
    fn next_piece(&mut self) -> Result<Option<ExportItem>, String>;
}

/// Packs a copy of everything: `README.txt`, `account.html`, `account.json`, `conversations.json`, `conversations.html` and
/// a page of each conversation. The same copy gives the same bytes.
///
/// # Errors
/// [`ArchiveError`], when a part of ours is broken or the conversations could not be read.
pub fn pack(export: &Export, conversations: &mut impl Conversations) -> Result<Archive, ArchiveError> {
    let mut json = serde_json::to_string_pretty(export).map_err(io::Error::from)?;
    json.push('\n');
    let files = [
        ("README.txt", readme::render(export)?),
        ("account.html", account::render(export)?),
        ("account.json", json),
    ];
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(moment(export))
        .unix_permissions(0o600);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name, options)?;
        zip.write_all(content.as_bytes())?;
    }
    zip.start_file("conversations.json", options)?;
    while let Some(chunk) = conversations.next_chunk().map_err(ArchiveError)? {
        zip.write_all(chunk.as_bytes())?;
    }
    let mut pages = Pages::new(export);
    while let Some(piece) = conversations.next_piece().map_err(ArchiveError)? {
        let text = match pages.render(&piece)? {
            Next::File(name, text) => {
                zip.start_file(name, options)?;
                text
            }
            Next::More(text) => text,
        };
        zip.write_all(text.as_bytes())?;
    }
    zip.start_file("conversations.html", options)?;
    zip.write_all(pages.contents()?.as_bytes())?;
    Ok(Archive { file_name: file_name(export), bytes: zip.finish()?.into_inner() })
}

/// When the copy was made, in UTC; to two seconds, as the format has it.
fn moment(export: &Export) -> DateTime {
    let dated = |moment: OffsetDateTime| {
        let ((hour, minute, second), month) = (moment.to_hms(), moment.month().into());
        let year = u16::try_from(moment.year()).ok()?;
        DateTime::from_date_and_time(year, month, moment.day(), hour, minute, second).ok()
    };
    let moment = OffsetDateTime::from_unix_timestamp(export.exported_at.seconds());
    moment.ok().and_then(dated).unwrap_or_default()
}

fn file_name(export: &Export) -> String {
    domain::file_name(&export.book.name, "book", Some("account"), export.exported_at, "zip")
}

/// The archive could not be written; the message says why.
#[derive(Debug, thiserror::Error)]
#[error("the archive could not be written: {0}")]
pub struct ArchiveError(String);

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<ZipError> for ArchiveError {
    fn from(error: ZipError) -> Self {
        Self(error.to_string())
    }
}

impl From<askama::Error> for ArchiveError {
    fn from(error: askama::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests;
