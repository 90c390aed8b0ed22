//! Tests of the shared values and wire types, as tables and as properties.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod answers;
mod codes;
mod conversations;
mod local_path;
mod questions;
mod text;
mod timestamp;
