//! Verification of tokens.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::SignedIn;

use super::{
    Audience, AudienceKey, ConversationAccess, Tokens, VerifyError,
    verification_cache::{Claims, TokenAudience},
};
use crate::{Renewal, sessions};

/// A verified token.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The user and the active session that the token was issued for.
    pub signed_in: SignedIn,
    /// Its `jti`, which services that sign with a shared secret may leave out.
    pub token_id: Option<String>,
    /// When it expires, in Unix seconds.
    pub ends_at: i64,
    /// Whether it has expired.
    pub expired: bool,
    /// What it may do with conversations.
    pub conversations: ConversationAccess,
}

/// Seconds for which an expired token may finish a message that it began.
pub const GRACE: i64 = 3600;
/// `typ` of an access token in JWT form (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";
/// The longest lifetime of a token, in seconds.
const MAX_LIFETIME: i64 = 3600;
/// Seconds by which two processes' clocks may differ.
const CLOCK_SKEW: i64 = 30;
/// The longest token that is parsed, in bytes.
const MAX_TOKEN: usize = 8192;

impl Tokens {
    /// Verifies a token and its session, for `GET /api/auth/user`: one for Bookplate itself, or for an audience with a
    /// shared secret.
    #[tracing::instrument(name = "tokens.verify", level = "debug", skip_all)]
    pub async fn verify(&self, token: &str) -> Result<SignedIn, VerifyError> {
        let claims = self.claims_of(token).await?;
        if matches!(claims.audience, TokenAudience::Published(_)) {
            return Err(VerifyError::Refused("audience"));
        }
        let verified = self.verify_claims(&claims).await?;
        if verified.expired { Err(VerifyError::Refused("time")) } else { Ok(verified.signed_in) }
    }

    /// Verifies a token that is to open conversations, and its session. It is accepted up to [`GRACE`] seconds after it has
    /// expired.
    ///
    /// A token for Bookplate itself opens what its `scope` names, and everything without one; that of a declared audience
    /// what both its `scope` and the audience's declaration allow.
    #[tracing::instrument(name = "tokens.verify_for_conversations", level = "debug", skip_all)]
    pub async fn verify_for_conversations(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let claims = self.claims_of(token).await?;
        let verified = self.verify_claims(&claims).await?;
        match &claims.audience {
            TokenAudience::Shared(name) | TokenAudience::Published(name)
                if verified.conversations == ConversationAccess::NONE =>
            {
                Err(VerifyError::OpensNoConversations { audience: name.clone() })
            }
            _ => Ok(verified),
        }
    }

    /// Verifies a token that is to say who its reader is, and its session: one that `GET /api/auth/user` accepts or that
    /// opens conversations. It is accepted up to [`GRACE`] seconds after it has expired.
    #[tracing::instrument(name = "tokens.verify_for_profile", level = "debug", skip_all)]
    pub async fn verify_for_profile(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let claims = self.claims_of(token).await?;
        let verified = self.verify_claims(&claims).await?;
        match &claims.audience {
            TokenAudience::Published(name) if verified.conversations == ConversationAccess::NONE => {
                Err(VerifyError::OpensNoConversations { audience: name.clone() })
            }
            _ => Ok(verified),
        }
    }

    /// Checks the times of a token and its session.
    async fn verify_claims(&self, claims: &Claims) -> Result<VerifiedToken, VerifyError> {
        let now = self.ports.clock.now().seconds();
        let in_time = claims.exp.saturating_add(GRACE) > now
            && claims.iat <= now + CLOCK_SKEW
            && claims.nbf.is_none_or(|nbf| nbf <= now + CLOCK_SKEW);
        if !in_time {
            return Err(VerifyError::Refused("time"));
        }
        let session = sessions::parse_session_id(&claims.sid).ok_or(VerifyError::Refused("session"))?;
        let session = self.sessions.resolve(&session, Renewal::Never).await?;
        let signed_in =
            session.map(|resolved| resolved.signed_in).ok_or(VerifyError::Refused("session ended"))?;
        if claims.sub != signed_in.user.id {
            return Err(VerifyError::Refused("subject"));
        }
        let (token_id, ends_at) = (claims.jti.clone(), claims.exp);
        let conversations = claims.conversations;
        Ok(VerifiedToken { signed_in, token_id, ends_at, expired: ends_at <= now, conversations })
    }

    /// The claims, after every check whose result does not change with time.
    async fn claims_of(&self, token: &str) -> Result<Arc<Claims>, VerifyError> {
        self.reload_if_stale().await;
        let hash = Sha256::digest(token).into();
        if let Some(claims) = self.verified.find(&hash) {
            return Ok(claims);
        }
        let (claims, declared) = self.signed_claims(token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        if text("iss").as_ref() != Some(&self.settings.issuer) {
            return Err(VerifyError::Refused("issuer"));
        }
        let exp = time("exp").ok_or(VerifyError::Refused("time"))?;
        let iat = time("iat").ok_or(VerifyError::Refused("time"))?;
        // A holder of a shared secret could sign a token that never expires.
        if exp.saturating_sub(iat) > MAX_LIFETIME {
            return Err(VerifyError::Refused("time"));
        }
        // Services that share a secret may leave it out.
        let nbf = match claims.get("nbf") {
            None => None,
            Some(nbf) => Some(nbf.as_i64().ok_or(VerifyError::Refused("time"))?),
        };
        let sid = text("sid").ok_or(VerifyError::Refused("session"))?;
        let sub = text("sub").ok_or(VerifyError::Refused("subject"))?;
        let jti = text("jti").filter(|jti| !jti.is_empty());
        let conversations = conversation_access(&claims, declared);
        let audience = match declared {
            None => TokenAudience::Bookplate,
            Some(Audience { name, key: AudienceKey::Shared { .. }, .. }) => {
                TokenAudience::Shared(name.clone())
            }
            Some(Audience { name, key: AudienceKey::Published, .. }) => {
                TokenAudience::Published(name.clone())
            }
        };
        let claims = Arc::new(Claims { sub, sid, jti, iat, exp, nbf, audience, conversations });
        self.verified.insert(hash, &claims);
        Ok(claims)
    }

    /// The claims of a token with a valid signature, and the declared audience it is for; `None` for Bookplate itself.
    ///
    /// The key determines the algorithm (RFC 8725 section 3.1). Keys come only from the key ring and the declared secrets,
    /// by `kid`; header members that carry other keys are ignored.
    fn signed_claims(&self, token: &str) -> Result<(Map<String, Value>, Option<&Audience>), VerifyError> {
        let header = header(token).ok_or(VerifyError::Refused("form"))?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if text("typ") != Some(TYPE) || header.contains_key("crit") {
            return Err(VerifyError::Refused("kind"));
        }
        let kid = text("kid").ok_or(VerifyError::Refused("key"))?;
        let ring = self.ring();
        let found = self.key(&ring, kid).ok_or(VerifyError::Refused("key"))?;
        let claims = self.ports.signer.verify(token, found.algorithm, found.key);
        let claims = claims.map_err(|_| VerifyError::Refused("signature"))?;
        let aud = claims.get("aud").and_then(Value::as_str);
        let audience = match found.shared_with {
            Some(audience) => Some(audience).filter(|audience| audience.aud.as_deref() == aud),
            None if aud == Some(self.settings.issuer.as_str()) => return Ok((claims, None)),
            None => self.published_audience(aud),
        };
        match audience {
            Some(audience) => Ok((claims, Some(audience))),
            None => Err(VerifyError::Refused("audience")),
        }
    }

    /// The audience of an `aud` whose tokens the published keys sign.
    fn published_audience(&self, aud: Option<&str>) -> Option<&Audience> {
        let is_published = |audience: &&Audience| matches!(audience.key, AudienceKey::Published);
        self.settings
            .audiences
            .iter()
            .filter(is_published)
            .find(|it| aud.is_some() && it.aud.as_deref() == aud)
    }
}

/// What a token may do with conversations.
fn conversation_access(claims: &Map<String, Value>, audience: Option<&Audience>) -> ConversationAccess {
    let declared = audience.map_or(ConversationAccess::WRITE, |audience| audience.conversations);
    let named = match claims.get("scope") {
        // What `GET /api/auth/token` issues for Bookplate itself has no scope.
        None if audience.is_none() => ConversationAccess::WRITE,
        scope => ConversationAccess::of_scope(scope.and_then(Value::as_str).unwrap_or_default()),
    };
    declared.and(named)
}

fn header(token: &str) -> Option<Map<String, Value>> {
    let (header, _) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}
