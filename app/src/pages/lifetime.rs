//! Lifetimes in words.

/// How long a mailed link works, for people: whole hours.
pub(crate) fn hours(seconds: i64) -> String {
    match seconds / 3600 {
        1 => "one hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}
