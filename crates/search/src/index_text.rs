//! What is stored of a text.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::tokenizer::scan;

/// The most positions of one term in a tsvector (PostgreSQL, "Limitations" of text search).
const MAX_POSITIONS: usize = 256;
/// The length of an owner's name.
const OWNER: usize = 10;
/// RFC 4648 section 6, in lower case.
const BASE32: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";

/// Stands in front of every term a reader's text is indexed under, so that no list of places is shared between readers:
/// a search reads the searcher's own alone, and is as slow as their own texts are many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermPrefix(String);

impl TermPrefix {
    /// The first 50 bits of SHA-256 of a user's id, as 10 characters of base32 in lower case.
    pub fn of(user_id: &str) -> Self {
        let digest = Sha256::digest(user_id);
        let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = (0..OWNER).filter_map(|at| BASE32.get((bits >> (59 - 5 * at) & 31) as usize));
        Self(letters.map(|letter| char::from(*letter)).collect())
    }

    /// As it stands in front of a term.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text as the databases store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexText {
    /// Terms with their owner in front, a blank behind each.
    terms: String,
}

/// Takes a text apart for its owner.
pub fn index(owner: &TermPrefix, text: &str) -> IndexText {
    // A word of five letters and a blank becomes one of fifteen.
    let mut terms = String::with_capacity(text.len().saturating_mul(3).min(1 << 16));
    scan(text, |term, _, _| {
        terms.push_str(&owner.0);
        terms.push_str(term);
        terms.push(' ');
    });
    IndexText { terms }
}

impl IndexText {
    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// For a column of FTS5 with the tokenizer `ascii`: terms with one blank between them.
    pub fn fts5(&self) -> &str {
        self.terms.trim_ascii_end()
    }

    /// For `$1::tsvector`: `'ownerterm':1,5 'ownerother':2`, below 1 MB with every text.
    pub fn tsvector(&self) -> String {
        let mut places: Vec<(&str, u32)> = self.terms.split_ascii_whitespace().zip(1..).collect();
        places.sort_unstable();
        let mut vector = String::with_capacity(self.terms.len() + places.len() * 8);
        for same in places.chunk_by(|one, next| one.0 == next.0) {
            let mut mark = ':';
            for (term, position) in same.iter().take(MAX_POSITIONS) {
                if mark == ':' {
                    let blank = if vector.is_empty() { "" } else { " " };
                    let _ = write!(vector, "{blank}'{term}'");
                }
                let _ = write!(vector, "{mark}{position}");
                mark = ',';
            }
        }
        vector
    }
}
