//! Characters around a value that whoever set it did not mean to be part of it: a newline from a file, quotes that a shell
//! would have taken away and a container's environment file keeps.

/// Quotes that may stand around a value, opening and closing.
const QUOTES: [(char, char); 7] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“'), ('‘', '’'), ('«', '»')];

/// Whether the value as a whole stands in quotes.
pub(super) fn is_quoted(text: &str) -> bool {
    let mut characters = text.chars();
    let ends = characters.next().zip(characters.next_back());
    ends.is_some_and(|ends| QUOTES.contains(&ends))
}

/// Names what surrounds a value; `None` when the value is as it was meant.
pub(super) fn surroundings(text: &str) -> Option<&'static str> {
    // The last first: a file's newline may follow the quotes.
    let ends = [text.chars().next_back(), text.chars().next()];
    let stray = ends.into_iter().flatten().find_map(|c| match c {
        '\n' => Some("a newline"),
        '\r' => Some("a carriage return"),
        '\t' => Some("a tab"),
        // Invisible and no white space: byte order mark, zero-width characters, marks of direction, soft hyphen.
        '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{ad}' => Some("an invisible character"),
        c if c.is_control() => Some("a control character"),
        c if c.is_whitespace() => Some("a blank"),
        _ => None,
    });
    stray.or_else(|| is_quoted(text).then_some("quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_value_is_named() {
        for (text, expected) in [
            ("S\n", Some("a newline")),
            ("S\r\n", Some("a newline")),
            ("\nS", Some("a newline")),
            ("S\r", Some("a carriage return")),
            ("S\t", Some("a tab")),
            ("S ", Some("a blank")),
            (" S", Some("a blank")),
            ("S\u{a0}", Some("a blank")),
            ("\u{feff}S", Some("an invisible character")),
            ("S\u{200b}", Some("an invisible character")),
            ("S\u{0}", Some("a control character")),
            ("\"S\"", Some("quotes")),
            ("'S'", Some("quotes")),
            ("“S”", Some("quotes")),
            ("`S`", Some("quotes")),
            ("S", None),
            ("S 'S'", None),
            ("\"S", None),
            ("S\nS", None),
            ("\"", None),
            ("", None),
        ] {
            assert_eq!(surroundings(text), expected, "{text:?}");
        }
    }
}
