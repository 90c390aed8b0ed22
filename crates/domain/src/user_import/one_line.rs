//! Text of imported users on one line.

use contract::PersonName;

/// The text without characters that are invalid in names.
pub(super) fn one_line(raw: &str, max: usize) -> String {
    // Between letters, because spaces at the ends of a name are trimmed.
    let is_valid = |c: &char| PersonName::parse(&format!("a{c}a")).is_ok();
    raw.trim().chars().filter(is_valid).take(max).collect()
}
