//! The tokenizer.

use std::{mem, ops::ControlFlow, ops::Range};

use crate::normalize::{self, Class};

/// The most terms of a text: the last position in a tsvector.
pub(super) const MAX_TERMS: usize = 16_383;
/// The most bytes of a term.
pub(super) const MAX_TERM: usize = 64;
/// The most bytes of a text's terms. With prefixes and positions they make a tsvector of 0.7 MB; PostgreSQL refuses 1 MB.
const MAX_BYTES: usize = 400_000;

/// A term of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Normalized, at most 64 bytes of letters, digits and combining marks; ASCII is lower case.
    pub text: String,
    /// The byte range in the text.
    pub range: Range<usize>,
    /// The position, from 1.
    pub position: u32,
    pub(super) shape: Shape,
}

/// The kind of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A word.
    Word,
    /// A bigram of a script without spaces.
    Pair,
    /// The last character of a run of such a script.
    Last,
    /// A part of a camel-case word, after the end of the text.
    Part,
}

impl Term {
    /// Whether it is a part of a camel-case word, indexed after the end of the text.
    pub fn is_part(&self) -> bool {
        self.shape == Shape::Part
    }
}

/// The terms of a text in the order of the index; parts of camel-case words come last.
pub fn terms(text: &str) -> impl Iterator<Item = Term> {
    let mut terms = Vec::new();
    let mut position = 0;
    scan(text, |term, range, shape| {
        position += 1;
        terms.push(Term { text: term.to_owned(), range, position, shape });
    });
    terms.into_iter()
}

/// Calls `take` for every term of a text.
pub(super) fn scan(text: &str, take: impl FnMut(&str, Range<usize>, Shape)) {
    let mut scanner = Scanner::new(text, take);
    let mut parts = Vec::new();
    let whole = scanner.words(0..text.len(), &mut |word| camel_parts(text, &word, &mut parts));
    // After a break the limit is reached, and parts would not fit either.
    scanner.out.past_end = true;
    if whole.is_continue() {
        let _ = parts.into_iter().try_for_each(|part| scanner.words(part, &mut drop));
    }
}

/// Calls `take` for every term except parts of camel-case words.
pub(super) fn scan_words(text: &str, take: impl FnMut(&str, Range<usize>, Shape)) {
    let _ = Scanner::new(text, take).words(0..text.len(), &mut drop);
}

/// Called with the range of each word that may be in camel case.
type MixedCaseHook<'f> = dyn FnMut(Range<usize>) + 'f;

struct Scanner<'t, F> {
    text: &'t str,
    out: TermSink<F>,
    state: ScanState,
    /// The current word, or the current character of a script without spaces.
    current: Span,
    /// The character before it.
    previous: Span,
    /// Buffers that are reused.
    folded: String,
    pair: String,
}

/// What the scanner is in.
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
            out: TermSink { take, terms_left: MAX_TERMS, bytes_left: MAX_BYTES, past_end: false },
            state: ScanState::Nothing,
            current: Span::default(),
            previous: Span::default(),
            folded: String::new(),
            pair: String::new(),
        }
    }

    /// Scans a range. ASCII words, the most frequent ones, take a fast path.
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
        self.current.start(range.start);
        self.current.push_str(word, range.end);
        self.current.text.make_ascii_lowercase();
        self.out.term(&self.current.text, range.clone(), Shape::Word)?;
        if word.bytes().skip(1).any(|it| it.is_ascii_uppercase()) {
            mixed(range);
        }
        ControlFlow::Continue(())
    }

    /// Scans grapheme clusters up to the end of a word or run, and returns its offset.
    fn clusters(&mut self, range: Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<(), usize> {
        let mut at = range.start;
        while let Some(rest) = self.text.get(at..range.end).filter(|rest| !rest.is_empty()) {
            let cluster = rest.get(..normalize::cluster(rest)).unwrap_or(rest);
            let place = at..at + cluster.len();
            at = place.end;
            let mut folded = mem::take(&mut self.folded);
            folded.clear();
            normalize::fold(cluster, &mut folded);
            // A character that normalizes to several words, such as ½, is no part of a longer one.
            let several = folded.chars().any(|c| normalize::class(c) == Class::Gap);
            if several {
                self.finish(mixed)?;
            }
            folded.chars().try_for_each(|c| self.push(c, &place, mixed))?;
            if several {
                self.finish(mixed)?;
            }
            self.folded = folded;
            if self.state == ScanState::Nothing {
                return ControlFlow::Continue(at);
            }
            // Invisible characters belong to the word, too.
            self.current.end = at;
        }
        self.finish(mixed)?;
        ControlFlow::Continue(at)
    }

    fn push(&mut self, c: char, place: &Range<usize>, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        match (normalize::class(c), self.state) {
            (Class::Gap, _) => return self.finish(mixed),
            (Class::Mark, ScanState::Nothing) => return ControlFlow::Continue(()),
            (Class::Mark, _) | (Class::Letter, ScanState::Word) => {}
            (Class::Letter, _) => {
                self.finish(mixed)?;
                self.state = ScanState::Word;
                self.current.start(place.start);
            }
            (Class::Dense, within) => {
                if within == ScanState::Dense {
                    self.emit_pair()?;
                } else {
                    self.finish(mixed)?;
                    self.state = ScanState::Dense;
                }
                self.current.start(place.start);
            }
        }
        self.current.push(c, place.end);
        ControlFlow::Continue(())
    }

    /// Emits the bigram of the previous and the current character.
    fn emit_pair(&mut self) -> ControlFlow<()> {
        if !self.previous.text.is_empty() {
            self.pair.clear();
            self.pair.push_str(&self.previous.text);
            self.pair.push_str(cut(&self.current.text, MAX_TERM.saturating_sub(self.pair.len())));
            self.out.term(&self.pair, self.previous.start..self.current.end, Shape::Pair)?;
        }
        mem::swap(&mut self.previous, &mut self.current);
        ControlFlow::Continue(())
    }

    /// Ends the current word or run.
    fn finish(&mut self, mixed: &mut MixedCaseHook<'_>) -> ControlFlow<()> {
        match mem::replace(&mut self.state, ScanState::Nothing) {
            ScanState::Nothing => {}
            ScanState::Word => {
                let range = self.current.start..self.current.end;
                self.out.term(&self.current.text, range.clone(), Shape::Word)?;
                mixed(range);
            }
            ScanState::Dense => {
                self.emit_pair()?;
                self.out.term(&self.previous.text, self.previous.start..self.previous.end, Shape::Last)?;
                self.previous.text.clear();
            }
        }
        ControlFlow::Continue(())
    }
}

/// Normalized text up to the length of a term, and its byte range.
#[derive(Debug, Default)]
struct Span {
    text: String,
    start: usize,
    end: usize,
    full: bool,
}

impl Span {
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

/// Passes terms on until a limit of the text is reached.
struct TermSink<F> {
    take: F,
    terms_left: usize,
    bytes_left: usize,
    /// Whether the terms are parts of camel-case words.
    past_end: bool,
}

impl<F: FnMut(&str, Range<usize>, Shape)> TermSink<F> {
    fn term(&mut self, text: &str, range: Range<usize>, shape: Shape) -> ControlFlow<()> {
        let bounded = (self.terms_left.checked_sub(1), self.bytes_left.checked_sub(text.len()));
        let (Some(terms_left), Some(bytes_left)) = bounded else { return ControlFlow::Break(()) };
        (self.terms_left, self.bytes_left) = (terms_left, bytes_left);
        (self.take)(text, range, if self.past_end { Shape::Part } else { shape });
        ControlFlow::Continue(())
    }
}

/// The start of a text, of at most `bytes` bytes.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The parts of `fooBar`, `HTTPServer` and `ROS2Node`: they begin at a capital after a small letter or digit, and at the
/// last of several capitals. Parts of one letter, and of words longer than a term (keys, encoded data), are left out.
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
