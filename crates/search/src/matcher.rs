//! Where what is looked for stands in a text, and where most of it stands together.

use std::ops::Range;

use crate::{
    Query, Term, normalize,
    tokenizer::{Shape, terms},
};

/// Where something that is looked for stands.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) bytes: Range<usize>,
    /// The same, in characters.
    pub(super) characters: Range<usize>,
    /// Which phrase of the query it belongs to.
    pub(super) phrase: usize,
}

impl Query {
    /// Every term that is looked for, in the order of the text: one hit at most for each term and phrase, so that their
    /// number is bounded by those of the text and of the query.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let count = |range: Range<usize>| text.get(range).map_or(0, |it| it.chars().count());
        let (mut at, mut characters) = (0, 0);
        let hit = |(bytes, phrase): (Range<usize>, usize)| {
            characters += count(at..bytes.start);
            at = bytes.start;
            let length = count(bytes.clone());
            Hit { bytes, characters: characters..characters + length, phrase }
        };
        self.places(text).into_iter().map(hit).collect()
    }

    fn places(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let terms: Vec<Term> = terms(text).collect();
        let mut places = Vec::new();
        // For each phrase the first term that is not a hit of it yet: where it stands twice, the two may overlap.
        let mut next = vec![0; self.phrases.len()];
        for at in 0..terms.len() {
            let rest = terms.get(at..).unwrap_or_default();
            for ((number, phrase), next) in self.phrases.iter().enumerate().zip(&mut next) {
                let Some(place) = phrase.found_at(rest) else { continue };
                let new = place.get(usize::saturating_sub(*next, at)..).unwrap_or_default();
                *next = at + place.len();
                places.extend(new.iter().map(|term| (term.range.clone(), number)));
                // Of a pair that begins with the one character looked for, that character.
                if let (Some(term), Some((range, _))) = (new.last(), places.last_mut())
                    && term.shape == Shape::Pair
                    && term.text != phrase.end()
                {
                    let pair = text.get(range.clone()).unwrap_or_default();
                    range.end = range.start + normalize::cluster(pair);
                }
            }
        }
        // Almost in order already: only the parts of words in camel case come last.
        places.sort_by_key(|(range, _)| (range.start, range.end));
        places
    }
}

/// The first and the last hit of the stretch with most phrases, then most hits, the first of several.
///
/// A stretch ends before the first hit that reaches beyond its width. From one hit to the next that place only moves on, so
/// each hit is looked at twice, however many stand close together.
pub(super) fn best(hits: &[Hit], width: usize) -> Option<(&Hit, &Hit)> {
    let mut tally = PhraseCounts::of(hits);
    let (mut most, mut found) = ((0, 0), 0..0);
    let mut end = 0;
    for (start, first) in hits.iter().enumerate() {
        let limit = first.characters.start.saturating_add(width);
        while let Some(hit) = hits.get(end).filter(|hit| hit.characters.end <= limit) {
            tally.add(hit);
            end += 1;
        }
        // One that is wider than a whole stretch is one by itself.
        let here = (tally.phrases.max(1), end - start);
        if here > most {
            (most, found) = (here, start..end);
        }
        if end > start {
            tally.remove(first);
        } else {
            end = start + 1;
        }
    }
    let first = hits.get(found.start)?;
    let last = hits.get(found).unwrap_or_default().iter().max_by_key(|hit| hit.bytes.end);
    Some((first, last.unwrap_or(first)))
}

/// How often each phrase stands in a stretch.
struct PhraseCounts {
    hits: Vec<usize>,
    /// Those that do.
    phrases: usize,
}

impl PhraseCounts {
    /// Of none of these hits yet.
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
