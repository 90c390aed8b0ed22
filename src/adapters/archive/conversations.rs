//! The conversations in a reader's copy: a page of contents, and a page of each, without script, and nothing in them is
//! fetched from anywhere.
//!
//! Every value passes through [`Value`], [`Lines`] or [`Escaped`], which alone write somebody's words into a page.

use std::fmt::{self, Write};

use contract::conversations::{Conversation, FeedbackValue, Message, MessageStatus, Part, Role, parts_of};
use domain::{ExportItem, ExportedConversation, export::Export};

use super::page::{Escaped, Lines, NOTHING, STYLE, Value, facts};

/// The pages of a reader's conversations as they come.
pub(super) struct Pages {
    book: String,
    /// The list of the page of contents.
    contents: String,
    count: u32,
}

/// What is to be written next.
pub(super) enum Next {
    /// A file begins with this.
    File(String, String),
    /// The file goes on with this.
    More(String),
}

impl Pages {
    pub(super) fn new(export: &Export) -> Self {
        Self { book: export.book.name.clone(), contents: String::new(), count: 0 }
    }

    /// A piece of a conversation as a piece of its page.
    pub(super) fn write(&mut self, piece: &ExportItem) -> Next {
        match piece {
            ExportItem::Begin(taken) => {
                self.count += 1;
                let name = format!("conversations/{:05}.html", self.count);
                let title = title(&taken.conversation);
                let moment = Value::Moment(taken.conversation.updated_at);
                self.contents.push_str(&format!(
                    "<li><a href=\"{name}\">{}</a>, {moment}{}</li>\n",
                    Value::Text(&title),
                    if taken.deleted_at.is_some() { ", deleted" } else { "" }
                ));
                Next::File(name, begin(taken, &title))
            }
            ExportItem::Message(message) => Next::More(turn(message)),
            ExportItem::End => Next::More("</main>\n</body>\n</html>\n".to_owned()),
        }
    }

    /// The page of contents, when all conversations are written.
    pub(super) fn contents(&self) -> String {
        let list =
            if self.count == 0 { NOTHING.to_owned() } else { format!("<ol>\n{}</ol>\n", self.contents) };
        let book = Value::Text(&self.book);
        format!(
            "{}<header>\n<h1>Your conversations at {book}</h1>\n<p>Those that you have deleted are stored for ten more \
             minutes, and stand here too until then.</p>\n</header>\n<main>\n{list}</main>\n</body>\n</html>\n",
            head("Your conversations")
        )
    }
}

/// A page up to its body.
fn head(title: &str) -> String {
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{}</title>
<style>
{STYLE}</style>
</head>
<body>
",
        Escaped(title)
    )
}

fn title(conversation: &Conversation) -> String {
    let title = conversation.title.as_ref().or(conversation.opening.as_ref());
    title.cloned().unwrap_or_else(|| "Conversation".to_owned())
}

fn begin(taken: &ExportedConversation, title: &str) -> String {
    let ExportedConversation { conversation: it, deleted_at } = taken;
    let facts = facts(&[
        ("Begun", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Last message", Value::moment(it.last_message_at)),
        ("Messages", Value::Number(it.message_count)),
        ("In the list", Value::Text(it.status.name())),
        ("Shown up to", Value::text(it.head_id.as_ref().map(|id| id.as_str()))),
        ("Deleted", Value::moment(*deleted_at)),
        ("Kept by programs", Value::Lines(it.metadata.as_str())),
        ("Id", Value::Text(it.id.as_str())),
    ]);
    let name = Value::Text(title);
    format!(
        "{}<header>\n<p><a href=\"../conversations.html\">Your conversations</a></p>\n<h1>{name}</h1>\n{facts}</header>\n<main>\n",
        head(title)
    )
}

fn turn(message: &Message) -> String {
    let speaker = match message.role {
        Role::System => "System",
        Role::User => "You",
        Role::Assistant => "Assistant",
        Role::Tool => "Tool",
    };
    let seq = message.seq;
    let mut turn =
        format!("<section aria-labelledby=\"m{seq}\">\n<h2 id=\"m{seq}\">{seq} · {speaker}</h2>\n");
    for part in parts_of(&message.parts) {
        // Writing into a text cannot fail.
        let _ = said(&part, &mut turn);
    }
    turn.push_str(&beside(message));
    turn.push_str("</section>\n");
    turn
}

/// What belongs to a message beside what it says.
fn beside(it: &Message) -> String {
    let json =
        |json: &Option<contract::conversations::RawJson>| json.as_ref().map(|it| it.as_str().to_owned());
    let (usage, raw) = (json(&it.usage), json(&it.raw));
    let feedback = it.feedback.as_ref();
    let tags = feedback.map(|it| it.tags.join(", ")).filter(|tags| !tags.is_empty());
    let status = match it.status {
        MessageStatus::Complete => "whole",
        MessageStatus::InProgress => "not finished",
        MessageStatus::Incomplete => "cut off",
        MessageStatus::Error => "something went wrong",
    };
    let judged = feedback.map(|it| if it.value == FeedbackValue::Good { "good" } else { "not good" });
    let known: Vec<(&str, Value<'_>)> = vec![
        ("Said", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Status", Value::Text(status)),
        ("Written by", Value::text(it.model.as_deref())),
        ("You found it", Value::text(judged)),
        ("In your words", Value::lines(feedback.and_then(|it| it.comment.as_deref()))),
        ("Tags", Value::text(tags.as_deref())),
        ("On", Value::moment(feedback.map(|it| it.updated_at))),
        ("Follows", Value::text(it.parent_id.as_ref().map(|id| id.as_str()))),
        ("It has cost", Value::lines(usage.as_deref())),
        ("Format of the original", Value::text(it.format.as_deref())),
        ("Original", Value::lines(raw.as_deref())),
        ("Kept by programs", Value::lines(Some(it.metadata.as_str()).filter(|json| *json != "{}"))),
        ("Id", Value::Text(it.id.as_str())),
    ];
    let known: Vec<_> = known.into_iter().filter(|(_, value)| !matches!(value, Value::None)).collect();
    format!("<details><summary>More</summary>\n{}</details>\n", facts(&known))
}

fn said(part: &Part, out: &mut String) -> fmt::Result {
    match part {
        Part::Text { text, citations } => {
            writeln!(out, "<p class=\"said\" dir=\"auto\">{}</p>", Lines(text))?;
            for it in citations {
                let quote = Value::lines(it.quote.as_deref());
                let (start, end, source) = (it.start, it.end, Value::Text(&it.source_id));
                writeln!(
                    out,
                    "<p class=\"quiet\">Characters {start} to {end} are from {source}: {quote}</p>"
                )?;
            }
            Ok(())
        }
        Part::Reasoning { text } => folded(out, "Thought", text),
        Part::Source(it) => {
            let text = |text: &Option<String>| text.clone();
            let (title, url, chunk) = (text(&it.title), text(&it.url), text(&it.chunk));
            let (media_type, filename) = (text(&it.media_type), text(&it.filename));
            out.push_str(&facts(&[
                ("Source", Value::Text(&it.source_id)),
                ("Title", Value::text(title.as_deref())),
                ("Address", Value::text(url.as_deref())),
                ("File", Value::text(filename.as_deref())),
                ("Type", Value::text(media_type.as_deref())),
                ("Says", Value::lines(chunk.as_deref())),
            ]));
            Ok(())
        }
        Part::File { url, media_type, filename } => {
            out.push_str(&facts(&[
                ("File", Value::text(filename.as_deref())),
                ("Address", Value::Text(url)),
                ("Type", Value::Text(media_type)),
            ]));
            Ok(())
        }
        Part::ToolCall { tool_name, input, .. } => {
            folded(out, "Used a tool", &format!("{tool_name}\n{}", input.as_str()))
        }
        Part::ToolResult { output, error_text, .. } => {
            let output = output.as_ref().map(|output| output.as_str()).or(error_text.as_deref());
            folded(out, "Answer of a tool", output.unwrap_or_default())
        }
        Part::Other { kind } => {
            writeln!(
                out,
                "<p class=\"quiet\">A part of type {}, in conversations.json</p>",
                Value::Text(kind)
            )
        }
    }
}

fn folded(out: &mut String, summary: &str, text: &str) -> fmt::Result {
    writeln!(
        out,
        "<details><summary>{summary}</summary>\n<p class=\"said\" dir=\"auto\">{}</p></details>",
        Lines(text)
    )
}
