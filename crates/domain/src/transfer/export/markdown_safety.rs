//! Check that a message's Markdown affects nothing outside its message.
//!
//! In a file of many messages, a text could reach beyond its own: an unclosed fence or comment swallows what follows, a
//! heading looks like the next message, a definition changes footnotes elsewhere. A text that might is written as code
//! instead. The rules follow `CommonMark` 0.31 strictly: some harmless texts are refused, no harmful one is accepted.

use std::ops::Range;

/// Whether the text is harmless between two messages.
pub(super) fn is_safe_inline(text: &str) -> bool {
    let mut fence: Option<CodeFence<'_>> = None;
    let mut previous = "";
    let spans_are_plain = !text.contains("\\`") && text.lines().all(has_whole_spans);
    for line in text.lines() {
        if resembles_heading(line, previous) {
            return false;
        }
        previous = line;
        match &fence {
            Some(open) if open.is_closed_by(line) => fence = None,
            // A line indented less may end the list that holds the fence, and the fence with it.
            Some(open) if !line.trim().is_empty() && indent(line) < open.indent => return false,
            Some(_) => {}
            None => {
                fence = CodeFence::open(line);
                if fence.is_none() && affects_others(line, spans_are_plain) {
                    return false;
                }
            }
        }
    }
    fence.is_none()
}

/// A fenced code block (section 4.5).
struct CodeFence<'a> {
    indent: usize,
    marks: &'a str,
}

impl<'a> CodeFence<'a> {
    /// The fence that the line opens.
    fn open(line: &'a str) -> Option<Self> {
        let indent = indent(line);
        let rest = line.trim_start_matches(' ');
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let marks = rest.get(..rest.len() - info.len())?;
        let is_fence = indent <= 3 && marks.len() >= 3 && !(mark == '`' && info.contains('`'));
        is_fence.then_some(Self { indent, marks })
    }

    /// Whether the line closes the fence at the same indent.
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

/// The byte ranges of fenced code, from the opening fence to the end of the closing fence's line.
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

/// The roles and separators of message headings.
const ROLES: [&str; 4] = ["reader", "assistant", "system", "tool"];
const SEPARATORS: [char; 7] = ['·', '•', '‧', '∙', '・', '⋅', '|'];

/// Whether the line could be taken for the heading of a message. Lines inside fences count too, because a parser may end a
/// fence earlier.
fn resembles_heading(line: &str, previous: &str) -> bool {
    let is_heading = |line: &str| line.trim_start_matches(is_container).starts_with('#');
    let is_rule = |line: &str| {
        let line = line.trim_matches(is_container_or_rule);
        line.is_empty()
    };
    let names_a_role = |line: &str| {
        let words = line.to_lowercase();
        words.contains(SEPARATORS) && ROLES.iter().any(|role| words.contains(role))
    };
    let is_underlined = !line.trim().is_empty() && is_rule(line) && names_a_role(previous);
    (is_heading(line) && names_a_role(line)) || is_underlined
}

/// Characters before a block inside a quotation or a list.
fn is_container(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_digit() || matches!(c, '>' | '-' | '*' | '+' | '.' | ')')
}

fn is_container_or_rule(c: char) -> bool {
    is_container(c) || c == '='
}

/// Whether every backtick belongs to a code span that begins and ends on the line.
fn has_whole_spans(line: &str) -> bool {
    CodeFence::open(line).is_some() || outside_code(line).is_some()
}

/// The line without its code spans; `None` when a run of backticks has no counterpart.
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

/// The text after the first run of exactly `length` backticks.
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

/// Whether a line outside fences has HTML, a footnote or a definition (sections 4.6, 4.7, 6.6).
fn affects_others(line: &str, spans_are_plain: bool) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_accepted() {
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
    fn text_that_affects_other_messages_is_refused() {
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
}
