//! HTML escaping that makes hidden characters visible.

use std::fmt::Write;

/// Shown in place of a hidden character.
const REPLACEMENT: char = '\u{FFFD}';

/// Whether it is a control or a bidirectional control, which can make text read differently than it is ("Trojan Source",
/// CVE-2021-42574). Right-to-left letters need none of these.
pub(super) fn is_hidden(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    reorders || c.is_control() && !matches!(c, '\n' | '\t')
}

/// Appends text content. A hidden character becomes a marker that names it.
pub(super) fn push_text(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            c if is_hidden(c) => {
                // Writing to a string does not fail.
                let _ =
                    write!(out, r#"<span class="mark" title="U+{:04X}">{REPLACEMENT}</span>"#, u32::from(c));
            }
            c => push_char(out, c),
        }
    }
}

/// Appends the value of a double-quoted attribute. Hidden characters are replaced.
pub(super) fn push_attribute(out: &mut String, value: &str) {
    for c in value.chars() {
        push_char(out, if is_hidden(c) { REPLACEMENT } else { c });
    }
}

fn push_char(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, text);
        out
    }

    #[test]
    fn a_character_that_reorders_is_named() {
        assert_eq!(text("a\u{202E}b"), r#"a<span class="mark" title="U+202E">�</span>b"#);
        assert_eq!(text("\0"), r#"<span class="mark" title="U+0000">�</span>"#);
    }

    #[test]
    fn line_ends_and_right_to_left_letters_are_not_hidden() {
        assert_eq!(text("שלום\r\nمرحبا\rx\t"), "שלום\nمرحبا\nx\t");
    }

    #[test]
    fn an_attribute_cannot_be_left() {
        let mut out = String::new();
        push_attribute(&mut out, "\"><script>&\u{202E}");
        assert_eq!(out, "&quot;&gt;&lt;script&gt;&amp;�");
    }
}
