//! Export and import of conversations.

pub(crate) mod export;
pub(crate) mod import;
mod import_limits;
