//! The scopes of access tokens (RFC 6749 section 3.3).

/// The scope that opens a reader's conversations for reading.
pub const READ_CONVERSATIONS: &str = "conversations:read";
/// The scope that opens a reader's conversations for writing.
pub const WRITE_CONVERSATIONS: &str = "conversations:write";

/// What a token may do with its reader's conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConversationAccess {
    /// It lists, shows, searches and exports them.
    pub read: bool,
    /// It creates, changes, imports and deletes them.
    pub write: bool,
}

impl ConversationAccess {
    /// None at all.
    pub const NONE: Self = Self { read: false, write: false };
    /// Reading alone.
    pub const READ: Self = Self { read: true, write: false };
    /// Reading and writing.
    pub const WRITE: Self = Self { read: true, write: true };

    /// The value of the `scope` claim (RFC 9068 section 2.2.3); `None` without access.
    pub const fn scope(self) -> Option<&'static str> {
        match (self.read, self.write) {
            (true, true) => Some("conversations:read conversations:write"),
            (true, false) => Some(READ_CONVERSATIONS),
            (false, true) => Some(WRITE_CONVERSATIONS),
            (false, false) => None,
        }
    }

    /// The access that a `scope` claim names. Scopes are separated by spaces and case-sensitive; unknown ones are ignored.
    pub fn of_scope(scope: &str) -> Self {
        let has = |wanted| scope.split(' ').any(|name| name == wanted);
        Self { read: has(READ_CONVERSATIONS), write: has(WRITE_CONVERSATIONS) }
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { read: self.read && other.read, write: self.write && other.write }
    }
}
