//! The content of a mail, in order. Plain text and HTML are two renderings of it.

/// The content of a mail.
pub(super) struct Draft {
    /// One line, without anything a reader has typed.
    pub(super) subject: String,
    /// The line that mail programs show after the subject.
    pub(super) preview: String,
    /// Above the text.
    pub(super) heading: String,
    /// The text.
    pub(super) blocks: Vec<Block>,
    /// Why the reader gets it.
    pub(super) reason: String,
}

/// A piece of the text.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// What happened, as names and values.
    Facts(Vec<(&'static str, String)>),
    /// The one thing to do: a button, and the whole address as text.
    Button {
        /// On the button.
        label: &'static str,
        /// Absolute.
        url: String,
        /// Below the button: how long the link works.
        note: String,
    },
    /// Digits to copy, between a sentence and a note.
    Code {
        /// Ends with a colon.
        sentence: &'static str,
        /// The digits.
        code: String,
        /// Where they are asked for, and for how long.
        note: String,
        /// The page that takes them.
        url: String,
    },
    /// A sentence, then the address of a page that needs no token.
    Link {
        /// Ends with a colon.
        sentence: String,
        /// Absolute.
        url: String,
    },
}

/// The longest foreign text that a mail repeats: an e-mail address has at most 254 characters.
const MAX_FOREIGN: usize = 254;

/// Text from a browser or a form as it may stand in a mail: on one line, bounded, without characters that are invisible
/// or that turn the direction of what follows.
pub(super) fn sanitize(text: &str) -> String {
    let spaced = text.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let spaced: String = spaced.take(MAX_FOREIGN).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Format characters: zero width, bidirectional controls, the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sanitized_text_stays_on_one_line_and_keeps_its_direction() {
        assert_eq!(sanitize(" a\r\nBcc: b\u{2028}c\t\u{202e}d\u{0} "), "a Bcc: b c d");
        assert_eq!(sanitize(&"x".repeat(400)).len(), MAX_FOREIGN);
    }
}
