//! The HTML writer: its state, and the dispatch of events.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Tag, TagEnd};

use super::citations::CitationMarks;
use super::events::Located;

/// The deepest nesting of blocks and of inlines in the output; anything deeper becomes content of the deepest.
pub(super) const MAX_DEPTH: usize = 32;

/// Writes the HTML of one message. Each start tag is written when its end tag is pushed to `open`.
pub(super) struct Writer<'a> {
    /// The original Markdown.
    pub text: &'a str,
    /// The Markdown as it was parsed, of the same length (see [`super::parser_limits`]).
    pub parsed: &'a str,
    pub marks: CitationMarks<'a>,
    pub out: String,
    /// Pending end tags, innermost last; empty for skipped tags.
    open: Vec<&'static str>,
    /// How many quotes and lists are open, written or skipped.
    pub containers: usize,
    /// The same for emphasis, links and their like.
    pub inlines: usize,
    /// The levels of the headings above the current position.
    pub outline: Vec<HeadingLevel>,
    /// Whether the next block is the first in a container, which takes its direction from it.
    pub inherits: bool,
    /// Whether a code block is open.
    pub in_code: bool,
    /// Whether an HTML block is open.
    pub in_html: bool,
    /// How many links and images are open, written or skipped.
    pub links: usize,
    /// The open link of the output.
    pub anchor: Option<Anchor>,
    /// Text that is not written yet.
    pub run: Vec<TextSpan<'a>>,
    /// The open table.
    pub table: Table,
}

/// Text of one event. The parser splits text wherever there could have been markup.
pub(super) struct TextSpan<'a> {
    pub text: CowStr<'a>,
    /// Its byte range in the Markdown.
    pub range: Range<usize>,
    /// Whether the text is exactly these bytes, which it is not for entities.
    pub exact: bool,
}

/// A link of the output.
pub(super) struct Anchor {
    pub href: String,
    /// Whether it has a visible character.
    pub visible: bool,
}

/// The state of the open table.
#[derive(Default)]
pub(super) struct Table {
    /// The class attributes of the columns.
    pub columns: Vec<&'static str>,
    pub column: usize,
    pub in_head: bool,
    pub has_body: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(text: &'a str, parsed: &'a str, marks: CitationMarks<'a>) -> Self {
        Self {
            text,
            parsed,
            marks,
            out: String::with_capacity(text.len() + text.len() / 2),
            open: Vec::new(),
            containers: 0,
            inlines: 0,
            outline: Vec::new(),
            inherits: false,
            in_code: false,
            in_html: false,
            links: 0,
            anchor: None,
            run: Vec::new(),
            table: Table::default(),
        }
    }

    /// Writes all events, closes open tags, and puts the remaining marks into a paragraph.
    pub(super) fn write(mut self, events: Vec<Located<'a>>) -> String {
        let mut events = events.into_iter().peekable();
        while let Some((event, range)) = events.next() {
            let next = events.peek().map(|(event, _)| event);
            self.event(event, range, matches!(next, Some(Event::End(_))));
        }
        self.write_run();
        while !self.open.is_empty() {
            self.close();
        }
        self.marks_between(usize::MAX);
        self.out
    }

    /// `empty` says that the starting element has no content.
    fn event(&mut self, event: Event<'a>, range: Range<usize>, empty: bool) {
        match event {
            Event::Text(text) if self.in_code => return self.code_text(&text, range),
            Event::Text(text) | Event::Html(text) => return self.text(text, range),
            _ => self.write_run(),
        }
        match event {
            Event::Start(tag) => self.start(tag, range, empty),
            Event::End(tag) => self.end(tag, range.end),
            Event::Code(code) => self.code(&code, range),
            Event::InlineHtml(html) => self.inline_html(html, range),
            Event::SoftBreak => self.line_end("\n", range.end),
            Event::HardBreak => self.line_end("<br>\n", range.end),
            Event::Rule => self.rule(range.end),
            Event::TaskListMarker(done) => self.task(done),
            // Text was handled above; the other extensions are off.
            Event::Text(_)
            | Event::Html(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'a>, range: Range<usize>, empty: bool) {
        match tag {
            Tag::Paragraph => self.block("p", "", "</p>"),
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => self.quote(),
            Tag::List(first) => self.list(first),
            Tag::Item => self.item(),
            Tag::CodeBlock(kind) => self.code_block(&kind),
            Tag::HtmlBlock => {
                self.in_html = true;
                self.block("p", " class=\"prose__raw\"", "</p>");
            }
            Tag::Table(columns) => self.table(&columns),
            Tag::TableHead => self.table_head(),
            Tag::TableRow => self.table_row(),
            Tag::TableCell => self.table_cell(empty),
            Tag::Emphasis => self.inline("<em>", "</em>", range.start),
            Tag::Strong => self.inline("<strong>", "</strong>", range.start),
            Tag::Strikethrough => self.inline("<del>", "</del>", range.start),
            Tag::Link { link_type, dest_url, title, .. } => {
                self.link(link_type, &dest_url, &title, range.start);
            }
            Tag::Image { dest_url, title, .. } => self.image(&dest_url, &title, range.start, empty),
            _ => self.skip(),
        }
    }

    fn end(&mut self, tag: TagEnd, at: usize) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell => {
                self.marks_until(at);
                self.close();
            }
            TagEnd::HtmlBlock => self.html_block_end(at),
            TagEnd::BlockQuote(_) | TagEnd::List(_) => {
                self.containers = self.containers.saturating_sub(1);
                self.close();
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.close();
                self.marks_between(at);
            }
            TagEnd::Table => {
                self.table_end();
                self.marks_between(at);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.inline_end(at),
            TagEnd::Link | TagEnd::Image => self.link_end(at),
            _ => self.close(),
        }
    }

    /// Writes start tags, and pushes the end tags that [`Self::close`] writes.
    pub(super) fn open(&mut self, start: &str, end: &'static str) {
        self.out.push_str(start);
        self.open.push(end);
    }

    /// Skips the tags of an element, but not its content.
    pub(super) fn skip(&mut self) {
        self.open.push("");
    }

    /// Whether the innermost element was skipped.
    pub(super) fn is_skipped(&self) -> bool {
        self.open.last().is_some_and(|end| end.is_empty())
    }

    /// Writes the end tags of the innermost element.
    pub(super) fn close(&mut self) {
        self.out.push_str(self.open.pop().unwrap_or_default());
    }

    /// Writes the marks up to this offset, where inline content is allowed.
    pub(super) fn marks_until(&mut self, at: usize) {
        if self.anchor.is_none() && !self.in_code {
            self.marks.write_until(at, &mut self.out);
        }
    }

    /// Writes the marks up to this offset, where only blocks are allowed.
    pub(super) fn marks_between(&mut self, at: usize) {
        if self.marks.next().is_some_and(|next| next <= at) {
            self.block("p", " class=\"prose__cites\"", "</p>");
            self.marks_until(at);
            self.close();
        }
    }
}
