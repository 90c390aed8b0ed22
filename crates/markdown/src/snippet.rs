//! Search snippets without markup.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{escape, events};

/// A part of a snippet; neighbours differ in `matched`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPart {
    /// Markdown, or plain text when the markup is stripped.
    pub text: String,
    /// Whether the query matched it.
    pub matched: bool,
}

/// The snippet on one line without its markup, with the same matches. A snippet is cut out of a text, so markup whose
/// other half is outside may remain.
///
/// A snippet with a match in what would be removed, such as a URL, stays as it is.
pub fn strip_markup(parts: &[SnippetPart]) -> Vec<SnippetPart> {
    let text: String = parts.iter().map(|part| part.text.as_str()).collect();
    let mut line = Line::of(parts);
    let mut in_code = false;
    for (event, range) in events::parser(&text).into_offset_iter() {
        let source = text.get(range.clone()).unwrap_or_default();
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                line.push_space();
                in_code = true;
            }
            Event::Start(Tag::Item) => {
                line.push_space();
                line.push(item_number(source), range.start, false);
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                line.push_event(&text, source, range, in_code);
            }
            Event::Code(code) => line.push_event(&code, source, range, true),
            Event::SoftBreak | Event::HardBreak | Event::Rule => line.push_space(),
            Event::End(tag) if ends_block(tag) => {
                in_code = in_code && tag != TagEnd::CodeBlock;
                line.push_space();
            }
            _ => {}
        }
    }
    line.finish().unwrap_or_else(|| parts.to_vec())
}

/// Whether the element has a line or a cell of its own.
const fn ends_block(tag: TagEnd) -> bool {
    !matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

/// The number of a list item with its punctuation and space; empty for bullets.
fn item_number(item: &str) -> &str {
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { "" } else { item.get(..digits + 2).unwrap_or_default() }
}

/// A character of the snippet.
#[derive(Clone, Copy)]
struct Char {
    c: char,
    matched: bool,
    in_code: bool,
}

struct Line {
    chars: Vec<Char>,
    /// The byte range of each match, and whether any of it is in the line.
    matches: Vec<(Range<usize>, bool)>,
}

impl Line {
    fn of(parts: &[SnippetPart]) -> Self {
        let mut at = 0;
        let mut matches = Vec::new();
        for part in parts {
            let start = at;
            at += part.text.len();
            if part.matched {
                matches.push((start..at, false));
            }
        }
        Self { chars: Vec::new(), matches }
    }

    /// Adds the text of an event. If it differs from its source, a match in the source marks the whole text.
    fn push_event(&mut self, text: &str, source: &str, range: Range<usize>, in_code: bool) {
        if let Some(offset) = source.find(text) {
            self.push(text, range.start + offset, in_code);
            return;
        }
        let matched = self.is_matched(&range);
        self.chars.extend(text.chars().map(|c| Char { c, matched, in_code }));
    }

    /// Adds text at a byte offset of the source.
    fn push(&mut self, text: &str, at: usize, in_code: bool) {
        for (offset, c) in text.char_indices() {
            let start = at + offset;
            let matched = self.is_matched(&(start..start + c.len_utf8()));
            self.chars.push(Char { c, matched, in_code });
        }
    }

    fn is_matched(&mut self, range: &Range<usize>) -> bool {
        let mut is_matched = false;
        for (range_of_match, is_shown) in &mut self.matches {
            if range_of_match.start < range.end && range.start < range_of_match.end {
                *is_shown = true;
                is_matched = true;
            }
        }
        is_matched
    }

    fn push_space(&mut self) {
        self.chars.push(Char { c: ' ', matched: false, in_code: false });
    }

    /// The line with single spaces; `None` when a match is missing or nothing is left.
    fn finish(self) -> Option<Vec<SnippetPart>> {
        let mut line: Vec<Char> = Vec::new();
        for word in self.chars.chunk_by(|a, b| a.c.is_whitespace() == b.c.is_whitespace()) {
            if word.iter().any(|it| it.c.is_whitespace()) {
                if line.last().is_some_and(|it| it.c != ' ') {
                    let matched = word.iter().all(|it| it.matched);
                    line.push(Char { c: ' ', matched, in_code: false });
                }
            } else if !is_table_border(word) {
                line.extend(word.iter().filter(|it| !escape::is_hidden(it.c)));
            }
        }
        if line.last().is_some_and(|it| it.c == ' ') {
            line.pop();
        }
        let is_whole = !line.is_empty() && self.matches.iter().all(|(_, is_shown)| *is_shown);
        let part = |chars: &[Char]| SnippetPart {
            text: chars.iter().map(|it| it.c).collect(),
            matched: chars.first().is_some_and(|it| it.matched),
        };
        is_whole.then(|| line.chunk_by(|a, b| a.matched == b.matched).map(part).collect())
    }
}

/// Whether the word is a border of a table that begins before the snippet, so that the parser does not know it.
fn is_table_border(word: &[Char]) -> bool {
    let is_border = |it: &Char| !it.in_code && !it.matched && matches!(it.c, '|' | '-' | ':');
    let has = |c: char| word.iter().any(|it| it.c == c);
    has('|') && word.iter().all(is_border) && (word.len() == 1 || has('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts of a text in which `[[...]]` is a match.
    fn parts(text: &str) -> Vec<SnippetPart> {
        let pieces = text.split("[[").flat_map(|piece| match piece.split_once("]]") {
            Some((found, rest)) => vec![(found, true), (rest, false)],
            None => vec![(piece, false)],
        });
        let pieces = pieces.filter(|(text, _)| !text.is_empty());
        pieces.map(|(text, matched)| SnippetPart { text: text.to_owned(), matched }).collect()
    }

    fn marked(parts: &[SnippetPart]) -> String {
        let part = |part: &SnippetPart| {
            if part.matched { format!("[[{}]]", part.text) } else { part.text.clone() }
        };
        parts.iter().map(part).collect()
    }

    #[test]
    fn a_snippet_keeps_its_matches_without_markup() {
        for (text, line) in [
            ("", ""),
            ("How [[far]] is it?", "How [[far]] is it?"),
            (
                "## Three [[strategies]]\n\n1. *[[Ankle]]* first\n2. **Hip**",
                "Three [[strategies]] 1. [[Ankle]] first 2. Hip",
            ),
            ("- one\n  - [x] [[two]]", "one [[two]]"),
            ("| a | [[b]] |\n|---|---|\n| c | d |", "a [[b]] c d"),
            ("200 m | 2 cm |\n|---|---:|\n| [[Time]] of flight | 8 m |", "200 m 2 cm [[Time]] of flight 8 m"),
            (
                "```python\nfrom robot import [[Lidar]]\na | b\n```\nafter",
                "from robot import [[Lidar]] a | b after",
            ),
            ("`[[Vec]]<T>` is a [[vec]]tor", "[[Vec]]<T> is a [[vec]]tor"),
            ("a <[[lidar]]> &amp; more", "a <[[lidar]]> & more"),
            ("[the [[range]]](https://b.example/x)", "the [[range]]"),
            ("**un[[b]]**roken", "un[[b]]roken"),
            ("a\u{202E}[[b]]", "a[[b]]"),
        ] {
            assert_eq!(marked(&strip_markup(&parts(text))), line, "{text:?}");
        }
    }

    #[test]
    fn a_match_in_removed_markup_keeps_the_snippet_as_it_is() {
        for text in
            ["[a](https://[[lidar]].example) b", "```[[rust]]\nlet x;\n```", "[[x]] [a]: <[[y]]>\n[b]: [[z]]"]
        {
            let parts = parts(text);
            let shown = strip_markup(&parts);
            let count = |parts: &[SnippetPart]| parts.iter().filter(|part| part.matched).count();
            assert!(shown == parts || count(&shown) == count(&parts), "{text:?}: {shown:?}");
        }
        let address = parts("[a](https://[[lidar]].example) b");
        assert_eq!(strip_markup(&address), address);
    }

    proptest! {
        #[test]
        fn no_match_is_lost(text in r"([ab`*_|\-#>1.\n\[\]()&;]|\[\[a\]\]){0,40}") {
            let parts = parts(&text);
            let shown = strip_markup(&parts);
            let has_match = |parts: &[SnippetPart]| parts.iter().any(|part| part.matched);
            prop_assert_eq!(has_match(&shown), has_match(&parts));
        }
    }
}
