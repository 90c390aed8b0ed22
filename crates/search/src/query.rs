//! Search queries.

use std::ops::Range;

use crate::{
    Term, TermPrefix, normalize,
    tokenizer::{MAX_TERM, Shape, scan_words, terms},
};

/// The most terms of a query; further ones are ignored.
const MAX_TERMS: usize = 16;
/// The most characters of a query; further ones are ignored.
const MAX_CHARACTERS: usize = 256;

/// A parsed query. A text matches if it has every phrase, in any order. Terms in quotes or without a space between them
/// (`snake_case`, `2.5`) are one phrase. There are no operators: `AND`, `NEAR`, `*`, `-`, `^` and `:` are words or
/// separators like any other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(super) phrases: Vec<Phrase>,
}

/// Consecutive terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    terms: Vec<String>,
    /// Whether the last term is a prefix.
    pub(super) is_prefix: bool,
}

impl Query {
    /// Parses a query; `None` when it has no term. The first 256 characters and 16 terms count, and repeated phrases count
    /// once.
    ///
    /// With `prefix_last`, a last word without a space, quote or other character after it matches as a prefix, for search
    /// while typing.
    pub fn parse(text: &str, prefix_last: bool) -> Option<Self> {
        let input = truncated(text);
        let typing = prefix_last || input.len() < text.len();
        let mut query = Self { phrases: Vec::new() };
        let mut left = MAX_TERMS;
        for part in parts(input) {
            let Some((phrase, end)) = Phrase::parse(input.get(part.clone()).unwrap_or_default(), left) else {
                continue;
            };
            let is_prefix = phrase.is_prefix || typing && part.start + end == input.len();
            let phrase = Phrase { is_prefix, ..phrase };
            if query.phrases.contains(&phrase) {
                continue;
            }
            left -= phrase.terms.len();
            query.phrases.push(phrase);
            if left == 0 {
                break;
            }
        }
        (!query.phrases.is_empty()).then_some(query)
    }

    /// An FTS5 `match` expression.
    pub fn fts5(&self, prefix: &TermPrefix) -> String {
        self.expression(" AND ", |phrase| phrase.expression(prefix, '"', " + ", " *"))
    }

    /// A tsquery.
    pub fn tsquery(&self, prefix: &TermPrefix) -> String {
        self.expression(" & ", |phrase| phrase.expression(prefix, '\'', " <-> ", ":*"))
    }

    fn expression(&self, and: &str, phrase: impl FnMut(&Phrase) -> String) -> String {
        self.phrases.iter().map(phrase).collect::<Vec<_>>().join(and)
    }

    /// Whether a text matches, with the result of both databases.
    pub fn matches(&self, text: &str) -> bool {
        let terms: Vec<Term> = terms(text).collect();
        self.phrases.iter().all(|phrase| phrase.is_in(&terms))
    }
}

impl Phrase {
    /// Parses a part of a query into a phrase of at most `max` terms and the end of its last term; `None` without a term.
    fn parse(part: &str, max: usize) -> Option<(Self, usize)> {
        let mut found: Vec<(String, Range<usize>, Shape)> = Vec::new();
        scan_words(part, |term, range, shape| found.push((term.to_owned(), range, shape)));
        // The query's run need not end where the text's does: 東京 must match in 東京都.
        if let [.., (_, _, Shape::Pair), (_, _, Shape::Last)] = found.as_slice() {
            found.pop();
        }
        let whole = found.len() <= max;
        found.truncate(max);
        let (_, last, shape) = found.last()?;
        // A single character of a script without spaces matches the bigrams that begin with it.
        let is_prefix = whole && *shape == Shape::Last;
        let end = if whole { last.end } else { 0 };
        Some((Self { terms: found.into_iter().map(|(term, ..)| term).collect(), is_prefix }, end))
    }

    fn expression(&self, prefix: &TermPrefix, quote: char, next: &str, star: &str) -> String {
        let quoted = self.terms.iter().map(|term| format!("{quote}{}{term}{quote}", prefix.as_str()));
        let mut phrase = quoted.collect::<Vec<_>>().join(next);
        if self.is_prefix {
            phrase.push_str(star);
        }
        phrase
    }

    /// Whether a text has the phrase.
    fn is_in(&self, terms: &[Term]) -> bool {
        terms.windows(self.terms.len()).any(|window| self.equals(window))
    }

    /// The matching terms, if the list begins with the phrase.
    pub(super) fn match_at<'t>(&self, terms: &'t [Term]) -> Option<&'t [Term]> {
        terms.get(..self.terms.len()).filter(|window| self.equals(window))
    }

    fn equals(&self, window: &[Term]) -> bool {
        let last = self.terms.len().saturating_sub(1);
        let is = |(at, (term, wanted)): (usize, (&Term, &String))| {
            term.text == *wanted || self.is_prefix && at == last && term.text.starts_with(wanted.as_str())
        };
        window.iter().zip(&self.terms).enumerate().all(is)
    }

    pub(super) fn last_term(&self) -> &str {
        self.terms.last().map_or("", String::as_str)
    }
}

/// The start of a query up to the limit, without splitting a grapheme cluster.
fn truncated(text: &str) -> &str {
    let (mut at, mut characters) = (0, 0);
    while let Some(cluster) =
        text.get(at..).map(|rest| rest.get(..normalize::cluster(rest)).unwrap_or_default())
    {
        characters += cluster.chars().count();
        if cluster.is_empty() || characters > MAX_CHARACTERS && at > 0 {
            break;
        }
        at += cluster.len();
    }
    text.get(..at).unwrap_or(text)
}

/// Quotation marks that keyboards insert for `"`.
const QUOTES: [char; 8] = ['"', '“', '”', '„', '‟', '«', '»', '＂'];

/// The byte ranges between quotes and between spaces. A quote inside a word, as in צה"ל, opens nothing; an unclosed one
/// extends to the end.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        let opens = !quoted && at == start && QUOTES.contains(&c);
        let ends = if quoted { QUOTES.contains(&c) } else { c.is_whitespace() || c.is_control() };
        if opens || ends {
            parts.push(start..at);
            start = at + c.len_utf8();
            quoted = opens;
        }
    }
    parts.push(start..text.len());
    parts
}

const _: () = assert!(MAX_CHARACTERS >= MAX_TERM, "a truncated query ends in a truncated term");
