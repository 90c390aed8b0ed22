//! The rule every line of text a reader types must keep, whatever field it is for.

use crate::{Problem, Reason};

/// Checks a single line of text: at most `max` characters, none of them a control character.
///
/// Control characters (NUL among them) never belong in a one-line field and are what log, mail and terminal injection
/// are made of; PostgreSQL refuses NUL in text as well.
pub(crate) fn check_line(field: &str, value: &str, max: usize) -> Result<(), Problem> {
    if value.chars().count() > max {
        return Err(Problem::invalid(field, Reason::TooLong { max }));
    }
    if value.chars().any(is_unfit_for_lines) {
        return Err(Problem::invalid(field, Reason::ForbiddenCharacter));
    }
    Ok(())
}

/// Whether a character may not stand on a line of words: control characters, and the marks that reorder the text around
/// them on a page.
pub fn is_unfit_for_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
