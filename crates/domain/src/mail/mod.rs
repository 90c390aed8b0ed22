//! Mail: what is written to readers, and the queue it waits in.

mod colour;
mod compose;
mod draft;
mod html;
pub mod lifetimes;
mod message;
mod queue;
mod templates;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use compose::{LinkPurpose, MailRequest, link_id, new_token};
pub use message::{Link, MailBranding, MailMessage, MailTemplate};
pub use queue::{DeliveryOutcome, MailQueue};
