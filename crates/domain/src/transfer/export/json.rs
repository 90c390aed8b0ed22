//! The JSON file.

use contract::{Timestamp, conversations::Conversation};
use serde::Serialize;

use super::{
    super::bookplate_format::{FORMAT, VERSION},
    ExportItem, ExportedConversation,
};
use crate::data_export::export::Book;

/// Renders items as JSON.
#[derive(Debug)]
pub(super) struct JsonRenderer {
    /// The text before the first conversation, until it is written.
    head: Option<String>,
    /// Whether the open list of conversations has an element already.
    has_conversation: bool,
    /// The same for the open list of messages.
    has_message: bool,
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

impl JsonRenderer {
    pub(super) fn new(book: Book, exported_at: Timestamp) -> Self {
        let head = Head { format: FORMAT, version: VERSION, exported_at, book, conversations: [] };
        Self { head: Some(open(&head)), has_conversation: false, has_message: false }
    }

    pub(super) fn write(&mut self, item: &ExportItem, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
        match item {
            ExportItem::Begin(begun) => {
                let ExportedConversation { conversation, deleted_at } = begun.as_ref();
                let head = ConversationHead { conversation, deleted_at: *deleted_at, messages: [] };
                out.push_str(if self.has_conversation { ",\n" } else { "\n" });
                out.push_str(&open(&head));
                (self.has_conversation, self.has_message) = (true, false);
            }
            ExportItem::Message(message) => {
                out.push_str(if self.has_message { ",\n" } else { "\n" });
                out.push_str(&text(message));
                self.has_message = true;
            }
            ExportItem::End => out.push_str("]}"),
        }
    }

    pub(super) fn end(&mut self, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
        out.push_str("\n]}\n");
    }
}

/// The text of an object up to the opening bracket of the empty list that is its last member.
fn open(value: &impl Serialize) -> String {
    let mut text = text(value);
    text.truncate(text.strip_suffix("]}").map_or(0, str::len));
    text
}

/// Serializing strings, numbers and raw JSON cannot fail.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
