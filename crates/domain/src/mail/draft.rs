//! A letter before it has a form: what is said, in order. Plain text and HTML are two renderings of it.

/// What a letter says.
pub(super) struct Draft {
    /// One line, without anything a reader has typed.
    pub(super) subject: String,
    /// The line that mail programs show after the subject.
    pub(super) preview: String,
    /// Above the text.
    pub(super) heading: String,
    /// The text.
    pub(super) blocks: Vec<Block>,
    /// Why it came.
    pub(super) why: String,
}

/// A piece of the text.
pub(super) enum Block {
    /// A paragraph.
    Say(String),
    /// What was done, as names and values.
    Facts(Vec<(&'static str, String)>),
    /// The one thing to do: a button, and the whole address as text.
    Act {
        /// On the button.
        label: &'static str,
        /// Absolute.
        url: String,
        /// Below the button: how long the link works.
        lasts: String,
    },
    /// A sentence, then a place to go that asks for no token.
    Go {
        /// Ends with a colon.
        sentence: String,
        /// Absolute.
        url: String,
    },
}

/// The longest word of somebody else that a letter repeats: an e-mail address has at most 254 characters.
const LONGEST: usize = 254;

/// Somebody else's words as they may stand in a letter: on one line, bounded, without characters that are not seen or
/// that turn the direction of what follows.
pub(super) fn quoted(text: &str) -> String {
    let spaced = text.chars().filter(|c| !is_unseen(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let spaced: String = spaced.take(LONGEST).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Format characters: zero width, bidirectional controls, the byte order mark.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_on_one_line_and_keeps_its_direction() {
        assert_eq!(quoted(" a\r\nBcc: b\u{2028}c\t\u{202e}d\u{0} "), "a Bcc: b c d");
        assert_eq!(quoted(&"x".repeat(400)).len(), LONGEST);
    }
}
