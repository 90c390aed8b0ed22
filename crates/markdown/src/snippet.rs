//! What a search shows of a message.

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

/// The passage on one line without its markup, with the marks of what was looked for where they were. It is a piece of
/// a text: of signs whose other half is not in it some remain.
///
/// A passage with a mark in what would be left out, in an address for instance, stays as it is.
pub fn strip_markup(parts: &[SnippetPart]) -> Vec<SnippetPart> {
    let text: String = parts.iter().map(|part| part.text.as_str()).collect();
    let mut words = Words::of(parts);
    let mut in_code = false;
    for (event, range) in events::parser(&text).into_offset_iter() {
        let source = text.get(range.clone()).unwrap_or_default();
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                words.end();
                in_code = true;
            }
            Event::Start(Tag::Item) => {
                words.end();
                words.push(number(source), range.start, false);
            }
            Event::Text(said) | Event::Html(said) | Event::InlineHtml(said) => {
                words.push_found(&said, source, range, in_code);
            }
            Event::Code(said) => words.push_found(&said, source, range, true),
            Event::SoftBreak | Event::HardBreak | Event::Rule => words.end(),
            Event::End(tag) if is_of_blocks(tag) => {
                in_code = in_code && tag != TagEnd::CodeBlock;
                words.end();
            }
            _ => {}
        }
    }
    words.finish().unwrap_or_else(|| parts.to_vec())
}

/// What is on a line or in a cell of its own.
const fn is_of_blocks(tag: TagEnd) -> bool {
    !matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

/// The number of an item of a list, with the blank behind it; dots and dashes are nothing to read.
fn number(item: &str) -> &str {
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { "" } else { item.get(..digits + 2).unwrap_or_default() }
}

/// A character of a passage.
#[derive(Clone, Copy)]
struct Sign {
    c: char,
    matched: bool,
    in_code: bool,
}

struct Words {
    signs: Vec<Sign>,
    /// The bytes of each mark, and whether any of it is among the signs.
    marks: Vec<(Range<usize>, bool)>,
}

impl Words {
    fn of(parts: &[SnippetPart]) -> Self {
        let mut at = 0;
        let mut marks = Vec::new();
        for part in parts {
            let start = at;
            at += part.text.len();
            if part.matched {
                marks.push((start..at, false));
            }
        }
        Self { signs: Vec::new(), marks }
    }

    /// Adds what the parser has found in these bytes. Where it wrote something else than stands there, a mark in it is
    /// one on all of it.
    fn push_found(&mut self, said: &str, source: &str, range: Range<usize>, in_code: bool) {
        if let Some(offset) = source.find(said) {
            self.push(said, range.start + offset, in_code);
            return;
        }
        let matched = self.is_marked(&range);
        self.signs.extend(said.chars().map(|c| Sign { c, matched, in_code }));
    }

    /// Adds what stands at this byte.
    fn push(&mut self, said: &str, at: usize, in_code: bool) {
        for (offset, c) in said.char_indices() {
            let start = at + offset;
            let matched = self.is_marked(&(start..start + c.len_utf8()));
            self.signs.push(Sign { c, matched, in_code });
        }
    }

    fn is_marked(&mut self, range: &Range<usize>) -> bool {
        let mut is_marked = false;
        for (mark, is_shown) in &mut self.marks {
            if mark.start < range.end && range.start < mark.end {
                *is_shown = true;
                is_marked = true;
            }
        }
        is_marked
    }

    fn end(&mut self) {
        self.signs.push(Sign { c: ' ', matched: false, in_code: false });
    }

    /// All of it with single blanks; `None` when a mark is missing or nothing is left.
    fn finish(self) -> Option<Vec<SnippetPart>> {
        let mut line: Vec<Sign> = Vec::new();
        for word in self.signs.chunk_by(|a, b| a.c.is_whitespace() == b.c.is_whitespace()) {
            if word.iter().any(|sign| sign.c.is_whitespace()) {
                if line.last().is_some_and(|sign| sign.c != ' ') {
                    let matched = word.iter().all(|sign| sign.matched);
                    line.push(Sign { c: ' ', matched, in_code: false });
                }
            } else if !is_of_table(word) {
                line.extend(word.iter().filter(|sign| !escape::is_hidden(sign.c)));
            }
        }
        if line.last().is_some_and(|sign| sign.c == ' ') {
            line.pop();
        }
        let is_whole = !line.is_empty() && self.marks.iter().all(|(_, is_shown)| *is_shown);
        let part = |signs: &[Sign]| SnippetPart {
            text: signs.iter().map(|sign| sign.c).collect(),
            matched: signs.first().is_some_and(|sign| sign.matched),
        };
        is_whole.then(|| line.chunk_by(|a, b| a.matched == b.matched).map(part).collect())
    }
}

/// Whether a word is a line of a table that begins before the passage, and so is none to the parser.
fn is_of_table(word: &[Sign]) -> bool {
    let is_line = |sign: &Sign| !sign.in_code && !sign.matched && matches!(sign.c, '|' | '-' | ':');
    let has = |c: char| word.iter().any(|sign| sign.c == c);
    has('|') && word.iter().all(is_line) && (word.len() == 1 || has('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts of a text in which `[[...]]` is what was looked for.
    fn parts(text: &str) -> Vec<SnippetPart> {
        let pieces = text.split("[[").flat_map(|piece| match piece.split_once("]]") {
            Some((found, rest)) => vec![(found, true), (rest, false)],
            None => vec![(piece, false)],
        });
        let pieces = pieces.filter(|(text, _)| !text.is_empty());
        pieces.map(|(text, matched)| SnippetPart { text: text.to_owned(), matched }).collect()
    }

    fn written(parts: &[SnippetPart]) -> String {
        let part = |part: &SnippetPart| {
            if part.matched { format!("[[{}]]", part.text) } else { part.text.clone() }
        };
        parts.iter().map(part).collect()
    }

    #[test]
    fn a_passage_is_shown_strip_markup_and_with_its_marks() {
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
            assert_eq!(written(&strip_markup(&parts(text))), line, "{text:?}");
        }
    }

    #[test]
    fn a_mark_in_what_is_left_out_keeps_the_passage_as_it_is() {
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
        fn no_mark_is_lost(text in r"([ab`*_|\-#>1.\n\[\]()&;]|\[\[a\]\]){0,40}") {
            let parts = parts(&text);
            let shown = strip_markup(&parts);
            let marked = |parts: &[SnippetPart]| parts.iter().any(|part| part.matched);
            prop_assert_eq!(marked(&shown), marked(&parts));
        }
    }
}
