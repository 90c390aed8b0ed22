//! The Markdown file.

use std::{collections::HashMap, fmt::Write};

use contract::{
    Timestamp,
    conversations::{Conversation, FeedbackValue, Message, MessageStatus, Origin, Part, Role, parts_of},
};

use super::{
    super::code_fence::fenced,
    ExportItem,
    escape_inline::{label, link},
    footnotes::{AnnotatedText, Footnotes},
    markdown_safety::is_safe_inline,
};
use crate::data_export::export::Book;

/// Renders items as Markdown. A message begins with a heading of the second level, `## 3 · Assistant · 2026-11-21 00:00
/// UTC`, and no text of a message can look like one.
#[derive(Debug)]
pub(super) struct MarkdownRenderer {
    book: Book,
    exported_at: Timestamp,
    /// The `seq` of each message, by its id.
    seqs: HashMap<String, i64>,
    /// The id of the last message.
    last_id: Option<String>,
    footnotes: Footnotes,
}

impl MarkdownRenderer {
    pub(super) fn new(book: Book, exported_at: Timestamp) -> Self {
        Self { book, exported_at, seqs: HashMap::new(), last_id: None, footnotes: Footnotes::default() }
    }

    pub(super) fn write(&mut self, item: &ExportItem, out: &mut String) {
        // Writing into a text cannot fail.
        let _ = match item {
            ExportItem::Begin(begun) => self.begin(&begun.conversation, out),
            ExportItem::Message(message) => self.message(message, out),
            ExportItem::End => Ok(()),
        };
    }

    fn begin(&self, conversation: &Conversation, out: &mut String) -> std::fmt::Result {
        let title = conversation.title.as_deref().or(conversation.opening.as_deref());
        writeln!(out, "# {}\n", label(title.unwrap_or("Conversation")))?;
        writeln!(
            out,
            "A conversation at {} ({}), begun on {}, {} messages, written down on {}.",
            label(&self.book.name),
            label(&self.book.address),
            time(conversation.created_at),
            conversation.message_count,
            time(self.exported_at)
        )
    }

    fn message(&mut self, message: &Message, out: &mut String) -> std::fmt::Result {
        let Message { seq, role, created_at, .. } = message;
        write!(out, "\n## {seq} · {} · {}\n", author(*role, message.format.as_deref()), time(*created_at))?;
        self.notes(message, out)?;
        self.seqs.insert(message.id.as_str().to_owned(), message.seq);
        self.last_id = Some(message.id.as_str().to_owned());
        let parts = parts_of(&message.parts);
        self.footnotes.begin(&parts);
        for part in &parts {
            self.part(part, out)?;
        }
        self.footnotes.end(out)
    }

    /// Notes on the message as a whole.
    fn notes(&self, message: &Message, out: &mut String) -> std::fmt::Result {
        if let Some(model) = &message.model {
            writeln!(out, "\n*Written by {}.*", label(model))?;
        }
        let parent = message.parent_id.as_ref().map(contract::conversations::Id::as_str);
        if parent != self.last_id.as_deref() {
            match parent.and_then(|parent| self.seqs.get(parent)) {
                Some(seq) => writeln!(out, "\n*Follows {seq}.*")?,
                None => writeln!(out, "\n*A new beginning.*")?,
            }
        }
        match message.status {
            MessageStatus::Complete => {}
            MessageStatus::InProgress => writeln!(out, "\n*Not finished.*")?,
            MessageStatus::Incomplete => writeln!(out, "\n*Cut off.*")?,
            MessageStatus::Error => writeln!(out, "\n*Something went wrong.*")?,
        }
        if let Some(feedback) = &message.feedback {
            let good = if feedback.value == FeedbackValue::Good { "good" } else { "not good" };
            let words = feedback.tags.iter().map(String::as_str).chain(feedback.comment.as_deref());
            let words = words.map(label).collect::<Vec<_>>().join(", ");
            let colon = if words.is_empty() { "" } else { ": " };
            writeln!(out, "\n*You found this {good}{colon}{words}.*")?;
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, out: &mut String) -> std::fmt::Result {
        match part {
            Part::Text { text, citations } => {
                let AnnotatedText { annotated, probe, trailing } = self.footnotes.annotate(text, citations);
                let (body, trailing) = if !is_safe_inline(text) {
                    (fenced(text, "text"), self.footnotes.marks(citations))
                } else if is_safe_inline(&probe) {
                    (annotated, trailing)
                } else {
                    (text.clone(), self.footnotes.marks(citations))
                };
                writeln!(out, "\n{body}")?;
                if trailing.is_empty() { Ok(()) } else { writeln!(out, "\n{trailing}") }
            }
            Part::Reasoning { text } => folded(out, "Thought", &fenced(text, "text")),
            Part::Source(_) => Ok(()),
            Part::File { url, media_type, filename } => {
                let name = filename.as_deref().unwrap_or(media_type);
                writeln!(out, "\nFile: {} ({})", link(name, url), label(media_type))
            }
            Part::ToolCall { tool_name, input, .. } => {
                folded(out, &format!("Used {}", plain(tool_name)), &fenced(input.as_str(), "json"))
            }
            Part::ToolResult { output, error_text, .. } => match (output, error_text) {
                (Some(output), _) => folded(out, "Answer of the tool", &fenced(output.as_str(), "json")),
                (None, error) => {
                    let error = error.as_deref().unwrap_or_default();
                    folded(out, "The tool has failed", &fenced(error, "text"))
                }
            },
            Part::Other { kind } => {
                writeln!(out, "\n*A part of type {}, which only programs read.*", label(kind))
            }
        }
    }
}

fn folded(out: &mut String, summary: &str, body: &str) -> std::fmt::Result {
    writeln!(out, "\n<details><summary>{summary}</summary>\n\n{body}\n\n</details>")
}

/// A name without characters that could be markup.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ':');
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).take(100).collect()
}

/// Who a message is signed by.
fn author(role: Role, format: Option<&str>) -> &'static str {
    match role {
        Role::System => "System",
        Role::User => "Reader",
        Role::Assistant => Origin::of(format).map_or("Assistant", Origin::name),
        Role::Tool => "Tool",
    }
}

/// A time to the minute, in UTC.
fn time(at: Timestamp) -> String {
    let iso = at.iso();
    let (day, time) = (iso.get(..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
    format!("{day} {time} UTC")
}
