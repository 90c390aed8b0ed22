//! The tokenizer and query language of full-text search, the same for SQLite's FTS5 and PostgreSQL's tsvector: both are
//! given finished terms, and neither splits, folds nor stems.
//!
//! Terms:
//! - A word is letters and digits, without case, accents and compatibility forms (see `normalize.rs`). Every other
//!   character separates words, so `std::vec`, `snake_case`, `l'école`, `2.5` and a URL are found by their parts, `C++` and
//!   `C#` as `c`. Emoji are not indexed.
//! - A camel-case word is one term, `fooBar` as `foobar`. Its parts of two letters and more are indexed after the end of
//!   the text, as terms of their own.
//! - Scripts without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese, Yi) become overlapping bigrams and the
//!   last character of each run: 東京都 is 東京, 京都, 都. So each character begins a term, and each longer string is a phrase
//!   of bigrams, found also across words.
//!
//! Limits: 64 bytes a term, 16,383 terms a text (the last position in a tsvector) and 400,000 bytes of terms a text. The
//! rest is not indexed. PostgreSQL keeps 256 positions of a term, so there a phrase with a more frequent word is found only
//! among the word's first 256; FTS5 finds it anywhere.
//!
//! Words are not stemmed, and "ue" does not match "ü".

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
