//! Addresses that stand in running text without any signs.

use std::ops::Range;

use super::{address, escape};

/// What ends a sentence rather than an address, in the scripts that write without spaces as well.
const TRAILING: &[char] = &[
    '?', '!', '.', ',', ':', ';', '*', '_', '~', '\'', '。', '，', '、', '；', '：', '！', '？', '）', '」',
    '』', '》',
];

/// An address in text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its bytes.
    pub range: Range<usize>,
    /// Where it leads.
    pub href: String,
}

/// All `http` and `https` addresses in the text, from first to last, about as GitHub finds them: at the start of a word,
/// without the punctuation behind them, with closing parentheses as far as they were opened.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut done = 0;
    for (colon, _) in text.match_indices("://") {
        if colon < done {
            continue;
        }
        let Some(start) = scheme(text, colon).filter(|start| *start >= done) else { continue };
        let candidate = extent(text.get(start..).unwrap_or_default());
        done = start + candidate.len();
        let trimmed = trimmed(candidate);
        if let Some(href) = address::allowed(trimmed) {
            found.push(Found { range: start..start + trimmed.len(), href });
        }
    }
    found
}

/// Where the scheme before this colon starts, if it is of the web and starts a word.
fn scheme(text: &str, colon: usize) -> Option<usize> {
    let before = text.get(..colon)?;
    let start = ["https", "http"].iter().find_map(|scheme| {
        let start = colon.checked_sub(scheme.len())?;
        before.get(start..)?.eq_ignore_ascii_case(scheme).then_some(start)
    })?;
    let starts_word = !before.get(..start)?.ends_with(char::is_alphanumeric);
    starts_word.then_some(start)
}

fn extent(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '\\') || escape::is_hidden(c);
    text.split(ends).next().unwrap_or_default()
}

fn trimmed(address: &str) -> &str {
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
    fn an_address_ends_before_the_punctuation_of_its_sentence() {
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
    fn within_a_word_or_refused_is_no_address() {
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
