//! Mail: what is written to readers, and the queue it waits in.

mod colour;
mod compose;
mod draft;
pub mod link_ttl;
mod message;
mod queue;
mod render;
mod request;
mod templates;
#[cfg(test)]
mod tests;

pub(crate) use compose::{LinkPurpose, code_message, link_id, new_token};
pub use message::{BookLink, Link, MailBranding, MailMessage, MailTemplate};
pub use queue::{DeliveryOutcome, MailQueue};
pub(crate) use request::MailRequest;
