//! URLs in plain text.

use std::ops::Range;

use super::{address, escape};

/// Punctuation that ends a sentence rather than a URL, also of scripts without spaces.
const TRAILING: &[char] = &[
    '?', '!', '.', ',', ':', ';', '*', '_', '~', '\'', '。', '，', '、', '；', '：', '！', '？', '）', '」',
    '』', '》',
];

/// A URL in text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Autolink {
    /// The byte range in the text.
    pub range: Range<usize>,
    /// The link's target.
    pub href: String,
}

/// All `http` and `https` URLs, roughly as GitHub recognises them: at the start of a word, without trailing punctuation,
/// with closing parentheses as far as they were opened.
pub(super) fn find(text: &str) -> Vec<Autolink> {
    let mut found = Vec::new();
    let mut done = 0;
    for (colon, _) in text.match_indices("://") {
        if colon < done {
            continue;
        }
        let Some(start) = scheme_start(text, colon).filter(|start| *start >= done) else { continue };
        let candidate = until_delimiter(text.get(start..).unwrap_or_default());
        done = start + candidate.len();
        let url = without_punctuation(candidate);
        if let Some(href) = address::safe_address(url) {
            found.push(Autolink { range: start..start + url.len(), href });
        }
    }
    found
}

/// The start of the scheme before a colon, if it is `http` or `https` and begins a word.
fn scheme_start(text: &str, colon: usize) -> Option<usize> {
    let before = text.get(..colon)?;
    let start = ["https", "http"].iter().find_map(|scheme| {
        let start = colon.checked_sub(scheme.len())?;
        before.get(start..)?.eq_ignore_ascii_case(scheme).then_some(start)
    })?;
    let starts_word = !before.get(..start)?.ends_with(char::is_alphanumeric);
    starts_word.then_some(start)
}

fn until_delimiter(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '\\') || escape::is_hidden(c);
    text.split(ends).next().unwrap_or_default()
}

fn without_punctuation(address: &str) -> &str {
    let count = |c| address.matches(c).count();
    let mut parentheses = count(')').saturating_sub(count('('));
    let mut brackets = count(']').saturating_sub(count('['));
    let mut rest = address;
    loop {
        let shorter = if let Some(shorter) = rest.strip_suffix(TRAILING) {
            shorter
        } else if parentheses > 0 && rest.ends_with(')') {
            parentheses -= 1;
            rest.strip_suffix(')').unwrap_or_default()
        } else if brackets > 0 && rest.ends_with(']') {
            brackets -= 1;
            rest.strip_suffix(']').unwrap_or_default()
        } else {
            return rest;
        };
        rest = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn a_url_ends_before_trailing_punctuation() {
        assert_eq!(
            texts("See https://a.example/b, or (HTTP://c.example)."),
            ["https://a.example/b", "HTTP://c.example"]
        );
        assert_eq!(
            texts("https://a.example/x_(y) and https://a.example/z))"),
            ["https://a.example/x_(y)", "https://a.example/z"]
        );
        assert_eq!(texts("見る https://a.example/b。次"), ["https://a.example/b。次"]);
        assert_eq!(texts("見る https://a.example/b。"), ["https://a.example/b"]);
        assert_eq!(texts("\"https://a.example/\""), ["https://a.example/"]);
    }

    #[test]
    fn text_inside_words_and_unsafe_urls_are_no_links() {
        for text in [
            "xhttp://a.example",
            "http://",
            "http://.",
            "ahttps://",
            "https://a@b.example",
            "javascript://a",
            "://",
        ] {
            assert_eq!(texts(text), Vec::<&str>::new(), "{text}");
        }
    }
}
