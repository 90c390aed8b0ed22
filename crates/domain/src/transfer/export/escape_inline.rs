//! Escaping of text inside a line of Markdown.

/// Escapes text so that none of it is markup (`CommonMark` 0.31, section 2.4), on one line.
pub(super) fn label(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '\'' | '-' | '/' | ':') {
            line.push('\\');
        }
        line.push(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c });
    }
    line
}

/// A link if the URL is relative or has a harmless scheme; else the text and the URL as plain text.
pub(super) fn link(text: &str, url: &str) -> String {
    let lower = url.to_ascii_lowercase();
    let is_harmless = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    if !is_harmless && !url.starts_with('/') {
        return format!("{} ({})", label(text), label(url));
    }
    let mut address = String::new();
    for c in url.chars() {
        if c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '\\') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                address.push_str(&format!("%{byte:02X}"));
            }
        } else {
            address.push(c);
        }
    }
    format!("[{}](<{address}>)", label(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_unsafe_links_are_text() {
        assert_eq!(label("a *b* [c](d)\n## e <f>"), "a \\*b\\* \\[c\\]\\(d\\) \\#\\# e \\<f\\>");
        assert_eq!(link("a]", "https://x.example/a b>c"), "[a\\]](<https://x.example/a%20b%3Ec>)");
        assert_eq!(link("a", "javascript:alert(1)"), "a (javascript:alert\\(1\\))");
        assert_eq!(link("a", "/chapter#part"), "[a](</chapter#part>)");
    }
}
