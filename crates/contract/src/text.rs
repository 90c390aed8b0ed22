//! The rule for every line of text, in any field.

use crate::{Problem, Reason};

/// Checks a single line of text: at most `max` characters, none of them a control character.
///
/// Control characters enable injection into logs, mails and terminals, and PostgreSQL refuses NUL in text.
pub(crate) fn check_line(field: &str, value: &str, max: usize) -> Result<(), Problem> {
    if value.chars().count() > max {
        return Err(Problem::invalid(field, Reason::TooLong { max }));
    }
    if value.chars().any(is_unfit_for_lines) {
        return Err(Problem::invalid(field, Reason::ForbiddenCharacter));
    }
    Ok(())
}

/// Whether a character is refused in a line of text: control characters, and marks that reorder the text around them.
pub fn is_unfit_for_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A line that a person typed or pasted, without the white space around it and the format characters that other programs
/// wrap a text in: zero-width spaces, byte order marks, and marks and isolates of direction.
///
/// Joiners, variation selectors and tags stay: at the end of a word they are part of it.
pub fn trim_line(raw: &str) -> &str {
    let clings = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
    };
    raw.trim_matches(|c: char| c.is_whitespace() || clings(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clings_to_a_line_is_cut_off_and_what_belongs_to_it_stays() {
        for raw in ["\u{2068}Ada\u{2069}", " \u{202b}Ada\u{202c}\u{200f} ", "\u{feff}Ada\u{200b}\n", "Ada"] {
            assert_eq!(trim_line(raw), "Ada", "{raw:?}");
        }
        // An emoji of a family, a flag of tags, a Persian word with a non-joiner.
        for whole in ["\u{1f468}\u{200d}\u{1f466}", "\u{1f3f4}\u{e0067}\u{e007f}", "می\u{200c}", "a\u{200b}b"]
        {
            assert_eq!(trim_line(whole), whole);
        }
    }
}
