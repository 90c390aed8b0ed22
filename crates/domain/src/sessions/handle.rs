//! Session handles.

use uuid::Uuid;

/// The handle of a session whose cookie or token had a valid signature. The session may have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHandle {
    pub(super) handle: Uuid,
    /// Whether the previous secret signed it, so that the cookie has to be set again.
    pub(super) outdated: bool,
}

impl SessionHandle {
    /// The id of the session's row.
    pub fn id(&self) -> String {
        self.handle.to_string()
    }
}

/// The handle in the id of a row or in the `sid` claim of a verified token.
pub(crate) fn parse_session_id(id: &str) -> Option<SessionHandle> {
    Uuid::parse_str(id).ok().map(|handle| SessionHandle { handle, outdated: false })
}
