//! Names of files that readers take away.

use contract::Timestamp;

/// The longest part of a name that comes from somebody's words, in characters.
const LONGEST: usize = 60;

/// `WORDS-KIND-YYYY-MM-DD.EXTENSION`, or without the kind, of ASCII letters, digits, `-` and `.` alone, so that it is safe
/// in a header and on every file system. Words without such letters become `instead`.
pub fn file_name(words: &str, instead: &str, kind: Option<&str>, day: Timestamp, extension: &str) -> String {
    let mut safe = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            safe.push(c.to_ascii_lowercase());
        } else if !safe.is_empty() && !safe.ends_with('-') {
            safe.push('-');
        }
        if safe.len() == LONGEST {
            break;
        }
    }
    let safe = safe.trim_end_matches('-');
    let safe = if safe.is_empty() { instead } else { safe };
    let moment = day.iso();
    let day = moment.split('T').next().unwrap_or_default();
    match kind {
        Some(kind) => format!("{safe}-{kind}-{day}.{extension}"),
        None => format!("{safe}-{day}.{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T00:00:00.000Z.
    const DAY: Timestamp = Timestamp::from_millis(1_795_219_200_000);

    #[test]
    fn a_file_is_named_after_words_and_a_day_with_safe_letters_alone() {
        let name = |words: &str| file_name(words, "book", Some("account"), DAY, "zip");
        assert_eq!(name("The Rust Book, 2nd ed."), "the-rust-book-2nd-ed-account-2026-11-21.zip");
        assert_eq!(name("../../etc/\"passwd\r\nX: y"), "etc-passwd-x-y-account-2026-11-21.zip");
        assert_eq!(name("Книга"), "book-account-2026-11-21.zip");
        assert_eq!(name("Größe"), "gr-e-account-2026-11-21.zip");
        assert!(name(&"long ".repeat(100)).len() < 90);
        assert_eq!(file_name("Ownership?", "conversation", None, DAY, "md"), "ownership-2026-11-21.md");
    }
}
