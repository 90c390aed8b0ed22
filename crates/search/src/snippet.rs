//! Snippets that show why a text matched.

use std::ops::Range;

use crate::{
    Query,
    matcher::{Hit, best},
    normalize::{self, Class},
};

/// The characters by which a snippet may become shorter to begin and end between words.
const MAX_TRIM: usize = 24;

/// A part of a text with the matches in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Whether the text has more before it.
    pub before_cut: bool,
    /// Whether the text has more after it.
    pub after_cut: bool,
    /// The parts that make up the snippet, with its spaces and line ends; none for an empty text.
    pub parts: Vec<SnippetPart>,
}

/// A part of a snippet; neighbours differ in `matched`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPart {
    /// As in the text.
    pub text: String,
    /// Whether the query matched it.
    pub matched: bool,
}

impl Query {
    /// The snippet of at most `width` characters with most matches, the first of several, cut between words where
    /// possible. The beginning of a text that does not match.
    pub fn snippet(&self, text: &str, width: usize) -> Snippet {
        let hits = self.hits(text);
        let best = best(&hits, width);
        let target = best.map_or(0..0, |(first, last)| first.characters.start..last.characters.end);
        let raw = around(text, &target, width);
        let (first, last) = best.map_or((text.len(), 0), |(first, last)| (first.bytes.start, last.bytes.end));
        let mut range = boundary_after(text, raw.start, first)..boundary_before(text, raw.end, last);
        if range.is_empty() || best.is_some() && !range.contains(&first) {
            range = raw;
        }
        let cut = text.get(range.clone()).unwrap_or_default();
        range.start += cut.len() - cut.trim_start().len();
        range.end = range.start + cut.trim().len();
        let has_text = |range: Range<usize>| text.get(range).is_some_and(|it| !it.trim().is_empty());
        Snippet {
            before_cut: has_text(0..range.start),
            after_cut: has_text(range.end..text.len()),
            parts: parts(text, &range, &hits),
        }
    }
}

/// The byte range of `width` characters around the target (in characters), within the text.
fn around(text: &str, target: &Range<usize>, width: usize) -> Range<usize> {
    let all = text.chars().count();
    let lead = width.saturating_sub(target.len()) / 2;
    let start = target.start.saturating_sub(lead).min(all.saturating_sub(width));
    let mut bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(start);
    let first = bytes.next().unwrap_or(text.len());
    let end = width.checked_sub(1).map_or(first, |more| bytes.nth(more).unwrap_or(text.len()));
    first..end
}

/// The next offset at which a snippet may begin, up to `limit` unless every offset before splits a character.
fn boundary_after(text: &str, at: usize, limit: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let offsets = || rest.char_indices().map(|(offset, _)| at + offset).chain([text.len()]);
    let is_near = |offset: &usize| *offset <= limit;
    let word =
        offsets().take(MAX_TRIM).take_while(is_near).find(|offset| boundary(text, *offset) == Boundary::Word);
    word.or_else(|| offsets().find(|offset| boundary(text, *offset) != Boundary::None)).unwrap_or(at)
}

/// The previous offset at which a snippet may end, down to `limit` unless every offset after splits a character.
fn boundary_before(text: &str, at: usize, limit: usize) -> usize {
    let read = text.get(..at).unwrap_or_default();
    let offsets = || [at].into_iter().chain(read.char_indices().rev().map(|(offset, _)| offset));
    let is_near = |offset: &usize| *offset >= limit;
    let word =
        offsets().take(MAX_TRIM).take_while(is_near).find(|offset| boundary(text, *offset) == Boundary::Word);
    word.or_else(|| offsets().find(|offset| boundary(text, *offset) != Boundary::None)).unwrap_or(at)
}

#[derive(Debug, PartialEq, Eq)]
enum Boundary {
    /// Within a grapheme cluster.
    None,
    /// Within a word.
    Character,
    /// Between words.
    Word,
}

/// What a cut at this offset would split.
fn boundary(text: &str, at: usize) -> Boundary {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let (Some(before), Some(after)) = (before.chars().next_back(), after.chars().next()) else {
        return Boundary::Word;
    };
    let flags = '\u{1F1E6}'..='\u{1F1FF}';
    let is_cluster = normalize::extends(before, after)
        || before == '\u{200D}'
        || flags.contains(&before) && flags.contains(&after);
    match (normalize::class(before), normalize::class(after)) {
        _ if is_cluster => Boundary::None,
        (Class::Letter | Class::Mark, Class::Letter) => Boundary::Character,
        _ => Boundary::Word,
    }
}

/// The range as parts that matched and others.
fn parts(text: &str, range: &Range<usize>, hits: &[Hit]) -> Vec<SnippetPart> {
    let mut parts: Vec<SnippetPart> = Vec::new();
    let mut push = |range: Range<usize>, matched: bool| match (parts.last_mut(), text.get(range)) {
        (_, None | Some("")) => {}
        (Some(last), Some(more)) if last.matched == matched => last.text.push_str(more),
        (_, Some(text)) => parts.push(SnippetPart { text: text.to_owned(), matched }),
    };
    let mut at = range.start;
    for Hit { bytes, .. } in hits {
        let (start, end) = (bytes.start.clamp(at, range.end), bytes.end.min(range.end));
        if end > start {
            push(at..start, false);
            push(start..end, true);
            at = end;
        }
    }
    push(at..range.end, false);
    parts
}
