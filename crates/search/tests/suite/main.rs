//! Matching in many languages, and properties that hold for any text.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "in a test, a failure is a panic")]

mod languages;
mod properties;
