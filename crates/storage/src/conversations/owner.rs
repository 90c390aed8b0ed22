//! Whose conversations a request is about.

/// The conversations of a user that a caller may see. A conversation outside of it is answered like one that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationScope<'a> {
    /// All of them.
    All,
    /// Those that were created with a token of this OAuth client, by its `client_id`.
    Client(&'a str),
}

impl<'a> ConversationScope<'a> {
    /// The client whose conversations these are; `None` for all.
    pub const fn client_id(self) -> Option<&'a str> {
        match self {
            Self::All => None,
            Self::Client(id) => Some(id),
        }
    }
}

/// A user, and which of their conversations a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The conversations.
    pub scope: ConversationScope<'a>,
}

impl<'a> Owner<'a> {
    /// All conversations of a user.
    pub const fn all(user_id: &'a str) -> Self {
        Self { user_id, scope: ConversationScope::All }
    }

    /// The client that the conversations are limited to.
    pub(super) const fn client_id(&self) -> Option<&'a str> {
        self.scope.client_id()
    }
}
