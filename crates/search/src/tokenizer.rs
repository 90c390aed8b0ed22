//! A text taken apart.

use std::{mem, ops::ControlFlow, ops::Range};

use crate::normalize::{self, Class};

/// The most terms of a text: the last position a tsvector knows.
pub(super) const MAX_TERMS: usize = 16_383;
/// The most bytes of a term.
pub(super) const MAX_TERM: usize = 64;
/// The most bytes of a text's terms. With names of owners and positions it makes a tsvector of 0.7 MB; 1 MB is refused.
const MAX_BYTES: usize = 400_000;

/// One thing that can be found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Folded, at most 64 bytes: letters, digits and marks of letters alone; ASCII is lower case.
    pub text: String,
    /// Where it stands, in bytes of the text, on boundaries of characters.
    pub range: Range<usize>,
    /// Counted from 1.
    pub position: u32,
    pub(super) shape: Shape,
}

/// Where a term comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A word between blanks.
    Word,
    /// Two neighbours in writing without blanks.
    Pair,
    /// The last character of such writing.
    Last,
    /// A part of a word in camel case, behind the end of the text.
    Part,
}

impl Term {
    /// Whether it stands behind the end of the text, as part of a word in camel case that has a term of its own.
    pub fn is_part(&self) -> bool {
        self.shape == Shape::Part
    }
}

/// The terms of a text as they are indexed, in order; the parts of words in camel case come last.
pub fn terms(text: &str) -> impl Iterator<Item = Term> {
    let mut terms = Vec::new();
    let mut position = 0;
    scan(text, |term, range, shape| {
        position += 1;
        terms.push(Term { text: term.to_owned(), range, position, shape });
    });
    terms.into_iter()
}

/// Hands out every term of a text.
pub(super) fn scan(text: &str, take: impl FnMut(&str, Range<usize>, Shape)) {
    let mut scanner = Scanner::new(text, take);
    let mut parts = Vec::new();
    let whole = scanner.words(0..text.len(), &mut |word| camel_parts(text, &word, &mut parts));
    // One `break` is enough: the text has more terms than are wanted.
    scanner.out.behind = true;
    if whole.is_continue() {
        let _ = parts.into_iter().try_for_each(|part| scanner.words(part, &mut drop));
    }
}

/// Hands out the terms of a text without the parts of words in camel case.
pub(super) fn scan_words(text: &str, take: impl FnMut(&str, Range<usize>, Shape)) {
    let _ = Scanner::new(text, take).words(0..text.len(), &mut drop);
}

/// Told of each word in mixed case.
type MixedCaseHook<'f> = dyn FnMut(Range<usize>) + 'f;

struct Scanner<'t, F> {
    text: &'t str,
    out: TermSink<F>,
    within: ScanState,
    /// The word, or the character of dense writing, that is being read.
    open: Piece,
    /// The character before it.
    before: Piece,
    /// A cluster's folded form, and a pair: kept for their memory.
    folded: String,
    pair: String,
}

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanState {
    Nothing,
    Word,
    Dense,
}

impl<'t, F: FnMut(&str, Range<usize>, Shape)> Scanner<'t, F> {
    fn new(text: &'t str, take: F) -> Self {
        Self {
            text,
            out: TermSink { take, terms_left: MAX_TERMS, bytes_left: MAX_BYTES, behind: false },
            within: ScanState::Nothing,
            open: Piece::default(),
            before: Piece::default(),
            folded: String::new(),
            pair: String::new(),
        }
    }

    /// Everything in a range. Plain ASCII, most of what is written, is not folded character by character.
    fn words(&mut self, range: Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        let mut at = range.start;
        while let Some(rest) = self.text.get(at..range.end).filter(|rest| !rest.is_empty()) {
            let bytes = rest.as_bytes();
            let length = bytes.iter().position(|it| !it.is_ascii_alphanumeric()).unwrap_or(bytes.len());
            if bytes.get(length).is_some_and(|next| !next.is_ascii()) {
                at = self.clusters(at..range.end, mixed)?;
                continue;
            }
            if length > 0 {
                self.ascii_word(at..at + length, mixed)?;
            }
            at += length + 1;
        }
        ControlFlow::Continue(())
    }

    fn ascii_word(&mut self, range: Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        let word = self.text.get(range.clone()).unwrap_or_default();
        self.open.start(range.start);
        self.open.push_str(word, range.end);
        self.open.text.make_ascii_lowercase();
        self.out.term(&self.open.text, range.clone(), Shape::Word)?;
        if word.bytes().skip(1).any(|it| it.is_ascii_uppercase()) {
            mixed(range);
        }
        ControlFlow::Continue(())
    }

    /// Reads cluster by cluster up to the end of a word or a run, and says where that is.
    fn clusters(&mut self, range: Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<(), usize> {
        let mut at = range.start;
        while let Some(rest) = self.text.get(at..range.end).filter(|rest| !rest.is_empty()) {
            let cluster = rest.get(..normalize::cluster(rest)).unwrap_or(rest);
            let place = at..at + cluster.len();
            at = place.end;
            let mut folded = mem::take(&mut self.folded);
            folded.clear();
            normalize::fold(cluster, &mut folded);
            // A sign that stands for several words, as ½ does, is no part of a longer one.
            let several = folded.chars().any(|c| normalize::class(c) == Class::Gap);
            if several {
                self.finish(mixed)?;
            }
            folded.chars().try_for_each(|c| self.push(c, &place, mixed))?;
            if several {
                self.finish(mixed)?;
            }
            self.folded = folded;
            if self.within == ScanState::Nothing {
                return ControlFlow::Continue(at);
            }
            // Also what is not seen belongs to the word.
            self.open.end = at;
        }
        self.finish(mixed)?;
        ControlFlow::Continue(at)
    }

    fn push(&mut self, c: char, place: &Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        match (normalize::class(c), self.within) {
            (Class::Gap, _) => return self.finish(mixed),
            (Class::Mark, ScanState::Nothing) => return ControlFlow::Continue(()),
            (Class::Mark, _) | (Class::Letter, ScanState::Word) => {}
            (Class::Letter, _) => {
                self.finish(mixed)?;
                self.within = ScanState::Word;
                self.open.start(place.start);
            }
            (Class::Dense, within) => {
                if within == ScanState::Dense {
                    self.next_character()?;
                } else {
                    self.finish(mixed)?;
                    self.within = ScanState::Dense;
                }
                self.open.start(place.start);
            }
        }
        self.open.push(c, place.end);
        ControlFlow::Continue(())
    }

    /// Pairs a character of dense writing with the one before it.
    fn next_character(&mut self) -> ControlFlow<()> {
        if !self.before.text.is_empty() {
            self.pair.clear();
            self.pair.push_str(&self.before.text);
            self.pair.push_str(cut(&self.open.text, MAX_TERM.saturating_sub(self.pair.len())));
            self.out.term(&self.pair, self.before.start..self.open.end, Shape::Pair)?;
        }
        mem::swap(&mut self.before, &mut self.open);
        ControlFlow::Continue(())
    }

    /// Ends the word or the run.
    fn finish(&mut self, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        match mem::replace(&mut self.within, ScanState::Nothing) {
            ScanState::Nothing => {}
            ScanState::Word => {
                let range = self.open.start..self.open.end;
                self.out.term(&self.open.text, range.clone(), Shape::Word)?;
                mixed(range);
            }
            ScanState::Dense => {
                self.next_character()?;
                self.out.term(&self.before.text, self.before.start..self.before.end, Shape::Last)?;
                self.before.text.clear();
            }
        }
        ControlFlow::Continue(())
    }
}

/// Folded text as long as a term may be, and where it stands.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    start: usize,
    end: usize,
    full: bool,
}

impl Piece {
    fn start(&mut self, at: usize) {
        self.text.clear();
        (self.start, self.end, self.full) = (at, at, false);
    }

    fn push(&mut self, c: char, end: usize) {
        self.full |= self.text.len() + c.len_utf8() > MAX_TERM;
        if !self.full {
            self.text.push(c);
        }
        self.end = end;
    }

    fn push_str(&mut self, text: &str, end: usize) {
        self.text.push_str(cut(text, MAX_TERM.saturating_sub(self.text.len())));
        self.end = end;
    }
}

/// Where terms go, within the bounds of a text.
struct TermSink<F> {
    take: F,
    terms_left: usize,
    bytes_left: usize,
    /// Whether the end of the text is passed.
    behind: bool,
}

impl<F: FnMut(&str, Range<usize>, Shape)> TermSink<F> {
    fn term(&mut self, text: &str, range: Range<usize>, shape: Shape) -> ControlFlow<()> {
        let bounded = (self.terms_left.checked_sub(1), self.bytes_left.checked_sub(text.len()));
        let (Some(terms_left), Some(bytes_left)) = bounded else { return ControlFlow::Break(()) };
        (self.terms_left, self.bytes_left) = (terms_left, bytes_left);
        (self.take)(text, range, if self.behind { Shape::Part } else { shape });
        ControlFlow::Continue(())
    }
}

/// The start of a text, of at most so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The parts of `fooBar`, `HTTPServer` and `ROS2Node`: from a capital behind a small letter or a digit, and from the last
/// of several capitals. Parts of one letter, and of words longer than a term (keys, encoded data), are nothing to look for.
fn camel_parts(text: &str, word: &Range<usize>, parts: &mut Vec<Range<usize>>) {
    let Some(letters) = text.get(word.clone()).filter(|it| it.len() <= MAX_TERM && parts.len() < MAX_TERMS)
    else {
        return;
    };
    let mut chars = letters.char_indices().peekable();
    let (mut start, mut was_capital) = (0, true);
    let mut part = |range: Range<usize>| {
        let of_two = letters.get(range.clone()).is_some_and(|it| it.chars().nth(1).is_some());
        if of_two && range.len() < letters.len() {
            parts.push(word.start + range.start..word.start + range.end);
        }
    };
    while let Some((at, c)) = chars.next() {
        let capital = c.is_uppercase();
        let small_follows = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
        if capital && at > start && (!was_capital || small_follows) {
            part(start..at);
            start = at;
        }
        was_capital = capital;
    }
    part(start..letters.len());
}
