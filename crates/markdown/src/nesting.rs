//! A limit on how deeply one line can nest.

/// The most quote and list markers at the start of a line that open a block.
///
/// For each continuation line the parser walks through all open blocks. One line could open half its length in blocks, and
/// ten thousand lines after it would each walk through them.
const MAX_MARKERS: usize = 100;

/// The offset of each line's first marker over the limit, always an ASCII character.
pub(super) fn excess_markers(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        found.extend(excess_marker(line).map(|at| start + at));
        start += line.len();
    }
    found
}

fn excess_marker(line: &str) -> Option<usize> {
    let mut rest = line;
    for seen in 0.. {
        rest = rest.trim_start_matches([' ', '\t']);
        let after = after_marker(rest)?;
        if seen == MAX_MARKERS {
            // A thematic break has the same characters, but opens no block.
            return (!is_rule(rest)).then(|| line.len() - after.len() - 1);
        }
        rest = after;
    }
    None
}

/// The rest after a quote or list marker at the start.
fn after_marker(rest: &str) -> Option<&str> {
    if let Some(after) = rest.strip_prefix('>') {
        return Some(after);
    }
    let after = if let Some(after) = rest.strip_prefix(['-', '+', '*']) {
        after
    } else {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() == rest.len() {
            return None;
        }
        after.strip_prefix(['.', ')'])?
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
    fn ordinary_text_has_no_excess_markers() {
        for text in ["> - 1. a\n", "- - -\n", &"- ".repeat(500), &"-".repeat(500), &"> ".repeat(MAX_MARKERS)]
        {
            assert!(excess_markers(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_first_excess_marker_of_each_line_is_found() {
        for (mark, sign) in [("> ", '>'), (">", '>'), ("- ", '-'), ("+\t", '+'), ("12. ", '.'), ("3) ", ')')]
        {
            let line = format!("{}é\n", mark.repeat(MAX_MARKERS + 5));
            let text = format!("é\n{line}{line}");
            let found = excess_markers(&text);
            assert_eq!(found.len(), 2, "{text}");
            let before = &text[..found[0]];
            assert_eq!(before.matches(sign).count(), MAX_MARKERS);
            assert!(text[found[0]..].starts_with(sign) && text[found[1]..].starts_with(sign));
        }
    }
}
