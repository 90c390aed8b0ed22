//! What is taken out of the parser's sight because its work would not be linear.

use std::borrow::Cow;

use super::{nesting, tables};

/// The same text with a letter in place of some ASCII signs, so that these are text to the parser.
///
/// Every byte keeps its place: whoever reads the text at the offsets of the events finds what was really written.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    let mut signs = nesting::marks_too_many(text);
    signs.extend(tables::too_empty(text));
    if signs.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for at in signs {
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
    fn what_people_write_stays_as_it_is() {
        let text = "> - a\n\n| a | b |\n|---|---|\n| c |\n";
        assert!(matches!(bounded(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn signs_become_letters_and_no_byte_moves() {
        let text = format!("é{}\n{}é", "\n".repeat(3), ">".repeat(200));
        let bounded = bounded(&text);
        assert_eq!(bounded.len(), text.len());
        let changed: Vec<_> = bounded.bytes().zip(text.bytes()).filter(|(a, b)| a != b).collect();
        assert_eq!(changed, [(b'x', b'>')]);
    }
}
