//! What clients may ask tokens for: the declared audiences, by name or by `aud`.

use super::{Audience, ConversationAccess, Tokens};
use crate::Algorithm;

impl Tokens {
    /// The `iss` of every token.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// The algorithm of the published keys that sign.
    pub fn algorithm(&self) -> Algorithm {
        self.settings.algorithm
    }

    /// The audience that a `resource` names (RFC 8707 section 2): `Some(None)` for Bookplate itself.
    pub(crate) fn audience_of_resource(&self, resource: &str) -> Option<Option<String>> {
        if resource == self.settings.issuer {
            return Some(None);
        }
        let found = self.settings.audiences.iter().find(|it| it.aud.as_deref() == Some(resource));
        found.map(|audience| Some(audience.name.clone()))
    }

    /// The audience of a name or `aud`, as `GET /api/auth/token` takes it: `Some(None)` for Bookplate itself.
    pub(crate) fn audience_named(&self, name: &str) -> Option<Option<String>> {
        match self.declared(name) {
            Some(audience) => Some(Some(audience.name.clone())),
            None => self.audience_of_resource(name),
        }
    }

    /// What the tokens of an audience open of conversations.
    pub(crate) fn conversation_access(&self, name: &str) -> ConversationAccess {
        self.declared(name).map_or(ConversationAccess::NONE, |audience| audience.conversations)
    }

    pub(super) fn declared(&self, name: &str) -> Option<&Audience> {
        self.settings.audiences.iter().find(|audience| audience.name == name)
    }
}
