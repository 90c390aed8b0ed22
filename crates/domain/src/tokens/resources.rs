//! What clients may ask tokens for: the declared audiences, by name or by `aud`.

use super::{Audience, ConversationAccess, ConversationsOf, Tokens};
use crate::Algorithm;

/// What an access token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Bookplate itself.
    Bookplate,
    /// The declared audience of this name.
    Audience(String),
}

impl Resource {
    /// The name of the audience; `None` for Bookplate itself.
    pub(crate) fn into_audience(self) -> Option<String> {
        match self {
            Self::Bookplate => None,
            Self::Audience(name) => Some(name),
        }
    }
}

impl Tokens {
    /// The `iss` of every token.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// The algorithm of the published keys that sign.
    pub fn algorithm(&self) -> Algorithm {
        self.settings.algorithm
    }

    /// What a `resource` names (RFC 8707 section 2).
    pub(crate) fn resource(&self, uri: &str) -> Option<Resource> {
        if uri == self.settings.issuer {
            return Some(Resource::Bookplate);
        }
        let found = self.settings.audiences.iter().find(|it| it.aud.as_deref() == Some(uri));
        found.map(|audience| Resource::Audience(audience.name.clone()))
    }

    /// What a name or `aud` names, as `GET /api/auth/token` takes it.
    pub(crate) fn resource_named(&self, name: &str) -> Option<Resource> {
        match self.declared(name) {
            Some(audience) => Some(Resource::Audience(audience.name.clone())),
            None => self.resource(name),
        }
    }

    /// What the tokens of an audience open of conversations.
    pub(crate) fn conversation_access(&self, name: &str) -> ConversationAccess {
        self.declared(name).map_or(ConversationAccess::NONE, |audience| audience.conversations)
    }

    /// Whether the tokens of an audience open the conversations of every client.
    pub(crate) fn opens_all(&self, name: &str) -> bool {
        self.declared(name).is_some_and(|audience| audience.conversations_of == ConversationsOf::All)
    }

    pub(super) fn declared(&self, name: &str) -> Option<&Audience> {
        self.settings.audiences.iter().find(|audience| audience.name == name)
    }
}
