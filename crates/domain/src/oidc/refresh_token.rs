//! Refresh tokens (RFC 6749 section 6): `GRANT.NUMBER.KEY`, where KEY is computed from the other two and the server's
//! secret, so that nothing in the database renews anything.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::Secret;

/// A refresh token with a valid key. Its grant may have ended, or a newer token replaced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefreshToken {
    /// The grant.
    pub(super) grant: Uuid,
    /// The number of the token within the grant.
    pub(super) generation: i64,
}

impl RefreshToken {
    /// The token as the client keeps it.
    pub(super) fn encode(self, secret: &Secret) -> String {
        let key = URL_SAFE_NO_PAD.encode(secret.derive(&self.purpose()).as_slice());
        format!("{}.{}.{key}", self.grant.simple(), self.generation)
    }

    /// Parses a token; `None` unless the server's secret or the previous one made it.
    pub(super) fn parse(token: &str, secret: &Secret) -> Option<Self> {
        let (named, key) = token.rsplit_once('.')?;
        let (grant, generation) = named.split_once('.')?;
        let parsed = Self { grant: Uuid::try_parse(grant).ok()?, generation: generation.parse().ok()? };
        let key = URL_SAFE_NO_PAD.decode(key).ok()?;
        let is_of = |derived: &[u8]| -> bool { derived.ct_eq(&key).into() };
        let current = is_of(secret.derive(&parsed.purpose()).as_slice());
        let previous =
            secret.derive_previous(&parsed.purpose()).is_some_and(|derived| is_of(derived.as_slice()));
        (current || previous).then_some(parsed)
    }

    fn purpose(self) -> String {
        format!("refresh-token:{}:{}", self.grant, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_under_its_own_secret_and_as_the_previous_one_alone() {
        let secret = Secret::new("one".into());
        let token = RefreshToken { grant: Uuid::from_u128(7), generation: 3 };
        let text = token.encode(&secret);
        assert_eq!(RefreshToken::parse(&text, &secret), Some(token));
        let rotated = Secret::new("two".into()).with_previous(Some("one".into()));
        assert_eq!(RefreshToken::parse(&text, &rotated), Some(token));
        assert_eq!(RefreshToken::parse(&text, &Secret::new("two".into())), None);
        let next = text.replace(".3.", ".4.");
        for forged in ["", ".", "..", next.as_str(), text.trim_end_matches(|c| c != '.')] {
            assert_eq!(RefreshToken::parse(forged, &secret), None, "{forged}");
        }
    }
}
