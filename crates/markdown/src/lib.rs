//! Markdown of chat messages as inert HTML.
//!
//! The parser only reports events; every tag and attribute of the output is written here. Raw HTML becomes text, URLs are
//! parsed and serialized again, nothing is loaded, and characters that reorder or hide others are made visible. So no
//! sanitizer is needed.

mod address;
mod autolink;
mod blocks;
mod citations;
mod escape;
mod events;
mod first_line;
mod inlines;
mod nesting;
mod parser_limits;
mod snippet;
mod tables;
mod writer;

#[cfg(test)]
mod tests;

pub use address::safe_address;
pub use citations::Citation;
pub use first_line::first_line;
pub use snippet::{SnippetPart, strip_markup};

use citations::CitationMarks;
use writer::Writer;

/// Renders Markdown as a sequence of blocks, for an element of the class `prose`.
///
/// `prefix` is unique to the message on its page and begins every id of the output. The mark of citation N has the id
/// `PREFIX-cite-N-K`, where K counts the marks of that number from 1.
///
/// A mark follows the last visible character before its offset; inside a link, code or emphasis it follows the whole of it.
#[must_use]
pub fn to_html(text: &str, prefix: &str, citations: &[Citation]) -> String {
    let parsed = parser_limits::limited(text);
    let events = events::events(&parsed);
    let marks = CitationMarks::place(text, &events, citations, prefix);
    Writer::new(text, &parsed, marks).write(events)
}
