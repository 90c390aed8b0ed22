//! Normalization of letters: NFKC, full case folding (Unicode 3.13, D144), and removal of marks that people leave out.
//!
//! - Accents of Latin, Greek and Cyrillic are removed (é is e, ё is е, й is и), ß is ss, æ is ae, ø is o, ı and İ are i.
//! - Arabic vowel signs, hamza above and below, tatweel and Hebrew points are removed; letters with different code points
//!   on Arabic, Persian and Urdu keyboards (ي ى ی, ك ک, ه ہ ة) become one.
//! - Marks of all other scripts are letters and stay: Indic vowel signs and viramas, Thai tones, kana voicing.
//! - Digits of other scripts become ASCII digits.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The class of a normalized character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter or digit of a script with spaces between words.
    Letter,
    /// A combining mark.
    Mark,
    /// A letter of a script without spaces.
    Dense,
    /// A separator of words.
    Gap,
}

pub(super) fn class(c: char) -> Class {
    match c {
        _ if c.is_ascii_alphanumeric() => Class::Letter,
        // Modifier letters that are apostrophes or tone letters separate words, as ' does.
        _ if c.is_ascii() || ('\u{2B9}'..='\u{2DF}').contains(&c) => Class::Gap,
        _ if is_combining_mark(c) => Class::Mark,
        _ if !c.is_alphanumeric() => Class::Gap,
        _ if is_dense(c) => Class::Dense,
        _ => Class::Letter,
    }
}

/// The length in bytes of the first grapheme cluster; 0 for an empty text.
pub(super) fn cluster(text: &str) -> usize {
    let mut chars = text.char_indices();
    let first = chars.next().map_or('\0', |(_, c)| c);
    chars.find(|(_, c)| !extends(first, *c)).map_or(text.len(), |(at, _)| at)
}

/// Whether a character belongs to the cluster of the one before it.
pub(super) fn extends(before: char, c: char) -> bool {
    match c {
        '\0'..'\u{AD}' => false,
        // Vowels and final consonants of Hangul.
        '\u{1160}'..='\u{11FF}' | '\u{D7B0}'..='\u{D7FF}' => {
            matches!(before, '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}')
        }
        // The half-width marks of kana, and skin tones.
        '\u{FF9E}' | '\u{FF9F}' | '\u{1F3FB}'..='\u{1F3FF}' => true,
        _ => is_combining_mark(c) || is_invisible(c),
    }
}

/// Appends a normalized cluster: nothing for invisible characters, a space for separators.
pub(super) fn fold(cluster: &str, into: &mut String) {
    let mut chars = cluster.chars();
    if let (Some(folded), None) = (chars.next().and_then(fold_simple), chars.next()) {
        into.push(folded);
        return;
    }
    let Some(first) = cluster.chars().find(|c| !is_invisible(*c)) else { return };
    if class(first) == Class::Gap {
        into.push(' ');
        return;
    }
    // NFKC would join Hangul letters typed alone (ㅋㅋ) into syllables, and split the vowel am of Thai and Lao into a mark of
    // the character before.
    let alone = matches!(first, '\u{E33}' | '\u{EB3}' | '\u{3131}'..='\u{318E}' | '\u{FFA0}'..='\u{FFDC}');
    let rest = cluster.strip_prefix(first).filter(|_| alone);
    into.extend(rest.map(|_| first));
    let kept = rest.unwrap_or(cluster).nfkd().filter(|c| !is_left_out(*c));
    into.extend(kept.flat_map(char::to_uppercase).flat_map(char::to_lowercase).flat_map(map_letter).nfc());
}

/// The fast path of frequent characters, with the same result as the rest of [`fold`]; `None` for all others.
fn fold_simple(c: char) -> Option<char> {
    match c {
        '0'..='9' | 'a'..='z' => Some(c),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        '\0'..='\u{7F}' => Some(' '),
        'а'..='и'
        | 'к'..='я'
        | 'ぁ'..='お'
        | 'な'..='の'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' => Some(c),
        _ => None,
    }
}

/// Whether it is invisible: a joiner, a direction mark, a soft hyphen, a variation selector.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200C}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a mark of a decomposed character is not indexed.
fn is_left_out(c: char) -> bool {
    // Accents of Latin, Greek and Cyrillic, and those of no script.
    matches!(c, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{2DE0}'..='\u{2DFF}' | '\u{302A}'..='\u{302D}' | '\u{A66F}'..='\u{A67D}'
        | '\u{FE20}'..='\u{FE2F}')
        // Hebrew points and accents.
        || matches!(c, '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}')
        // Arabic vowel signs, hamza and madda, marks of the Quran, and tatweel.
        || matches!(c, '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
            | '\u{6DF}'..='\u{6E4}' | '\u{6E7}' | '\u{6E8}' | '\u{6EA}'..='\u{6ED}' | '\u{8D3}'..='\u{8FF}')
        || is_invisible(c)
}

/// Whether it is of a script without spaces, or Hangul, whose particles are written together with words.
fn is_dense(c: char) -> bool {
    matches!(c,
        // Thai and Lao; Burmese; Khmer.
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}'
        | '\u{1780}'..='\u{17FF}'
        // Han with its numerals and marks of repetition, kana, bopomofo, Yi.
        | '\u{2E80}'..='\u{30FF}' | '\u{3100}'..='\u{312F}' | '\u{31A0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{A48F}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1AFF0}'..='\u{1B2FF}'
        | '\u{20000}'..='\u{3FFFF}'
        // Hangul.
        | '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}'
        | '\u{FFA0}'..='\u{FFDC}')
}

/// The zeros of the scripts whose digits are in daily use.
const ZEROS: [char; 14] = [
    '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}', '\u{C66}',
    '\u{CE6}', '\u{E50}', '\u{ED0}', '\u{1040}', '\u{17E0}',
];

/// Maps letters that Unicode normalization keeps apart.
fn map_letter(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '\0'..'\u{DF}' => (c, None),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        // What ẞ is in lower case.
        'ß' => ('s', Some('s')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ð' | 'đ' => ('d', None),
        'ħ' => ('h', None),
        'ł' => ('l', None),
        'ŧ' => ('t', None),
        'ٱ' => ('ا', None),
        'ك' => ('ک', None),
        'ي' | 'ى' => ('ی', None),
        'ة' | 'ہ' | 'ۃ' | 'ە' => ('ه', None),
        _ => (digit(c).unwrap_or(c), None),
    };
    std::iter::once(first).chain(second)
}

fn digit(c: char) -> Option<char> {
    let value =
        ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|it| *it < 10))?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_path_has_the_same_result() {
        for c in ('\0'..=char::MAX).filter(|c| fold_simple(*c).is_some()) {
            let mut folded = String::new();
            // A joiner after it takes the slow path.
            fold(&format!("{c}\u{200D}"), &mut folded);
            assert_eq!(fold_simple(c).map(String::from), Some(folded), "U+{:04X}", u32::from(c));
        }
    }
}
