//! Inline content: text, emphasis, code, links and citation marks.

use std::ops::Range;

use pulldown_cmark::{CowStr, LinkType};

use super::escape::{is_hidden, push_attribute, push_text};
use super::writer::{Anchor, MAX_DEPTH, TextSpan, Writer};
use super::{address, autolink};

/// The position in a run of text spans.
struct Cursor<'s, 'a> {
    spans: std::slice::Iter<'s, TextSpan<'a>>,
    /// The current span, and how much of it was written.
    current: Option<(&'s TextSpan<'a>, usize)>,
    /// Bytes of the run that were written.
    at: usize,
}

impl<'a> Writer<'a> {
    /// The original text of a range, if the parser returned it unchanged.
    pub(super) fn source(&self, text: &str, range: Range<usize>) -> Option<&'a str> {
        (self.parsed.get(range.clone())? == text).then(|| self.text.get(range))?
    }

    /// Adds text to the run. It is written at the run's end, because a URL may be split into several spans.
    pub(super) fn text(&mut self, text: CowStr<'a>, range: Range<usize>) {
        let source = self.source(&text, range.clone());
        let text = source.map_or(text, CowStr::Borrowed);
        self.run.push(TextSpan { text, range, exact: source.is_some() });
    }

    /// Writes the run, with links for its URLs.
    pub(super) fn write_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.is_empty() {
            return;
        }
        self.inherits = false;
        let mut cursor = Cursor { spans: run.iter(), current: None, at: 0 };
        if self.links == 0 && !self.in_html {
            let text: String = run.iter().map(|span| &*span.text).collect();
            for found in autolink::find(&text) {
                self.write_run_until(&mut cursor, found.range.start);
                self.anchor_start(found.href, "");
                self.write_run_until(&mut cursor, found.range.end);
                self.anchor_end();
            }
        }
        self.write_run_until(&mut cursor, usize::MAX);
    }

    fn write_run_until(&mut self, cursor: &mut Cursor<'_, 'a>, until: usize) {
        while cursor.at < until {
            let next = || cursor.spans.next().map(|span| (span, 0));
            let Some((span, from)) = cursor.current.take().or_else(next) else { break };
            let to = span.text.len().min(from + (until - cursor.at));
            self.write_span(span, from, to);
            cursor.at += to - from;
            cursor.current = (to < span.text.len()).then_some((span, to));
        }
    }

    /// Writes a part of a span, with the marks inside it.
    fn write_span(&mut self, span: &TextSpan<'_>, from: usize, to: usize) {
        let Range { start, end } = span.range;
        let mut from = from;
        if span.exact {
            self.marks_until(start + from);
            while let Some(next) = self.next_mark().filter(|next| *next <= start + to) {
                let cut = next.saturating_sub(start).max(from);
                self.write_text(span.text.get(from..cut).unwrap_or_default());
                self.marks_until(next);
                from = cut;
            }
            self.write_text(span.text.get(from..to).unwrap_or_default());
            return;
        }
        if from == 0 {
            self.marks_until(start);
        }
        self.write_text(span.text.get(from..to).unwrap_or_default());
        if to == span.text.len() {
            self.marks_until(end);
        }
    }

    fn write_text(&mut self, text: &str) {
        if let Some(anchor) = &mut self.anchor {
            anchor.visible |= text.chars().any(is_visible);
        }
        push_text(&mut self.out, text);
    }

    pub(super) fn inline(&mut self, start: &str, end: &'static str, at: usize) {
        self.marks_until(at);
        self.inherits = false;
        self.inlines += 1;
        if self.inlines <= MAX_DEPTH { self.open(start, end) } else { self.skip() }
    }

    pub(super) fn inline_end(&mut self, at: usize) {
        self.inlines = self.inlines.saturating_sub(1);
        self.close();
        self.marks_until(at);
    }

    pub(super) fn code(&mut self, code: &str, Range { start, end }: Range<usize>) {
        self.marks_until(start);
        self.inherits = false;
        self.out.push_str("<code dir=\"ltr\">");
        self.write_text(code);
        self.out.push_str("</code>");
        self.marks_until(end);
    }

    /// Writes raw HTML as text, without links: URLs in it belong to its attributes.
    pub(super) fn inline_html(&mut self, html: CowStr<'a>, range: Range<usize>) {
        let outer = std::mem::replace(&mut self.in_html, true);
        self.text(html, range);
        self.write_run();
        self.in_html = outer;
    }

    pub(super) fn line_end(&mut self, html: &str, at: usize) {
        self.marks_until(at);
        self.out.push_str(html);
    }

    /// Opens a link, or skips its tags if the URL is unsafe or a link is open already.
    pub(super) fn link(&mut self, kind: LinkType, address: &str, title: &str, at: usize) {
        self.marks_until(at);
        self.inherits = false;
        self.links += 1;
        let href = match kind {
            _ if self.anchor.is_some() => None,
            LinkType::Email => address::safe_address(&format!("mailto:{address}")),
            _ => address::safe_address(address),
        };
        match href {
            Some(href) => {
                self.anchor_start(href, title);
                self.open("", "</a>");
            }
            None => self.skip(),
        }
    }

    /// Writes an image as a link: loading it would reveal each reader to its server.
    pub(super) fn image(&mut self, address: &str, title: &str, at: usize, empty: bool) {
        self.link(LinkType::Inline, address, title, at);
        self.write_text(if empty { "Image" } else { "Image: " });
    }

    pub(super) fn link_end(&mut self, at: usize) {
        self.links = self.links.saturating_sub(1);
        if self.is_skipped() {
            self.close();
        } else {
            self.label_empty_anchor();
            self.close();
            self.anchor = None;
        }
        self.marks_until(at);
    }

    fn anchor_start(&mut self, href: String, title: &str) {
        self.out.push_str("<a href=\"");
        push_attribute(&mut self.out, &href);
        if !title.is_empty() {
            self.out.push_str("\" title=\"");
            push_attribute(&mut self.out, title);
        }
        self.out.push_str("\" rel=\"nofollow noopener noreferrer ugc\">");
        self.anchor = Some(Anchor { href, visible: false });
    }

    fn anchor_end(&mut self) {
        self.out.push_str("</a>");
        self.anchor = None;
    }

    /// Shows the URL of a link without visible text.
    fn label_empty_anchor(&mut self) {
        if let Some(Anchor { href, .. }) = self.anchor.take_if(|anchor| !anchor.visible) {
            push_text(&mut self.out, &href);
        }
    }

    fn next_mark(&self) -> Option<usize> {
        if self.anchor.is_some() { None } else { self.marks.next() }
    }
}

/// Whether the character is visible: neither white space nor of zero width.
fn is_visible(c: char) -> bool {
    let is_blank = matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}');
    !c.is_whitespace() && (is_hidden(c) || !is_blank)
}
