//! The matches of a query in a text, and the span with most of them.

use std::ops::Range;

use crate::{
    Query, Term, normalize,
    tokenizer::{Shape, terms},
};

/// A matching term.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) bytes: Range<usize>,
    /// The same range in characters.
    pub(super) characters: Range<usize>,
    /// The index of its phrase in the query.
    pub(super) phrase: usize,
}

impl Query {
    /// Every matching term in the order of the text, at most once for each phrase, so that their number is bounded.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let count = |range: Range<usize>| text.get(range).map_or(0, |it| it.chars().count());
        let (mut at, mut characters) = (0, 0);
        let hit = |(bytes, phrase): (Range<usize>, usize)| {
            characters += count(at..bytes.start);
            at = bytes.start;
            let length = count(bytes.clone());
            Hit { bytes, characters: characters..characters + length, phrase }
        };
        self.ranges(text).into_iter().map(hit).collect()
    }

    fn ranges(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let terms: Vec<Term> = terms(text).collect();
        let mut ranges = Vec::new();
        // For each phrase the first term that is no hit of it yet, because two matches may overlap.
        let mut next = vec![0; self.phrases.len()];
        for at in 0..terms.len() {
            let rest = terms.get(at..).unwrap_or_default();
            for ((number, phrase), next) in self.phrases.iter().enumerate().zip(&mut next) {
                let Some(found) = phrase.match_at(rest) else { continue };
                let new = found.get(usize::saturating_sub(*next, at)..).unwrap_or_default();
                *next = at + found.len();
                ranges.extend(new.iter().map(|term| (term.range.clone(), number)));
                // A single character matches a bigram by its first character only.
                if let (Some(term), Some((range, _))) = (new.last(), ranges.last_mut())
                    && term.shape == Shape::Pair
                    && term.text != phrase.last_term()
                {
                    let pair = text.get(range.clone()).unwrap_or_default();
                    range.end = range.start + normalize::cluster(pair);
                }
            }
        }
        // Parts of camel-case words come last and move to their place.
        ranges.sort_by_key(|(range, _)| (range.start, range.end));
        ranges
    }
}

/// The first and the last hit of the span of at most `width` characters with most phrases, then most hits; the first of
/// several. A sliding window, so each hit is visited twice.
pub(super) fn best(hits: &[Hit], width: usize) -> Option<(&Hit, &Hit)> {
    let mut counts = PhraseCounts::of(hits);
    let (mut most, mut found) = ((0, 0), 0..0);
    let mut end = 0;
    for (start, first) in hits.iter().enumerate() {
        let limit = first.characters.start.saturating_add(width);
        while let Some(hit) = hits.get(end).filter(|hit| hit.characters.end <= limit) {
            counts.add(hit);
            end += 1;
        }
        // A hit wider than the window is a span by itself.
        let here = (counts.phrases.max(1), end - start);
        if here > most {
            (most, found) = (here, start..end);
        }
        if end > start {
            counts.remove(first);
        } else {
            end = start + 1;
        }
    }
    let first = hits.get(found.start)?;
    let last = hits.get(found).unwrap_or_default().iter().max_by_key(|hit| hit.bytes.end);
    Some((first, last.unwrap_or(first)))
}

/// The number of hits of each phrase in the window.
struct PhraseCounts {
    hits: Vec<usize>,
    /// The phrases with a hit.
    phrases: usize,
}

impl PhraseCounts {
    fn of(hits: &[Hit]) -> Self {
        let phrases = hits.iter().map(|hit| hit.phrase + 1).max().unwrap_or_default();
        Self { hits: vec![0; phrases], phrases: 0 }
    }

    fn add(&mut self, hit: &Hit) {
        if let Some(hits) = self.hits.get_mut(hit.phrase) {
            self.phrases += usize::from(*hits == 0);
            *hits += 1;
        }
    }

    fn remove(&mut self, hit: &Hit) {
        if let Some(hits) = self.hits.get_mut(hit.phrase) {
            *hits -= 1;
            self.phrases -= usize::from(*hits == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    /// The same, looking at every stretch anew.
    fn best_of_all(hits: &[Hit], width: usize) -> Option<(&Hit, &Hit)> {
        let mut best = None;
        let mut most = (0, 0);
        for (at, first) in hits.iter().enumerate() {
            let fits = |hit: &&Hit| hit.characters.end <= first.characters.start + width;
            let (mut phrases, mut count, mut last) = (1_u32 << first.phrase, 0, first);
            for hit in hits[at..].iter().take_while(fits) {
                phrases |= 1 << hit.phrase;
                count += 1;
                last = if hit.bytes.end > last.bytes.end { hit } else { last };
            }
            if (phrases.count_ones(), count) > most {
                most = (phrases.count_ones(), count);
                best = Some((first, last));
            }
        }
        best
    }

    fn hit((start, length, phrase): (usize, usize, usize)) -> Hit {
        Hit { bytes: start..start + length, characters: start..start + length, phrase }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn the_best_stretch_is_that_of_all(
            hits in collection::vec((0..120_usize, 1..40_usize, 0..5_usize), 0..40), width in 1..60_usize
        ) {
            let mut hits: Vec<Hit> = hits.into_iter().map(hit).collect();
            hits.sort_by_key(|hit| (hit.bytes.start, hit.bytes.end));
            let ends = |(first, last): (&Hit, &Hit)| (first.bytes.start, last.bytes.end);
            prop_assert_eq!(best(&hits, width).map(ends), best_of_all(&hits, width).map(ends));
        }
    }

    #[test]
    fn a_million_hits_in_one_stretch_are_looked_at() {
        let hits: Vec<Hit> = (0..1_000_000).map(|at| hit((at, 1, at % 16))).collect();
        let (first, last) = best(&hits, 10_000_000).unwrap();
        assert_eq!((first.bytes.start, last.bytes.end), (0, 1_000_000));
        let (first, last) = best(&hits, 500_000).unwrap();
        assert_eq!((first.bytes.start, last.bytes.end), (0, 500_000));
    }

    #[test]
    fn a_term_is_one_hit_of_a_phrase_wherever_the_phrase_begins() {
        let query = Query::parse("\"a a a\" a", false).unwrap();
        let hits = query.hits("a a a a a");
        let of = |phrase: usize| hits.iter().filter(|hit| hit.phrase == phrase).count();
        assert_eq!((hits.len(), of(0), of(1)), (10, 5, 5));
        let query = Query::parse("\"a b\"", false).unwrap();
        let places: Vec<_> = query.hits("a b, b a b").into_iter().map(|hit| hit.bytes).collect();
        assert_eq!(places, [0..1, 2..3, 7..8, 9..10]);
    }
}
