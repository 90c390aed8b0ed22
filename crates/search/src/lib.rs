//! Text as full-text search sees it, in any language, written once for both databases: SQLite's FTS5 and PostgreSQL's
//! tsvector are given finished terms and split, fold and stem nothing of their own.
//!
//! What is a term:
//! - A word is letters and digits, folded: case, accents and compatibility forms are gone (`fold.rs` says which).
//!   Everything else parts words, so `std::vec`, `snake_case`, `l'école`, `2.5` and a URL are found by their parts, `C++`
//!   and `C#` as `c`. Emoji are not found.
//! - A word in camel case is one term, `fooBar` as `foobar`. Its parts of two letters and more stand once more behind the
//!   end of the text, as terms of their own.
//! - Writing without blanks (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese, Yi) becomes overlapping pairs of
//!   characters, and the last character of each run alone: 東京都 is 東京, 京都, 都. So each single character begins a term
//!   and each longer piece is a phrase of pairs. A piece is found wherever its characters stand, also across words.
//!
//! What is bounded: a term to 64 bytes, a text to 16,383 terms (the last position a tsvector knows) and 400,000 bytes of
//! them. What comes behind is not found. PostgreSQL keeps 256 positions of a term, so there a phrase with a word that is
//! still more frequent is found only among its first 256; FTS5 finds it anywhere.
//!
//! Words are not stemmed, and "ue" is not "ü".

mod index_text;
mod matcher;
mod normalize;
mod query;
mod snippet;
mod tokenizer;

pub use index_text::{IndexText, TermPrefix, index};
pub use query::Query;
pub use snippet::{Snippet, SnippetPart};
pub use tokenizer::{Term, terms};
