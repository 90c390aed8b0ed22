//! Limits that keep the parser's work linear.

use std::borrow::Cow;

use super::{nesting, tables};

/// Replaces the punctuation of too deeply nested blocks and too sparse tables by letters. No byte moves, so the parser's
/// ranges also hold for the original text.
pub(super) fn limited(text: &str) -> Cow<'_, str> {
    let mut offsets = nesting::excess_markers(text);
    offsets.extend(tables::sparse_tables(text));
    if offsets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for at in offsets {
        if let Some(byte) = bytes.get_mut(at).filter(|byte| byte.is_ascii()) {
            *byte = b'x';
        }
    }
    // ASCII was replaced by ASCII, so this is still UTF-8.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_borrowed_unchanged() {
        let text = "> - a\n\n| a | b |\n|---|---|\n| c |\n";
        assert!(matches!(limited(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn excess_punctuation_becomes_letters_and_no_byte_moves() {
        let text = format!("é{}\n{}é", "\n".repeat(3), ">".repeat(200));
        let limited = limited(&text);
        assert_eq!(limited.len(), text.len());
        let changed: Vec<_> = limited.bytes().zip(text.bytes()).filter(|(a, b)| a != b).collect();
        assert_eq!(changed, [(b'x', b'>')]);
    }
}
