//! Synthetic text with the statistics that matter to a full-text index: 20,000 invented words, few frequent and most
//! rare, some with umlauts, and occasional runs of Chinese characters.

/// A fast deterministic random number generator (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The generator for one item of the data.
    pub(crate) fn at(kind: &str, first: u64, second: u64) -> Self {
        let kind = kind.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
        let mut rng = Self(kind);
        for part in [first, second] {
            rng.0 = rng.next() ^ part;
        }
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in an inclusive range.
    pub(crate) fn within(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// An id in the form of a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
        let (fourth, fifth) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
        format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}")
    }
}

const ONSETS: [&str; 20] =
    ["b", "br", "d", "f", "fl", "g", "h", "k", "kl", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z"];
const NUCLEI: [&str; 10] = ["a", "e", "i", "o", "u", "ei", "au", "ä", "ö", "ü"];
const CODAS: [&str; 8] = ["", "n", "r", "l", "s", "t", "m", "ng"];

/// Some 500 frequent Chinese characters.
const CHINESE: std::ops::Range<u32> = 0x4e00..0x5000;
const WORDS: u64 = 20_000;
/// One word in this many is Chinese.
const CHINESE_ONE_IN: u64 = 60;

/// The words, most frequent first: the word of rank r has the frequency 1/r (Zipf).
#[derive(Debug)]
pub(crate) struct Vocabulary {
    words: Vec<String>,
    /// Cumulative frequencies, scaled to 2^32.
    sums: Vec<u32>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        let mut known = std::collections::HashSet::new();
        let mut words = Vec::new();
        let mut rng = Rng::at("vocabulary", 0, 0);
        while (words.len() as u64) < WORDS {
            // Frequent words are short.
            let syllables = 1 + u64::from(words.len() > 150) + u64::from(words.len() > 4000) + rng.below(2);
            let word: String = (0..syllables).map(|_| syllable(&mut rng)).collect();
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        let whole: f64 = (1..=WORDS).map(|rank| 1.0 / rank as f64).sum();
        let mut sum = 0.0;
        let sums = (1..=WORDS).map(|rank| {
            sum += 1.0 / rank as f64;
            (sum / whole * f64::from(u32::MAX)) as u32
        });
        Self { sums: sums.collect(), words }
    }

    /// The word of a rank, from 0.
    pub(crate) fn word(&self, rank: usize) -> &str {
        self.words.get(rank).map_or("word", String::as_str)
    }

    /// A text of this many words, in sentences.
    pub(crate) fn text(&self, rng: &mut Rng, words: u64) -> String {
        let mut text = String::with_capacity(words as usize * 8);
        let mut left = 0;
        for at in 0..words {
            let begins = left == 0;
            if begins {
                left = rng.within(5, 16);
            }
            if at > 0 {
                text.push_str(if begins { ". " } else { " " });
            }
            left -= 1;
            if rng.below(CHINESE_ONE_IN) == 0 {
                text.extend((0..rng.within(2, 5)).map(|_| chinese(rng)));
                continue;
            }
            let draw = (rng.next() >> 32) as u32;
            let word = self.word(self.sums.partition_point(|sum| *sum < draw));
            let mut letters = word.chars();
            match letters.next().filter(|_| begins) {
                Some(first) => text.extend(first.to_uppercase().chain(letters)),
                None => text.push_str(word),
            }
        }
        text.push('.');
        text
    }
}

fn syllable(rng: &mut Rng) -> String {
    let mut draw =
        |from: &[&'static str]| from.get(rng.below(from.len() as u64) as usize).copied().unwrap_or_default();
    let (onset, nucleus, coda) = (draw(&ONSETS), draw(&NUCLEI), draw(&CODAS));
    // Most words have no umlaut.
    let nucleus = if nucleus.is_ascii() { nucleus } else { draw(&NUCLEI) };
    format!("{onset}{nucleus}{coda}")
}

fn chinese(rng: &mut Rng) -> char {
    let span = u64::from(CHINESE.end - CHINESE.start);
    // The smaller of two random numbers, so that some characters are more frequent.
    let at = rng.below(span).min(rng.below(span)) as u32;
    char::from_u32(CHINESE.start + at).unwrap_or('一')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_has_the_same_text() {
        let vocabulary = Vocabulary::new();
        let text = |first| vocabulary.text(&mut Rng::at("message", first, 1), 60);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn the_first_word_is_a_tenth_of_all_and_the_thousandth_is_rare() {
        let vocabulary = Vocabulary::new();
        let text = vocabulary.text(&mut Rng::at("message", 1, 1), 100_000).to_lowercase();
        let count = |rank| text.split([' ', '.']).filter(|word| *word == vocabulary.word(rank)).count();
        assert!((8_000..11_000).contains(&count(0)), "{}", count(0));
        assert!((3..30).contains(&count(999)), "{}", count(999));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_4() {
        let id = Rng::at("id", 1, 2).uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(
            id.char_indices().filter(|(_, c)| *c == '-').map(|(at, _)| at).collect::<Vec<_>>(),
            [8, 13, 18, 23]
        );
        assert_eq!(id.get(14..15), Some("4"));
    }
}
