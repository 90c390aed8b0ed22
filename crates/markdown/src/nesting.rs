//! A bound on how deeply one line can nest.

/// More marks of quotes and lists than this at the start of one line do not open anything.
///
/// For each line that merely goes on, the parser walks through everything that is open. A single line could open half
/// of its length, and some ten thousand lines after it would each walk through that.
const MARKS: usize = 100;

/// Where the first mark too many of each line stands, always an ASCII character.
pub(super) fn marks_too_many(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        found.extend(mark_too_many(line).map(|at| start + at));
        start += line.len();
    }
    found
}

fn mark_too_many(line: &str) -> Option<usize> {
    let mut rest = line;
    for seen in 0.. {
        rest = rest.trim_start_matches([' ', '\t']);
        let after = after_mark(rest)?;
        if seen == MARKS {
            // Not a rule across the page, which is made of the same characters and opens nothing.
            return (!is_rule(rest)).then(|| line.len() - after.len() - 1);
        }
        rest = after;
    }
    None
}

/// What follows the mark of a quote or a list item at the start of `rest`.
fn after_mark(rest: &str) -> Option<&str> {
    if let Some(after) = rest.strip_prefix('>') {
        return Some(after);
    }
    let after = match rest.strip_prefix(['-', '+', '*']) {
        Some(after) => after,
        None => {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if after.len() == rest.len() {
                return None;
            }
            after.strip_prefix(['.', ')'])?
        }
    };
    after.starts_with([' ', '\t', '\n', '\r']).then_some(after)
}

fn is_rule(rest: &str) -> bool {
    ['-', '*'].iter().any(|mark| rest.chars().all(|c| c == *mark || c.is_ascii_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_has_no_marks_too_many() {
        for text in ["> - 1. a\n", "- - -\n", &"- ".repeat(500), &"-".repeat(500), &"> ".repeat(MARKS)] {
            assert!(marks_too_many(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_first_mark_too_many_of_each_line_is_found() {
        for (mark, sign) in [("> ", '>'), (">", '>'), ("- ", '-'), ("+\t", '+'), ("12. ", '.'), ("3) ", ')')]
        {
            let line = format!("{}é\n", mark.repeat(MARKS + 5));
            let text = format!("é\n{line}{line}");
            let found = marks_too_many(&text);
            assert_eq!(found.len(), 2, "{text}");
            let before = &text[..found[0]];
            assert_eq!(before.matches(sign).count(), MARKS);
            assert!(text[found[0]..].starts_with(sign) && text[found[1]..].starts_with(sign));
        }
    }
}
