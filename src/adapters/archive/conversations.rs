//! The conversations in a copy: a page of contents, and a page of each, without script, and nothing in them is fetched
//! from anywhere.

use askama::Template;
use contract::conversations::{
    Conversation, FeedbackValue, Message, MessageStatus, Origin, Part, RawJson, Role, parts_of,
};
use domain::{ExportItem, ExportedConversation, export::Export};

use super::value::{Facts, Value, visible, visible_lines};

/// The pages of a reader's conversations, as they come.
pub(super) struct Pages {
    book: Value,
    contents: Vec<Entry>,
}

/// A line of the page of contents.
struct Entry {
    file: String,
    title: Value,
    updated_at: Value,
    is_deleted: bool,
}

/// What is to be written next.
pub(super) enum Next {
    /// A file begins: its name, and its first text.
    File(String, String),
    /// The file goes on with this.
    More(String),
}

#[derive(Template)]
#[template(path = "archive/contents.html")]
struct ContentsPage<'a> {
    title: &'static str,
    book: &'a Value,
    entries: &'a [Entry],
}

/// A conversation's page up to its messages.
#[derive(Template)]
#[template(path = "archive/conversation.html")]
struct ConversationPage {
    title: String,
    name: Value,
    facts: Facts,
}

/// What ends a conversation's page.
const END: &str = "</main>\n</body>\n</html>\n";

#[derive(Template)]
#[template(path = "archive/message.html")]
struct MessageSection {
    seq: i64,
    speaker: &'static str,
    parts: Vec<Block>,
    facts: Facts,
}

/// A piece of what a message says.
enum Block {
    Text(String),
    Citation { start: usize, end: usize, source: Value, quote: Value },
    Folded { summary: &'static str, text: String },
    Facts(Facts),
    Other(Value),
}

impl Pages {
    pub(super) fn new(export: &Export) -> Self {
        Self { book: Value::text(export.book.name.as_str()), contents: Vec::new() }
    }

    /// A piece of a conversation as a piece of its page.
    pub(super) fn render(&mut self, piece: &ExportItem) -> askama::Result<Next> {
        Ok(match piece {
            ExportItem::Begin(exported) => {
                let file = format!("conversations/{:05}.html", self.contents.len() + 1);
                let title = title(&exported.conversation);
                self.contents.push(Entry {
                    file: file.clone(),
                    title: Value::text(title.as_str()),
                    updated_at: Value::Moment(exported.conversation.updated_at),
                    is_deleted: exported.deleted_at.is_some(),
                });
                Next::File(file, conversation_page(exported, &title).render()?)
            }
            ExportItem::Message(message) => Next::More(message_section(message).render()?),
            ExportItem::End => Next::More(END.to_owned()),
        })
    }

    /// The page of contents, when all conversations are written.
    pub(super) fn contents(&self) -> askama::Result<String> {
        ContentsPage { title: "Your conversations", book: &self.book, entries: &self.contents }.render()
    }
}

fn title(conversation: &Conversation) -> String {
    let title = conversation.title.as_ref().or(conversation.opening.as_ref());
    title.cloned().unwrap_or_else(|| "Conversation".to_owned())
}

fn conversation_page(exported: &ExportedConversation, title: &str) -> ConversationPage {
    let ExportedConversation { conversation: it, deleted_at } = exported;
    let facts = Facts::from([
        ("Begun", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Last message", Value::moment(it.last_message_at)),
        ("Messages", Value::Number(it.message_count)),
        ("In the list", Value::text(it.status.name())),
        ("Shown up to", Value::text(it.head_id.as_ref().map(contract::conversations::Id::as_str))),
        ("Deleted", Value::moment(*deleted_at)),
        ("Kept by programs", Value::lines(it.metadata.as_str())),
        ("Id", Value::text(it.id.as_str())),
    ]);
    ConversationPage { title: visible(title), name: Value::text(title), facts }
}

fn message_section(message: &Message) -> MessageSection {
    let speaker = match message.role {
        Role::System => "System",
        Role::User => "You",
        Role::Assistant => Origin::of(message.format.as_deref()).map_or("Assistant", Origin::name),
        Role::Tool => "Tool",
    };
    let mut parts = Vec::new();
    for part in parts_of(&message.parts) {
        push_part(&part, &mut parts);
    }
    MessageSection { seq: message.seq, speaker, parts, facts: message_facts(message) }
}

/// What belongs to a message beside what it says.
fn message_facts(it: &Message) -> Facts {
    let feedback = it.feedback.as_ref();
    let tags = feedback.map(|it| it.tags.join(", "));
    let status = match it.status {
        MessageStatus::Complete => "whole",
        MessageStatus::InProgress => "not finished",
        MessageStatus::Incomplete => "cut off",
        MessageStatus::Error => "something went wrong",
    };
    let judged = feedback.map(|it| if it.value == FeedbackValue::Good { "good" } else { "not good" });
    let facts = Facts::from([
        ("Said", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Status", Value::text(status)),
        ("Written by", Value::text(it.model.as_deref())),
        ("You found it", Value::text(judged)),
        ("In your words", Value::lines(feedback.and_then(|it| it.comment.as_deref()))),
        ("Tags", Value::text(tags.as_deref())),
        ("On", Value::moment(feedback.map(|it| it.updated_at))),
        ("Follows", Value::text(it.parent_id.as_ref().map(contract::conversations::Id::as_str))),
        ("It has cost", Value::lines(it.usage.as_ref().map(RawJson::as_str))),
        ("Format of the original", Value::text(it.format.as_deref())),
        ("Original", Value::lines(it.raw.as_ref().map(RawJson::as_str))),
        ("Kept by programs", Value::lines(Some(it.metadata.as_str()).filter(|json| *json != "{}"))),
        ("Id", Value::text(it.id.as_str())),
    ]);
    facts.known()
}

fn push_part(part: &Part, blocks: &mut Vec<Block>) {
    match part {
        Part::Text { text, citations } => {
            blocks.push(Block::Text(visible_lines(text)));
            blocks.extend(citations.iter().map(|it| Block::Citation {
                start: it.start,
                end: it.end,
                source: Value::text(it.source_id.as_str()),
                quote: Value::lines(it.quote.as_deref()),
            }));
        }
        Part::Reasoning { text } => blocks.push(folded("Thought", text)),
        Part::Source(it) => blocks.push(Block::Facts(Facts::from([
            ("Source", Value::text(it.source_id.as_str())),
            ("Title", Value::text(it.title.as_deref())),
            ("Address", Value::text(it.url.as_deref())),
            ("File", Value::text(it.filename.as_deref())),
            ("Type", Value::text(it.media_type.as_deref())),
            ("Says", Value::lines(it.chunk.as_deref())),
        ]))),
        Part::File { url, media_type, filename } => blocks.push(Block::Facts(Facts::from([
            ("File", Value::text(filename.as_deref())),
            ("Address", Value::text(url.as_str())),
            ("Type", Value::text(media_type.as_str())),
        ]))),
        Part::ToolCall { tool_name, input, .. } => {
            blocks.push(folded("Used a tool", &format!("{tool_name}\n{}", input.as_str())));
        }
        Part::ToolResult { output, error_text, .. } => {
            let output =
                output.as_ref().map(contract::conversations::RawJson::as_str).or(error_text.as_deref());
            blocks.push(folded("Answer of a tool", output.unwrap_or_default()));
        }
        Part::Other { kind } => blocks.push(Block::Other(Value::text(kind.as_str()))),
    }
}

fn folded(summary: &'static str, text: &str) -> Block {
    Block::Folded { summary, text: visible_lines(text) }
}
