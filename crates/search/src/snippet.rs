//! The passage of a text that shows why it was found.

use std::ops::Range;

use crate::{
    Query,
    matcher::{Hit, best},
    normalize::{self, Class},
};

/// How many characters a passage may become shorter for the sake of whole words.
const FRAY: usize = 24;

/// A part of a text, with what was looked for in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Whether the text has more before it.
    pub before_cut: bool,
    /// Whether the text has more behind it.
    pub after_cut: bool,
    /// Together the passage as it stands in the text, blanks and line ends included; none for an empty text.
    pub parts: Vec<SnippetPart>,
}

/// A stretch of a passage; neighbours differ in `matched`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPart {
    /// As it stands in the text.
    pub text: String,
    /// Whether it was looked for.
    pub matched: bool,
}

impl Query {
    /// The passage in which most of what is looked for stands, the first of several, of at most `width` characters
    /// between whole words where there are any. The text's beginning when it has nothing of it.
    pub fn snippet(&self, text: &str, width: usize) -> Snippet {
        let hits = self.hits(text);
        let best = best(&hits, width);
        let wanted = best.map_or(0..0, |(first, last)| first.characters.start..last.characters.end);
        let raw = around(text, &wanted, width);
        let (first, last) = best.map_or((text.len(), 0), |(first, last)| (first.bytes.start, last.bytes.end));
        let mut shown = edge_after(text, raw.start, first)..edge_before(text, raw.end, last);
        if shown.is_empty() || best.is_some() && !shown.contains(&first) {
            shown = raw;
        }
        let cut = text.get(shown.clone()).unwrap_or_default();
        shown.start += cut.len() - cut.trim_start().len();
        shown.end = shown.start + cut.trim().len();
        let rest = |range: Range<usize>| text.get(range).is_some_and(|rest| !rest.trim().is_empty());
        Snippet {
            before_cut: rest(0..shown.start),
            after_cut: rest(shown.end..text.len()),
            parts: parts(text, &shown, &hits),
        }
    }
}

/// As many bytes as make `width` characters with what is wanted in their middle, within the text.
fn around(text: &str, wanted: &Range<usize>, width: usize) -> Range<usize> {
    let all = text.chars().count();
    let lead = width.saturating_sub(wanted.len()) / 2;
    let start = wanted.start.saturating_sub(lead).min(all.saturating_sub(width));
    let mut bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(start);
    let first = bytes.next().unwrap_or(text.len());
    let end = width.checked_sub(1).map_or(first, |more| bytes.nth(more).unwrap_or(text.len()));
    first..end
}

/// The next place at which a passage may begin, not behind `limit` unless every nearer one splits a character.
fn edge_after(text: &str, at: usize, limit: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let places = || rest.char_indices().map(|(offset, _)| at + offset).chain([text.len()]);
    let near = |place: &usize| *place <= limit;
    let word = places().take(FRAY).take_while(near).find(|place| edge(text, *place) == Edge::Word);
    word.or_else(|| places().find(|place| edge(text, *place) != Edge::None)).unwrap_or(at)
}

/// The place before at which a passage may end, not before `limit` unless every nearer one splits a character.
fn edge_before(text: &str, at: usize, limit: usize) -> usize {
    let read = text.get(..at).unwrap_or_default();
    let places = || [at].into_iter().chain(read.char_indices().rev().map(|(place, _)| place));
    let near = |place: &usize| *place >= limit;
    let word = places().take(FRAY).take_while(near).find(|place| edge(text, *place) == Edge::Word);
    word.or_else(|| places().find(|place| edge(text, *place) != Edge::None)).unwrap_or(at)
}

#[derive(Debug, PartialEq, Eq)]
enum Edge {
    /// Within one drawn character.
    None,
    /// Within a word.
    Character,
    /// Between words.
    Word,
}

/// What is cut in two at a place of the text.
fn edge(text: &str, at: usize) -> Edge {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let (Some(before), Some(after)) = (before.chars().next_back(), after.chars().next()) else {
        return Edge::Word;
    };
    let flags = '\u{1F1E6}'..='\u{1F1FF}';
    let drawn_together = normalize::extends(before, after)
        || before == '\u{200D}'
        || flags.contains(&before) && flags.contains(&after);
    match (normalize::class(before), normalize::class(after)) {
        _ if drawn_together => Edge::None,
        (Class::Letter | Class::Mark, Class::Letter) => Edge::Character,
        _ => Edge::Word,
    }
}

/// The passage as stretches that were looked for and others.
fn parts(text: &str, shown: &Range<usize>, hits: &[Hit]) -> Vec<SnippetPart> {
    let mut parts: Vec<SnippetPart> = Vec::new();
    let mut push = |range: Range<usize>, matched: bool| match (parts.last_mut(), text.get(range)) {
        (_, None | Some("")) => {}
        (Some(last), Some(more)) if last.matched == matched => last.text.push_str(more),
        (_, Some(text)) => parts.push(SnippetPart { text: text.to_owned(), matched }),
    };
    let mut at = shown.start;
    for Hit { bytes, .. } in hits {
        let (start, end) = (bytes.start.clamp(at, shown.end), bytes.end.min(shown.end));
        if end > start {
            push(at..start, false);
            push(start..end, true);
            at = end;
        }
    }
    push(at..shown.end, false);
    parts
}
