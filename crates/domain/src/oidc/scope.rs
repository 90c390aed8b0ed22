//! Scopes that clients may ask for (RFC 6749 section 3.3).

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{OAuthError, OAuthErrorCode};
use crate::ConversationAccess;

/// A scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum Scope {
    /// An ID token, and the `sub` of the reader (OpenID Connect Core 1.0 section 3.1.2.1).
    #[strum(serialize = "openid")]
    OpenId,
    /// Name, picture and answers.
    #[strum(serialize = "profile")]
    Profile,
    /// The e-mail address.
    #[strum(serialize = "email")]
    Email,
    /// A refresh token, for clients that are no browser.
    #[strum(serialize = "offline_access")]
    OfflineAccess,
    /// Reading conversations.
    #[strum(serialize = "conversations:read")]
    ReadConversations,
    /// Writing conversations.
    #[strum(serialize = "conversations:write")]
    WriteConversations,
}

impl Scope {
    /// Every scope.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A set of scopes, in the order of [`Scope::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The scopes of a `scope` parameter. Unknown ones are ignored (OpenID Connect Core 1.0 section 3.1.2.1).
    pub fn parse(text: &str) -> Self {
        let named = |scope: &&Scope| text.split(' ').any(|name| name == scope.name());
        Self(Scope::ALL.iter().filter(named).copied().collect())
    }

    /// The scopes that a request asks for.
    ///
    /// # Errors
    /// `invalid_scope` when there is none that is known here.
    pub(super) fn requested(text: Option<&str>) -> Result<Self, OAuthError> {
        let scopes = Self::parse(text.unwrap_or_default());
        if scopes.0.is_empty() {
            let description = "No known scope is asked for. Send scope=openid, for example; \
                               /.well-known/openid-configuration lists all.";
            return Err(OAuthError::new(OAuthErrorCode::InvalidScope, description));
        }
        Ok(scopes)
    }

    /// Whether a scope is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// All but one.
    #[must_use]
    pub(super) fn without(mut self, scope: Scope) -> Self {
        self.0.retain(|it| *it != scope);
        self
    }

    /// Whether all of them are among `others`.
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.iter().all(|scope| others.has(*scope))
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Without what an audience's tokens may not do with conversations.
    #[must_use]
    pub(crate) fn allowed_by(mut self, conversations: ConversationAccess) -> Self {
        self.0.retain(|scope| match scope {
            Scope::ReadConversations => conversations.read,
            Scope::WriteConversations => conversations.write,
            _ => true,
        });
        self
    }
}

/// As a `scope` parameter or claim.
impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::name).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{READ_CONVERSATIONS, WRITE_CONVERSATIONS};

    #[test]
    fn scopes_are_named_as_tokens_name_them_and_unknown_ones_are_ignored() {
        assert_eq!(Scope::ReadConversations.name(), READ_CONVERSATIONS);
        assert_eq!(Scope::WriteConversations.name(), WRITE_CONVERSATIONS);
        let scopes = Scopes::parse("email openid  address OPENID email");
        assert_eq!(scopes.to_string(), "openid email");
        assert!(scopes.is_within(&Scopes::parse("openid email profile")));
        assert!(!scopes.is_within(&Scopes::parse("openid")));
        assert!(Scopes::requested(Some("address phone")).is_err() && Scopes::requested(None).is_err());
    }
}
