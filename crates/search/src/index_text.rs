//! The terms of a text as the databases index them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::tokenizer::scan;

/// The most positions of one term in a tsvector (PostgreSQL, "Limitations" of text search).
const MAX_POSITIONS: usize = 256;
/// The length of a prefix.
const PREFIX_LENGTH: usize = 10;
/// RFC 4648 section 6, in lower case.
const BASE32: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";

/// The prefix of every term of one user, so that no posting list is shared between users: a search reads the user's own
/// lists only, and its cost depends on their own texts only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermPrefix(String);

impl TermPrefix {
    /// The first 50 bits of SHA-256 of a user's id, as 10 characters of base32 in lower case.
    pub fn of(user_id: &str) -> Self {
        let digest = Sha256::digest(user_id);
        let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = (0..PREFIX_LENGTH).filter_map(|at| BASE32.get((bits >> (59 - 5 * at) & 31) as usize));
        Self(letters.map(|letter| char::from(*letter)).collect())
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The indexed form of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexText {
    /// Prefixed terms, each followed by a space.
    terms: String,
}

/// Tokenizes a text of one user.
pub fn index(prefix: &TermPrefix, text: &str) -> IndexText {
    // With its prefix, a word of five letters and a space become sixteen bytes.
    let mut terms = String::with_capacity(text.len().saturating_mul(3).min(1 << 16));
    scan(text, |term, _, _| {
        terms.push_str(&prefix.0);
        terms.push_str(term);
        terms.push(' ');
    });
    IndexText { terms }
}

impl IndexText {
    /// Whether the text has no term.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// For an FTS5 column with the tokenizer `ascii`: terms separated by spaces.
    pub fn fts5(&self) -> &str {
        self.terms.trim_ascii_end()
    }

    /// For `$1::tsvector`: `'prefixterm':1,5 'prefixother':2`, always below 1 MB.
    pub fn tsvector(&self) -> String {
        let mut positions: Vec<(&str, u32)> = self.terms.split_ascii_whitespace().zip(1..).collect();
        positions.sort_unstable();
        let mut vector = String::with_capacity(self.terms.len() + positions.len() * 8);
        for same in positions.chunk_by(|one, next| one.0 == next.0) {
            let mut separator = ':';
            for (term, position) in same.iter().take(MAX_POSITIONS) {
                if separator == ':' {
                    let space = if vector.is_empty() { "" } else { " " };
                    let _ = write!(vector, "{space}'{term}'");
                }
                let _ = write!(vector, "{separator}{position}");
                separator = ',';
            }
        }
        vector
    }
}
