//! Markdown of chat messages as HTML that cannot do anything.
//!
//! The parser only says what it found; every tag and attribute in the output is written here. Raw HTML is text, addresses
//! are taken apart and put together again, nothing is loaded, and characters that would reorder or hide others are shown.
//! So there is nothing left to sanitise.

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

pub use address::allowed as safe_address;
pub use first_line::first_line;
pub use snippet::{SnippetPart, strip_markup};

use citations::CitationMarks;
use writer::Writer;

/// One citation mark: a superior number that leads to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Where it stands, in Unicode code points from the start of the Markdown. What lies beyond the text means its end.
    pub end: usize,
    /// The number shown.
    pub number: usize,
    /// Id of the element it links to, without `#`.
    pub target: String,
    /// What the source is called, plain text. May be empty.
    pub title: String,
}

/// Renders Markdown to inert HTML: a sequence of blocks, for an element of the class `prose`.
///
/// `prefix` is unique on the page for the message and goes into every id in the output: a mark has the id
/// `PREFIX-cite-N-K`, for its number and the how many-th mark of this number it is, from 1.
///
/// A mark stands behind the last visible character before its place; if that is within a link, code or the signs of an
/// emphasis, behind those.
#[must_use]
pub fn to_html(text: &str, prefix: &str, citations: &[Citation]) -> String {
    let parsed = parser_limits::bounded(text);
    let events = events::of(&parsed);
    let marks = CitationMarks::place(text, &events, citations, prefix);
    Writer::new(text, &parsed, marks).write(events)
}
