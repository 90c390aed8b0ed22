//! Whether a text in Markdown keeps to its own turn.
//!
//! In a file of many turns a text could reach beyond its own: a fence or a comment that is not closed swallows what
//! follows, a heading looks like the next turn, a definition changes footnotes elsewhere. A text that could, or of which
//! that is not plain to see, is written as code instead. The rules are those of CommonMark 0.31, taken strictly: what is
//! allowed here is harmless, what is refused may be harmless too.

use std::ops::Range;

/// Whether this text is harmless as Markdown between two turns.
pub(super) fn is_safe_inline(text: &str) -> bool {
    let mut fence: Option<CodeFence<'_>> = None;
    let mut before = "";
    let spans_are_plain = !text.contains("\\`") && text.lines().all(has_whole_spans);
    for line in text.lines() {
        if is_like_a_turn(line, before) {
            return false;
        }
        before = line;
        match &fence {
            Some(open) if open.is_closed_by(line) => fence = None,
            // A line that stands further left may end the list that the fence is in, and the fence with it.
            Some(open) if !line.trim().is_empty() && indent(line) < open.indent => return false,
            Some(_) => {}
            None => {
                fence = CodeFence::open(line);
                if fence.is_none() && reaches_out(line, spans_are_plain) {
                    return false;
                }
            }
        }
    }
    fence.is_none()
}

/// Sections 4.5: a code block between two fences.
struct CodeFence<'a> {
    indent: usize,
    marks: &'a str,
}

impl<'a> CodeFence<'a> {
    /// The fence that a line opens.
    fn open(line: &'a str) -> Option<Self> {
        let indent = indent(line);
        let rest = line.trim_start_matches(' ');
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let marks = rest.get(..rest.len() - info.len())?;
        let is_fence = indent <= 3 && marks.len() >= 3 && !(mark == '`' && info.contains('`'));
        is_fence.then_some(Self { indent, marks })
    }

    /// Whether a line closes it, standing exactly as far to the right.
    fn is_closed_by(&self, line: &str) -> bool {
        let rest = line.trim();
        indent(line) == self.indent
            && rest.starts_with(self.marks)
            && self.marks.chars().next().is_some_and(|mark| rest.chars().all(|c| c == mark))
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The fenced code in a text, with its fences, as offsets; the end of a closing fence's line belongs to it too.
pub(super) fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let (mut ranges, mut fence, mut start, mut offset) = (Vec::new(), None::<CodeFence<'_>>, 0, 0);
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        match &fence {
            Some(open) if open.is_closed_by(line) => {
                ranges.push(start..offset + line.len() + 1);
                fence = None;
            }
            Some(_) => {}
            None => {
                fence = CodeFence::open(line);
                start = offset;
            }
        }
        offset += whole.len();
    }
    if fence.is_some() {
        ranges.push(start..text.len() + 1);
    }
    ranges
}

/// The words by which a turn begins, and what stands between them.
const ROLES: [&str; 4] = ["reader", "assistant", "system", "tool"];
const DOTS: [char; 7] = ['·', '•', '‧', '∙', '・', '⋅', '|'];

/// Whether a line could be taken for the heading of a turn. Where the line stands does not matter: a fence around it may
/// end sooner than it seems.
fn is_like_a_turn(line: &str, before: &str) -> bool {
    let is_heading = |line: &str| line.trim_start_matches(is_container).starts_with('#');
    let is_rule = |line: &str| {
        let line = line.trim_matches(is_container_or_rule);
        line.is_empty()
    };
    let names_a_role = |line: &str| {
        let words = line.to_lowercase();
        words.contains(DOTS) && ROLES.iter().any(|role| words.contains(role))
    };
    let is_underlined = !line.trim().is_empty() && is_rule(line) && names_a_role(before);
    (is_heading(line) && names_a_role(line)) || is_underlined
}

/// What may stand before a block that is in a quotation or in a list.
fn is_container(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_digit() || matches!(c, '>' | '-' | '*' | '+' | '.' | ')')
}

fn is_container_or_rule(c: char) -> bool {
    is_container(c) || c == '='
}

/// Whether every backtick of a line belongs to code that begins and ends in it.
fn has_whole_spans(line: &str) -> bool {
    CodeFence::open(line).is_some() || outside_code(line).is_some()
}

/// What of a line is no code; `None` when a run of backticks finds no other of its length.
fn outside_code(line: &str) -> Option<String> {
    let mut outside = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('`') {
        outside.push_str(before);
        let inside = after.trim_start_matches('`');
        let length = 1 + after.len() - inside.len();
        rest = after_run(inside, length)?;
    }
    outside.push_str(rest);
    Some(outside)
}

/// What stands behind the first run of exactly so many backticks.
fn after_run(text: &str, length: usize) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once('`')?;
        let behind = after.trim_start_matches('`');
        if 1 + after.len() - behind.len() == length {
            return Some(behind);
        }
        rest = behind;
    }
}

/// Whether a line outside of fences holds markup of HTML, a footnote or a definition (sections 4.6, 4.7, 6.6).
fn reaches_out(line: &str, spans_are_plain: bool) -> bool {
    let outside = if spans_are_plain { outside_code(line) } else { None };
    let outside = outside.as_deref().unwrap_or(line);
    let is_definition = || {
        let start = outside.trim_start_matches(is_container);
        start.starts_with('[') && start.contains("]:")
    };
    outside.contains("[^") || holds_markup(outside) || is_definition()
}

fn holds_markup(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let is_link = ["http://", "https://", "mailto:"].iter().any(|scheme| after.starts_with(scheme));
        let is_markup = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if is_markup && !is_link {
            return true;
        }
        rest = after;
    }
    false
}

/// A text as code, whatever it holds: between fences longer than any run of backticks inside.
pub(crate) fn fenced(text: &str, language: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_answers_are_left_as_they_are() {
        for text in [
            "Words, *emphasis*, `Vec<T>` and ``a ` b``.",
            "# A heading\n\n1. One\n   ```rust\n   let x: Vec<u8>;\n   ```\n2. Two",
            "```html\n<div>\n## System\n```\nSee <https://example.org/a>.",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "5 < 6 && 7 > 3",
            "## 3. System requirements",
            "",
        ] {
            assert!(is_safe_inline(text), "{text}");
        }
    }

    #[test]
    fn what_could_reach_beyond_its_turn_is_not() {
        for text in [
            "## 4 · Assistant · 2026-11-21 00:00 UTC",
            "> ## 4 • assistant",
            "4 · Assistant · 2026-11-21\n---",
            "```\nno end",
            "~~~~\n~~~",
            "1. x\n   ```\n```",
            "1. x\n   ```\n## 4 · Reader ·\n   ```",
            "1. x\n   ```\n<div>\n   ```",
            "<!-- the rest",
            "</details>",
            "a ` b\n` <div> `",
            "\\` <div> `",
            "[1]: https://example.org",
            "- [^1]: mine",
            "so it says[^1]",
        ] {
            assert!(!is_safe_inline(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_fence_is_longer_than_any_in_the_text(text in "[`a\\n]{0,40}") {
            let code = fenced(&text, "");
            let (fence, _) = code.split_once('\n').unwrap();
            let inside = code.strip_prefix(fence).unwrap().strip_suffix(fence).unwrap();
            prop_assert!(!inside.contains(fence));
            prop_assert!(inside.starts_with('\n') && inside.ends_with('\n'));
        }
    }
}
