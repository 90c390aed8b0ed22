//! What a reader looks for.

use std::ops::Range;

use crate::{
    Term, TermPrefix, normalize,
    tokenizer::{MAX_TERM, Shape, scan_words, terms},
};

/// The most terms of a query; further ones are not looked for.
const MAX_TERMS: usize = 16;
/// The most characters of a query that are read.
const MAX_CHARACTERS: usize = 256;

/// What a reader typed into a search field, understood. All of it has to be found, in any order; what stands in quotes,
/// or without a blank between (`snake_case`, `2.5`), only side by side. There are no operators: `AND`, `NEAR`, `*`, `-`, `^`
/// and `:` are words or part words like any other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(super) phrases: Vec<Phrase>,
}

/// Terms side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    terms: Vec<String>,
    /// Whether the last term may go on.
    pub(super) open: bool,
}

impl Query {
    /// Reads what was typed; `None` when there is nothing to look for.
    ///
    /// With `prefix_last` a last word with nothing behind it, no blank, no quote and no other sign, finds every word that
    /// begins with it: for looking while one types. The first 256 characters and 16 terms count; what is there twice counts
    /// once, for it asks for nothing more.
    pub fn parse(text: &str, prefix_last: bool) -> Option<Self> {
        let read = start(text);
        let typing = prefix_last || read.len() < text.len();
        let mut query = Self { phrases: Vec::new() };
        let mut left = MAX_TERMS;
        for piece in pieces(read) {
            let Some((phrase, end)) = Phrase::read(read.get(piece.clone()).unwrap_or_default(), left) else {
                continue;
            };
            let open = phrase.open || typing && piece.start + end == read.len();
            let phrase = Phrase { open, ..phrase };
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

    /// An expression for `match` in FTS5.
    pub fn fts5(&self, owner: &TermPrefix) -> String {
        self.expression(" AND ", |phrase| phrase.expression(owner, '"', " + ", " *"))
    }

    /// An expression for `$1::tsquery`.
    pub fn tsquery(&self, owner: &TermPrefix) -> String {
        self.expression(" & ", |phrase| phrase.expression(owner, '\'', " <-> ", ":*"))
    }

    fn expression(&self, and: &str, phrase: impl FnMut(&Phrase) -> String) -> String {
        self.phrases.iter().map(phrase).collect::<Vec<_>>().join(and)
    }

    /// Whether a text has all that is looked for, as both databases say it.
    pub fn matches(&self, text: &str) -> bool {
        let terms: Vec<Term> = terms(text).collect();
        self.phrases.iter().all(|phrase| phrase.is_in(&terms))
    }
}

impl Phrase {
    /// Reads one piece of a query, and says where the last term ends in it. `None` when it has no term.
    fn read(piece: &str, most: usize) -> Option<(Self, usize)> {
        let mut found: Vec<(String, Range<usize>, Shape)> = Vec::new();
        scan_words(piece, |term, range, shape| found.push((term.to_owned(), range, shape)));
        // Where the run of a text ends is not where that of a query does: 東京 is to be found in 東京都.
        if let [.., (_, _, Shape::Pair), (_, _, Shape::Last)] = found.as_slice() {
            found.pop();
        }
        let whole = found.len() <= most;
        found.truncate(most);
        let (_, last, shape) = found.last()?;
        // Only a single character, of which pairs are to be found, is still the last of a run.
        let open = whole && *shape == Shape::Last;
        let end = if whole { last.end } else { 0 };
        Some((Self { terms: found.into_iter().map(|(term, ..)| term).collect(), open }, end))
    }

    fn expression(&self, owner: &TermPrefix, quote: char, next: &str, prefix: &str) -> String {
        let quoted = self.terms.iter().map(|term| format!("{quote}{}{term}{quote}", owner.as_str()));
        let mut phrase = quoted.collect::<Vec<_>>().join(next);
        if self.open {
            phrase.push_str(prefix);
        }
        phrase
    }

    /// Whether it stands anywhere in a text's terms.
    fn is_in(&self, terms: &[Term]) -> bool {
        terms.windows(self.terms.len()).any(|place| self.stands_at(place))
    }

    /// The terms it is, when a text's terms begin with it.
    pub(super) fn found_at<'t>(&self, terms: &'t [Term]) -> Option<&'t [Term]> {
        terms.get(..self.terms.len()).filter(|place| self.stands_at(place))
    }

    fn stands_at(&self, place: &[Term]) -> bool {
        let last = self.terms.len().saturating_sub(1);
        let is = |(at, (term, wanted)): (usize, (&Term, &String))| {
            term.text == *wanted || self.open && at == last && term.text.starts_with(wanted.as_str())
        };
        place.iter().zip(&self.terms).enumerate().all(is)
    }

    /// The last term.
    pub(super) fn end(&self) -> &str {
        self.terms.last().map_or("", String::as_str)
    }
}

/// As much of a query as is read, no cluster cut in two.
fn start(text: &str) -> &str {
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

/// The quotes keyboards and phones make of `"`.
const QUOTES: [char; 8] = ['"', '“', '”', '„', '‟', '«', '»', '＂'];

/// Where the pieces of a query stand: what is between quotes, and what is between blanks. A quote within a word, as in
/// צה"ל, opens nothing; one that is not closed reaches to the end.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        let opens = !quoted && at == start && QUOTES.contains(&c);
        let ends = if quoted { QUOTES.contains(&c) } else { c.is_whitespace() || c.is_control() };
        if opens || ends {
            pieces.push(start..at);
            start = at + c.len_utf8();
            quoted = opens;
        }
    }
    pieces.push(start..text.len());
    pieces
}

const _: () = assert!(MAX_CHARACTERS >= MAX_TERM, "a cut query ends in a term that is cut, too");
