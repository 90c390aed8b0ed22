//! Somebody's words inside a line of Markdown.

/// Words as words: no sign of them means anything (CommonMark 0.31, section 2.4), and they stay on their line.
pub(super) fn label(words: &str) -> String {
    let mut line = String::new();
    for c in words.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '\'' | '-' | '/' | ':') {
            line.push('\\');
        }
        line.push(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c });
    }
    line
}

/// A link, when the address is one that a reader may follow; else the words and the address as words.
pub(super) fn link(words: &str, url: &str) -> String {
    let lower = url.to_ascii_lowercase();
    let is_known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    if !is_known && !url.starts_with('/') {
        return format!("{} ({})", label(words), label(url));
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
    format!("[{}](<{address}>)", label(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(label("a *b* [c](d)\n## e <f>"), "a \\*b\\* \\[c\\]\\(d\\) \\#\\# e \\<f\\>");
        assert_eq!(link("a]", "https://x.example/a b>c"), "[a\\]](<https://x.example/a%20b%3Ec>)");
        assert_eq!(link("a", "javascript:alert(1)"), "a (javascript:alert\\(1\\))");
        assert_eq!(link("a", "/chapter#part"), "[a](</chapter#part>)");
    }
}
