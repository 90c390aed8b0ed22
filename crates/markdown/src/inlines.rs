//! Running text: emphasis, code, links, and the marks between its letters.

use std::ops::Range;

use pulldown_cmark::{CowStr, LinkType};

use super::escape::{is_hidden, push_attribute, push_text};
use super::writer::{Anchor, DEEPEST, Writer};
use super::{address, autolink};

/// Text from one place of the Markdown. The parser cuts text wherever there could have been a sign.
pub(super) struct Piece<'a> {
    text: CowStr<'a>,
    /// Its bytes in the Markdown.
    range: Range<usize>,
    /// Whether the text is these very bytes. An entity is longer in the Markdown.
    exact: bool,
}

/// How far a run of pieces is written.
struct Cursor<'p, 'a> {
    pieces: std::slice::Iter<'p, Piece<'a>>,
    /// The piece that is being written, and how much of it was.
    current: Option<(&'p Piece<'a>, usize)>,
    /// Bytes of the whole run that were written.
    at: usize,
}

impl<'a> Writer<'a> {
    /// What stands at these bytes of the Markdown, if that is the very text the parser found.
    pub(super) fn written(&self, text: &str, range: Range<usize>) -> Option<&'a str> {
        (self.parsed.get(range.clone())? == text).then(|| self.text.get(range))?
    }

    /// Takes text. It is written when the run ends, since an address may be cut into several pieces.
    pub(super) fn piece(&mut self, text: CowStr<'a>, range: Range<usize>) {
        let written = self.written(&text, range.clone());
        let text = written.map_or(text, CowStr::Borrowed);
        self.run.push(Piece { text, range, exact: written.is_some() });
    }

    /// Writes the text that has come together, with links where it has addresses.
    pub(super) fn write_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.is_empty() {
            return;
        }
        self.inherits = false;
        let mut cursor = Cursor { pieces: run.iter(), current: None, at: 0 };
        if self.links == 0 && !self.in_html {
            let text: String = run.iter().map(|piece| &*piece.text).collect();
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
            let next = || cursor.pieces.next().map(|piece| (piece, 0));
            let Some((piece, from)) = cursor.current.take().or_else(next) else { break };
            let to = piece.text.len().min(from + (until - cursor.at));
            self.write_part(piece, from, to);
            cursor.at += to - from;
            cursor.current = (to < piece.text.len()).then_some((piece, to));
        }
    }

    /// Writes these bytes of a piece, with the marks that stand between them.
    fn write_part(&mut self, piece: &Piece<'_>, from: usize, to: usize) {
        let Range { start, end } = piece.range;
        let mut from = from;
        if piece.exact {
            self.marks_until(start + from);
            while let Some(next) = self.next_mark().filter(|next| *next <= start + to) {
                let cut = next.saturating_sub(start).max(from);
                self.letters(piece.text.get(from..cut).unwrap_or_default());
                self.marks_until(next);
                from = cut;
            }
            self.letters(piece.text.get(from..to).unwrap_or_default());
            return;
        }
        if from == 0 {
            self.marks_until(start);
        }
        self.letters(piece.text.get(from..to).unwrap_or_default());
        if to == piece.text.len() {
            self.marks_until(end);
        }
    }

    fn letters(&mut self, text: &str) {
        if let Some(anchor) = &mut self.anchor {
            anchor.visible |= text.chars().any(is_visible);
        }
        push_text(&mut self.out, text);
    }

    pub(super) fn inline(&mut self, start: &str, end: &'static str, at: usize) {
        self.marks_until(at);
        self.inherits = false;
        self.inlines += 1;
        if self.inlines <= DEEPEST { self.open(start, end) } else { self.leave_out() }
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
        self.letters(code);
        self.out.push_str("</code>");
        self.marks_until(end);
    }

    /// Raw HTML is text, and addresses in it belong to its attributes.
    pub(super) fn inline_html(&mut self, html: CowStr<'a>, range: Range<usize>) {
        let outer = std::mem::replace(&mut self.in_html, true);
        self.piece(html, range);
        self.write_run();
        self.in_html = outer;
    }

    pub(super) fn line_end(&mut self, sign: &str, at: usize) {
        self.marks_until(at);
        self.out.push_str(sign);
    }

    /// A link, or only its text: if the address is refused, or in a link already.
    pub(super) fn link(&mut self, kind: LinkType, address: &str, title: &str, at: usize) {
        self.marks_until(at);
        self.inherits = false;
        self.links += 1;
        let href = match kind {
            _ if self.anchor.is_some() => None,
            LinkType::Email => address::allowed(&format!("mailto:{address}")),
            _ => address::allowed(address),
        };
        match href {
            Some(href) => {
                self.anchor_start(href, title);
                self.open("", "</a>");
            }
            None => self.leave_out(),
        }
    }

    /// A picture is not loaded: whoever serves it would see each reader of the page.
    pub(super) fn image(&mut self, address: &str, title: &str, at: usize, empty: bool) {
        self.link(LinkType::Inline, address, title, at);
        self.letters(if empty { "Image" } else { "Image: " });
    }

    pub(super) fn link_end(&mut self, at: usize) {
        self.links = self.links.saturating_sub(1);
        if self.is_left_out() {
            self.close();
        } else {
            self.name_anchor();
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

    /// A link without words shows where it leads.
    fn name_anchor(&mut self) {
        if let Some(Anchor { href, .. }) = self.anchor.take_if(|anchor| !anchor.visible) {
            push_text(&mut self.out, &href);
        }
    }

    fn next_mark(&self) -> Option<usize> {
        if self.anchor.is_some() { None } else { self.marks.next() }
    }
}

/// Whether one can see the letter: not white space, nothing of no width.
fn is_visible(c: char) -> bool {
    let is_blank = matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}');
    !c.is_whitespace() && (is_hidden(c) || !is_blank)
}
