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
