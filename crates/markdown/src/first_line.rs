//! The first line of a message, for lists.

use pulldown_cmark::{Event, TagEnd};

use super::{escape, events};

/// Bytes that are parsed.
const MAX_PARSED: usize = 16 * 1024;

/// The first non-empty line of a Markdown text, without markup, with single spaces, of at most `max` code points. A line
/// that was cut ends in `…`. Empty if there is no text near the start.
#[must_use]
pub fn first_line(text: &str, max: usize) -> String {
    let text = text.trim_start();
    let text = text.get(..text.floor_char_boundary(MAX_PARSED)).unwrap_or_default();
    let mut line = Line { text: String::new(), length: 0, max };
    for event in events::parser(text) {
        let continues = match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                line.push(&text)
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => line.end(),
            Event::End(TagEnd::TableCell) => line.push(" "),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::HtmlBlock
                | TagEnd::TableHead
                | TagEnd::TableRow,
            ) => line.end(),
            _ => true,
        };
        if !continues {
            break;
        }
    }
    line.cut()
}

struct Line {
    text: String,
    /// Its characters.
    length: usize,
    max: usize,
}

impl Line {
    /// Appends text up to the end of the line, or to one character more than `max`. Returns whether more can follow.
    fn push(&mut self, text: &str) -> bool {
        for c in text.chars() {
            if matches!(c, '\n' | '\r') {
                if !self.end() {
                    return false;
                }
            } else if c.is_whitespace() {
                if !self.text.is_empty() && !self.text.ends_with(' ') {
                    self.add(' ');
                }
            } else if !escape::is_hidden(c) {
                self.add(c);
                if self.length > self.max {
                    return false;
                }
            }
        }
        true
    }

    fn add(&mut self, c: char) {
        self.text.push(c);
        self.length += 1;
    }

    /// Ends the line. Returns whether it was empty, so that the next one counts.
    fn end(&self) -> bool {
        self.text.is_empty()
    }

    fn cut(self) -> String {
        let line = self.text.trim_end();
        if self.length <= self.max || line.chars().count() <= self.max {
            return line.to_owned();
        }
        let kept: String = line.chars().take(self.max.saturating_sub(1)).collect();
        let sign = if self.max == 0 { "" } else { "…" };
        format!("{}{sign}", kept.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_has_no_markup() {
        for (text, line) in [
            ("", ""),
            ("\n\n  \n# What *is* `a`  **trait**?\n\nMore", "What is a trait?"),
            ("one\ntwo", "one"),
            ("- [x] done\n- more", "done"),
            ("> [a](https://b.example) c", "a c"),
            ("```rust\n\nfn main() {}\n```", "fn main() {}"),
            ("---\n\nafter", "after"),
            ("![a picture](x)", "a picture"),
            ("| a | b |\n|---|---|\n| c | d |", "a b"),
            ("<b>bold</b> &amp; more", "<b>bold</b> & more"),
            ("[a]: https://b.example\n\nc", "c"),
            ("a\u{202E}b\0c", "ab\u{FFFD}c"),
            ("a\tb \u{a0} c", "a b c"),
        ] {
            assert_eq!(
                first_line(text, 80).replace('\u{FFFD}', ""),
                line.replace('\u{FFFD}', ""),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_long_line_is_cut_to_what_was_asked_for() {
        assert_eq!(first_line("abcdef", 6), "abcdef");
        assert_eq!(first_line("abcdef", 5), "abcd…");
        assert_eq!(first_line("abc def", 5), "abc…");
        assert_eq!(first_line("abcde ", 5), "abcde");
        assert_eq!(first_line("日本語日本語", 4), "日本語…");
        assert_eq!(first_line("abc", 1), "…");
        assert_eq!(first_line("abc", 0), "");
        let long = "é".repeat(MAX_PARSED);
        assert_eq!(first_line(&long, 20).chars().count(), 20);
    }
}
