//! From events to HTML: what is open, and who writes which event.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

use super::citations::CitationMarks;
use super::events::Located;
use super::inlines::Piece;

/// Quotes and lists within each other; what is deeper is written as text of the deepest.
pub(super) const DEEPEST: usize = 32;

/// Writes the HTML of one message. Every start tag is written together with its end tag, which waits in `open`.
pub(super) struct Writer<'a> {
    /// The Markdown as it was sent.
    pub text: &'a str,
    /// What the parser was given: of the same length, nearly always the same.
    pub parsed: &'a str,
    pub marks: CitationMarks<'a>,
    pub out: String,
    /// End tags to come, innermost last. Empty for what was left out.
    open: Vec<&'static str>,
    /// How many quotes and lists are open, written or left out.
    pub containers: usize,
    /// The same for emphasis, links and their like.
    pub inlines: usize,
    /// Levels of the headings that the next one could belong to.
    pub outline: Vec<HeadingLevel>,
    /// Whether the next block is the first in one that takes its direction from it.
    pub inherits: bool,
    /// In a block of code.
    pub in_code: bool,
    /// In a block of HTML.
    pub in_html: bool,
    /// How many links and images are open, written or left out.
    pub links: usize,
    /// The link that is open in the output.
    pub anchor: Option<Anchor>,
    /// Text that is not written yet.
    pub run: Vec<Piece<'a>>,
    /// The table that is open.
    pub table: Table,
}

/// A link in the output.
pub(super) struct Anchor {
    pub href: String,
    /// Whether there is something to click.
    pub visible: bool,
}

/// What cells have to know of their table.
#[derive(Default)]
pub(super) struct Table {
    /// Classes of the columns.
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

    /// Writes all events, closes what is open and puts marks that found no place into a paragraph.
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

    /// `empty`: what starts here has nothing in it.
    fn event(&mut self, event: Event<'a>, range: Range<usize>, empty: bool) {
        match event {
            Event::Text(text) if self.in_code => return self.code_text(&text, range),
            Event::Text(text) | Event::Html(text) => return self.piece(text, range),
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
            // What the parser was not asked for, and what is gone already.
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
                self.link(link_type, &dest_url, &title, range.start)
            }
            Tag::Image { dest_url, title, .. } => self.image(&dest_url, &title, range.start, empty),
            _ => self.leave_out(),
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

    /// Writes start tags; their end tags follow with [`Self::close`].
    pub(super) fn open(&mut self, start: &str, end: &'static str) {
        self.out.push_str(start);
        self.open.push(end);
    }

    /// Keeps the place of something that is not written, but what is in it.
    pub(super) fn leave_out(&mut self) {
        self.open.push("");
    }

    /// Whether what was opened last was left out.
    pub(super) fn is_left_out(&self) -> bool {
        self.open.last().is_some_and(|end| end.is_empty())
    }

    /// Writes the end tags of what was opened last.
    pub(super) fn close(&mut self) {
        self.out.push_str(self.open.pop().unwrap_or_default());
    }

    /// Writes the marks up to this byte of the Markdown, where running text can be.
    pub(super) fn marks_until(&mut self, at: usize) {
        if self.anchor.is_none() && !self.in_code {
            self.marks.write_until(at, &mut self.out);
        }
    }

    /// Writes the marks up to this byte of the Markdown where only blocks can be.
    pub(super) fn marks_between(&mut self, at: usize) {
        if self.marks.next().is_some_and(|next| next <= at) {
            self.block("p", " class=\"prose__cites\"", "</p>");
            self.marks_until(at);
            self.close();
        }
    }
}
