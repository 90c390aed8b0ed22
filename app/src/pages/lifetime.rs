//! Lifetimes in words.

/// The lifetime of an email link as text, in whole hours.
pub(crate) fn hours(seconds: i64) -> String {
    match seconds / 3600 {
        1 => "one hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}
