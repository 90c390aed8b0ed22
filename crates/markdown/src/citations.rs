//! Where in the output citation marks stand.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::Citation;
use super::escape::push_attribute;
use super::events::Located;

/// The marks that are not written yet, in the order in which they will be.
pub(super) struct CitationMarks<'a> {
    waiting: VecDeque<(usize, &'a Citation)>,
    prefix: &'a str,
    /// How many marks there have been of each number.
    written: BTreeMap<usize, usize>,
}

impl<'a> CitationMarks<'a> {
    /// Finds the byte of `text` behind which each mark stands.
    pub(super) fn place(
        text: &str,
        events: &[Located<'_>],
        citations: &'a [Citation],
        prefix: &'a str,
    ) -> Self {
        let mut places = Places { all: places(text, citations), settled: 0, cell_end: None };
        for (index, (event, range)) in events.iter().enumerate() {
            let inside = events.get(index + 1).map_or(range.end, |(_, next)| next.start);
            places.pass(event, range.start, inside, range.end);
        }
        let mut all = places.all;
        all.sort_by_key(|(at, _)| *at);
        Self { waiting: all.into(), prefix, written: BTreeMap::new() }
    }

    /// Where the next mark stands.
    pub(super) fn next(&self) -> Option<usize> {
        self.waiting.front().map(|(at, _)| *at)
    }

    /// Writes all marks that stand at this byte of the Markdown or before.
    pub(super) fn write_until(&mut self, at: usize, out: &mut String) {
        while let Some((_, citation)) = self.waiting.pop_front_if(|(place, _)| *place <= at) {
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

/// From code points to bytes: the end of the last visible character before each place.
fn places<'a>(text: &str, citations: &'a [Citation]) -> Vec<(usize, &'a Citation)> {
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

/// Moves places out of where no mark can be, in one pass with the events.
struct Places<'a> {
    all: Vec<(usize, &'a Citation)>,
    /// How many of them will not move any more.
    settled: usize,
    /// Where the last cell of the table ends.
    cell_end: Option<usize>,
}

impl Places<'_> {
    /// Goes on to an event at `start..end`; what comes next, in it or behind it, starts at `inside`.
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
            // Between cells there is no place: the mark goes to the end of the cell before.
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

    /// Fixes all places up to `until`: at `to`, or where they are.
    fn advance(&mut self, until: usize, to: Option<usize>) {
        while let Some((at, _)) = self.all.get_mut(self.settled).filter(|(at, _)| *at <= until) {
            *at = to.unwrap_or(*at);
            self.settled += 1;
        }
    }
}
