//! One conversation to read.

use std::{collections::HashMap, fmt::Write};

use contract::{
    Timestamp,
    conversations::{FeedbackValue, Message, MessageStatus, Part, Role, parts_of},
};

use super::{
    ExportItem, ExportedConversation,
    escape_inline::{label, link},
    footnotes::{AnnotatedText, Footnotes},
    markdown_safety::{fenced, is_safe_inline},
};
use crate::data_export::export::Book;

/// Writes the file. A turn begins with a heading of the second level, `## 3 · Assistant · 2026-11-21 00:00 UTC`, and no
/// text of a message can look like one.
#[derive(Debug)]
pub(super) struct Markdown {
    book: Book,
    exported_at: Timestamp,
    /// The places of the messages, by their names.
    places: HashMap<String, i64>,
    /// The name of the last message.
    last: Option<String>,
    footnotes: Footnotes,
}

impl Markdown {
    pub(super) fn new(book: Book, exported_at: Timestamp) -> Self {
        Self { book, exported_at, places: HashMap::new(), last: None, footnotes: Footnotes::default() }
    }

    pub(super) fn write(&mut self, piece: &ExportItem, out: &mut String) {
        // Writing into a text cannot fail.
        let _ = match piece {
            ExportItem::Begin(taken) => self.begin(taken, out),
            ExportItem::Message(message) => self.turn(message, out),
            ExportItem::End => Ok(()),
        };
    }

    fn begin(&self, taken: &ExportedConversation, out: &mut String) -> std::fmt::Result {
        let conversation = &taken.conversation;
        let title = conversation.title.as_deref().or(conversation.opening.as_deref());
        writeln!(out, "# {}\n", label(title.unwrap_or("Conversation")))?;
        writeln!(
            out,
            "A conversation at {} ({}), begun on {}, {} messages, written down on {}.",
            label(&self.book.name),
            label(&self.book.address),
            moment(conversation.created_at),
            conversation.message_count,
            moment(self.exported_at)
        )
    }

    fn turn(&mut self, message: &Message, out: &mut String) -> std::fmt::Result {
        let speaker = speaker(message.role);
        write!(out, "\n## {} · {speaker} · {}\n", message.seq, moment(message.created_at))?;
        self.notes(message, out)?;
        self.places.insert(message.id.as_str().to_owned(), message.seq);
        self.last = Some(message.id.as_str().to_owned());
        let parts = parts_of(&message.parts);
        self.footnotes.begin(&parts);
        for part in &parts {
            self.part(part, out)?;
        }
        self.footnotes.end(out)
    }

    /// What is to be said about the message as a whole.
    fn notes(&self, message: &Message, out: &mut String) -> std::fmt::Result {
        if let Some(model) = &message.model {
            writeln!(out, "\n*Written by {}.*", label(model))?;
        }
        let parent = message.parent_id.as_ref().map(|parent| parent.as_str());
        if parent != self.last.as_deref() {
            match parent.and_then(|parent| self.places.get(parent)) {
                Some(place) => writeln!(out, "\n*Follows {place}.*")?,
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
                let AnnotatedText { noted, probe, behind } = self.footnotes.place(text, citations);
                let (body, behind) = if !is_safe_inline(text) {
                    (fenced(text, "text"), self.footnotes.marks(citations))
                } else if is_safe_inline(&probe) {
                    (noted, behind)
                } else {
                    (text.clone(), self.footnotes.marks(citations))
                };
                writeln!(out, "\n{body}")?;
                if behind.is_empty() { Ok(()) } else { writeln!(out, "\n{behind}") }
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

/// A name inside markup: nothing of it can be markup.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ':');
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).take(100).collect()
}

const fn speaker(role: Role) -> &'static str {
    match role {
        Role::System => "System",
        Role::User => "Reader",
        Role::Assistant => "Assistant",
        Role::Tool => "Tool",
    }
}

/// To the minute, in UTC.
fn moment(at: Timestamp) -> String {
    let iso = at.iso();
    let (day, time) = (iso.get(..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
    format!("{day} {time} UTC")
}
