//! Paragraphs, headings, quotes, lists, code and tables.
//!
//! Each block takes its direction from its first letter (`dir="auto"`). For a quote, a list item or a table only text
//! without a `dir` of its own counts, so its first block has none.

use std::fmt::Write;
use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, HeadingLevel};

use super::escape::push_text;
use super::writer::{MAX_DEPTH, Table, Writer};

/// The longest name of a language, in bytes.
const MAX_LANGUAGE: usize = 30;

impl Writer<'_> {
    /// Opens a block.
    pub(super) fn block(&mut self, name: &str, attributes: &str, end: &'static str) {
        let direction = self.direction();
        self.open(&format!("<{name}{attributes}{direction}>"), end);
    }

    fn direction(&mut self) -> &'static str {
        if std::mem::take(&mut self.inherits) { "" } else { " dir=\"auto\"" }
    }

    /// Opens a heading. The page has level 1 and the message level 2; below, levels go down without gaps, whatever levels the
    /// author skipped.
    pub(super) fn heading(&mut self, level: HeadingLevel) {
        while self.outline.pop_if(|above| *above >= level).is_some() {}
        self.outline.push(level);
        let (name, end) = match self.outline.len() {
            1 => ("h3", "</h3>"),
            2 => ("h4", "</h4>"),
            3 => ("h5", "</h5>"),
            _ => ("h6", "</h6>"),
        };
        self.block(name, "", end);
    }

    pub(super) fn quote(&mut self) {
        if self.container_fits() {
            self.block("blockquote", "", "</blockquote>");
            self.inherits = true;
        } else {
            self.skip();
        }
    }

    pub(super) fn list(&mut self, first: Option<u64>) {
        if !self.container_fits() {
            return self.skip();
        }
        self.inherits = false;
        match first {
            None => self.open("<ul dir=\"auto\">", "</ul>"),
            Some(1) => self.open("<ol dir=\"auto\">", "</ol>"),
            Some(first) => self.open(&format!("<ol start=\"{first}\" dir=\"auto\">"), "</ol>"),
        }
    }

    pub(super) fn item(&mut self) {
        if self.is_skipped() {
            self.out.push_str("<br>");
            return self.skip();
        }
        self.open("<li dir=\"auto\">", "</li>");
        self.inherits = true;
    }

    fn container_fits(&mut self) -> bool {
        self.containers += 1;
        self.containers <= MAX_DEPTH
    }

    pub(super) fn task(&mut self, done: bool) {
        let (checked, name) = if done { (" checked=\"\"", "Done") } else { ("", "To do") };
        // Writing to a string does not fail.
        let _ = write!(self.out, "<input type=\"checkbox\" disabled=\"\"{checked} aria-label=\"{name}\"> ");
    }

    pub(super) fn rule(&mut self, at: usize) {
        self.out.push_str("<hr>");
        self.marks_between(at);
    }

    pub(super) fn html_block_end(&mut self, at: usize) {
        self.in_html = false;
        let end = self.out.trim_end_matches('\n').len();
        self.out.truncate(end);
        self.marks_until(at);
        self.close();
    }

    /// Opens a scrolling box, with a head for the copy button. Its role is `group`, because every `region` is a landmark and
    /// would need a unique name.
    pub(super) fn code_block(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => language(info),
            CodeBlockKind::Indented => None,
        };
        let (tag, name) = match language {
            Some(name) => (format!("<span class=\"code__lang\">{name}</span>"), format!(", {name}")),
            None => (String::new(), String::new()),
        };
        let start = format!(
            "<div class=\"code\"><div class=\"code__head\">{tag}</div><pre class=\"code__box\" tabindex=\"0\" \
             role=\"group\" aria-label=\"Code{name}\" dir=\"ltr\"><code>"
        );
        self.open(&start, "</code></pre></div>");
        self.in_code = true;
    }

    pub(super) fn code_text(&mut self, text: &str, range: Range<usize>) {
        let text = self.source(text, range).unwrap_or(text);
        push_text(&mut self.out, text);
    }

    pub(super) fn table(&mut self, columns: &[Alignment]) {
        self.open(
            "<div class=\"prose__scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table dir=\"auto\">",
            "</table></div>",
        );
        self.inherits = true;
        let class = |column: &Alignment| match column {
            Alignment::None | Alignment::Left => "",
            Alignment::Center => " class=\"prose__center\"",
            Alignment::Right => " class=\"prose__end\"",
        };
        self.table = Table { columns: columns.iter().map(class).collect(), ..Table::default() };
    }

    pub(super) fn table_head(&mut self) {
        self.table.in_head = true;
        self.table.column = 0;
        self.open("<thead><tr>", "</tr></thead>");
    }

    pub(super) fn table_row(&mut self) {
        self.table.in_head = false;
        self.table.column = 0;
        if !std::mem::replace(&mut self.table.has_body, true) {
            self.out.push_str("<tbody>");
        }
        self.open("<tr>", "</tr>");
    }

    pub(super) fn table_cell(&mut self, empty: bool) {
        let class = self.table.columns.get(self.table.column).copied().unwrap_or_default();
        self.table.column += 1;
        // A header cell without text would label nothing.
        if self.table.in_head && !empty {
            self.block("th", &format!(" scope=\"col\"{class}"), "</th>");
        } else {
            self.block("td", class, "</td>");
        }
    }

    pub(super) fn table_end(&mut self) {
        if self.table.has_body {
            self.out.push_str("</tbody>");
        }
        self.close();
    }
}

/// The first word of the info string, if it looks like a language.
fn language(info: &str) -> Option<&str> {
    let word = info.split(|c: char| c.is_whitespace() || c == ',').next()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '.' | '_');
    (!word.is_empty() && word.len() <= MAX_LANGUAGE && word.chars().all(fits)).then_some(word)
}
