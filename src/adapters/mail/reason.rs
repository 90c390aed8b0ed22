//! What a server says, as the log may show it.

/// As much of a server's own words as a log line needs, in characters.
const MAX_REASON: usize = 300;

/// A text on one line, truncated, without the secrets: a server may repeat what it was sent.
pub(super) fn printable(text: &str, secrets: &[String]) -> String {
    let shown = secrets.iter().filter(|secret| !secret.is_empty());
    let shown = shown.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[password]"));
    shown.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect()
}

/// An error with what caused it.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
