//! What clients reveal about themselves.

use serde::{Deserialize, Serialize};

/// Where a request comes from, for the audit log and the list of sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// The IP address; empty when unknown.
    pub ip_address: String,
    /// The `User-Agent` header; empty when unknown.
    pub user_agent: String,
}

/// Cuts text that a client chose to 512 characters without control characters.
pub(crate) fn truncate_untrusted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}
