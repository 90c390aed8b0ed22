//! The file for programs.

use contract::{Timestamp, conversations::Conversation};
use serde::Serialize;

use super::{ExportItem, ExportedConversation};
use crate::data_export::export::Book;

/// What the file says it is.
pub const FORMAT: &str = "bookplate-conversations";
/// Which description of the file it follows.
pub const VERSION: u32 = 1;

/// Writes the file.
#[derive(Debug)]
pub(super) struct Json {
    /// What stands before the first conversation.
    head: Option<String>,
    /// Whether something of the list that is open stands there already.
    follows: bool,
    follows_message: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: &'static str,
    version: u32,
    exported_at: Timestamp,
    book: Book,
    conversations: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationHead<'a> {
    #[serde(flatten)]
    conversation: &'a Conversation,
    deleted_at: Option<Timestamp>,
    messages: [(); 0],
}

impl Json {
    pub(super) fn new(book: Book, exported_at: Timestamp) -> Self {
        let head = Head { format: FORMAT, version: VERSION, exported_at, book, conversations: [] };
        Self { head: Some(open(&head)), follows: false, follows_message: false }
    }

    pub(super) fn write(&mut self, piece: &ExportItem, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
        match piece {
            ExportItem::Begin(taken) => {
                let ExportedConversation { conversation, deleted_at } = taken.as_ref();
                let head = ConversationHead { conversation, deleted_at: *deleted_at, messages: [] };
                out.push_str(if self.follows { ",\n" } else { "\n" });
                out.push_str(&open(&head));
                (self.follows, self.follows_message) = (true, false);
            }
            ExportItem::Message(message) => {
                out.push_str(if self.follows_message { ",\n" } else { "\n" });
                out.push_str(&text(message));
                self.follows_message = true;
            }
            ExportItem::End => out.push_str("]}"),
        }
    }

    pub(super) fn end(&mut self, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
        out.push_str("\n]}\n");
    }
}

/// An object up to the inside of the list that is its last member.
fn open(value: &impl Serialize) -> String {
    let mut text = text(value);
    text.truncate(text.strip_suffix("]}").map_or(0, str::len));
    text
}

/// What is written is made of texts, numbers and JSON: that cannot fail.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
