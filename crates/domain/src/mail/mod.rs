//! Mail: what is written to readers, and the queue it waits in.

mod colour;
mod draft;
mod html;
mod letter;
pub mod lifetimes;
mod post;
#[cfg(test)]
mod tests;
mod text;
mod wording;
mod writing;

pub use letter::{Letter, Letterhead, Link, Occasion};
pub use post::{Delivered, Post};
pub(crate) use writing::{Purpose, Request, link_id, new_token};
