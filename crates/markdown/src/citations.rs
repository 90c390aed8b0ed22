//! Placement of citation marks.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::escape::push_attribute;
use super::events::Located;

/// A citation mark: a superscript number that links to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The offset in the Markdown, in Unicode code points. Larger offsets mean the end.
    pub end: usize,
    /// The number shown.
    pub number: usize,
    /// Id of the element it links to, without `#`.
    pub target: String,
    /// The source's title as plain text; may be empty.
    pub title: String,
}

/// The marks that are not written yet, in their order.
pub(super) struct CitationMarks<'a> {
    pending: VecDeque<(usize, &'a Citation)>,
    prefix: &'a str,
    /// How many marks of each number were written.
    written: BTreeMap<usize, usize>,
}

impl<'a> CitationMarks<'a> {
    /// Determines the byte offset of each mark.
    pub(super) fn place(
        text: &str,
        events: &[Located<'_>],
        citations: &'a [Citation],
        prefix: &'a str,
    ) -> Self {
        let mut placement = Placement { all: byte_offsets(text, citations), placed: 0, cell_end: None };
        for (index, (event, range)) in events.iter().enumerate() {
            let inside = events.get(index + 1).map_or(range.end, |(_, next)| next.start);
            placement.pass(event, range.start, inside, range.end);
        }
        let mut all = placement.all;
        all.sort_by_key(|(at, _)| *at);
        Self { pending: all.into(), prefix, written: BTreeMap::new() }
    }

    /// The offset of the next mark.
    pub(super) fn next(&self) -> Option<usize> {
        self.pending.front().map(|(at, _)| *at)
    }

    /// Writes all marks up to this offset of the Markdown.
    pub(super) fn write_until(&mut self, at: usize, out: &mut String) {
        while let Some((_, citation)) = self.pending.pop_front_if(|(offset, _)| *offset <= at) {
            let count = self.written.entry(citation.number).or_default();
            *count += 1;
            write_mark(out, citation, self.prefix, *count);
        }
    }
}

fn write_mark(
    out: &mut String,
    Citation { number, target, title, .. }: &Citation,
    prefix: &str,
    count: usize,
) {
    out.push_str("<sup class=\"cite\"><a href=\"#");
    push_attribute(out, target);
    out.push_str("\" id=\"");
    push_attribute(out, prefix);
    // Writing to a string does not fail.
    let _ = write!(out, "-cite-{number}-{count}\"");
    if !title.is_empty() {
        out.push_str(" title=\"");
        push_attribute(out, title);
        out.push('"');
    }
    let _ = write!(out, " aria-label=\"Source {number}");
    if !title.is_empty() {
        out.push_str(": ");
        push_attribute(out, title);
    }
    let _ = write!(out, "\">{number}</a></sup>");
}

/// Converts offsets from code points to bytes, at the end of the last visible character before each.
fn byte_offsets<'a>(text: &str, citations: &'a [Citation]) -> Vec<(usize, &'a Citation)> {
    let mut sorted: Vec<&Citation> = citations.iter().collect();
    sorted.sort_by_key(|citation| citation.end);
    let mut chars = text.char_indices();
    let (mut passed, mut visible) = (0, 0);
    let mut byte = |end: usize| {
        while passed < end {
            let Some((at, c)) = chars.next() else { break };
            passed += 1;
            if !c.is_whitespace() {
                visible = at + c.len_utf8();
            }
        }
        visible
    };
    sorted.into_iter().map(|citation| (byte(citation.end), citation)).collect()
}

/// Moves marks out of elements that cannot contain one, in one pass over the events.
struct Placement<'a> {
    all: Vec<(usize, &'a Citation)>,
    /// How many of them have their final offset.
    placed: usize,
    /// The end of the table's last cell.
    cell_end: Option<usize>,
}

impl Placement<'_> {
    /// Processes the event at `start..end`; the next event starts at `inside`.
    fn pass(&mut self, event: &Event<'_>, start: usize, inside: usize, end: usize) {
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough) => {
                self.advance(start, None);
                self.advance(inside.min(end), Some(end));
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_))
            | Event::Code(_)
            | Event::InlineHtml(_) => {
                self.advance(start, None);
                self.advance(end, Some(end));
            }
            // A mark between cells moves to the end of the previous cell.
            Event::Start(Tag::TableCell | Tag::TableRow) => self.advance(start, self.cell_end),
            Event::End(TagEnd::TableCell) => {
                self.advance(end, None);
                self.cell_end = Some(end);
            }
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => self.advance(end, self.cell_end),
            Event::End(TagEnd::Table) => {
                self.advance(end, self.cell_end);
                self.cell_end = None;
            }
            _ => {}
        }
    }

    /// Finalizes all offsets up to `until`, moving them to `to` if given.
    fn advance(&mut self, until: usize, to: Option<usize>) {
        while let Some((at, _)) = self.all.get_mut(self.placed).filter(|(at, _)| *at <= until) {
            *at = to.unwrap_or(*at);
            self.placed += 1;
        }
    }
}
