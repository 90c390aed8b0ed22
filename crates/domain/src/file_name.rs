//! Names of exported files.

use contract::Timestamp;

/// The longest part of a name that comes from a title, in characters.
const MAX_TITLE: usize = 60;

/// `TITLE-KIND-YYYY-MM-DD.EXTENSION`, or without the kind, of ASCII letters, digits, `-` and `.`, so that it is safe in a
/// header and on every file system. A title without such letters becomes `fallback`.
pub fn file_name(title: &str, fallback: &str, kind: Option<&str>, day: Timestamp, extension: &str) -> String {
    let mut safe = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            safe.push(c.to_ascii_lowercase());
        } else if !safe.is_empty() && !safe.ends_with('-') {
            safe.push('-');
        }
        if safe.len() == MAX_TITLE {
            break;
        }
    }
    let safe = safe.trim_end_matches('-');
    let safe = if safe.is_empty() { fallback } else { safe };
    let iso = day.iso();
    let day = iso.split('T').next().unwrap_or_default();
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
    fn a_name_has_the_title_and_the_day_in_safe_characters() {
        let name = |words: &str| file_name(words, "book", Some("account"), DAY, "zip");
        assert_eq!(name("The Rust Book, 2nd ed."), "the-rust-book-2nd-ed-account-2026-11-21.zip");
        assert_eq!(name("../../etc/\"passwd\r\nX: y"), "etc-passwd-x-y-account-2026-11-21.zip");
        assert_eq!(name("Книга"), "book-account-2026-11-21.zip");
        assert_eq!(name("Größe"), "gr-e-account-2026-11-21.zip");
        assert!(name(&"long ".repeat(100)).len() < 90);
        assert_eq!(file_name("Ownership?", "conversation", None, DAY, "md"), "ownership-2026-11-21.md");
    }
}
