//! Verification of tokens.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::SignedIn;

use super::{
    Audience, AudienceKey, ConversationAccess, ConversationsOf, Tokens, VerifyError,
    issue::{ACCESS_TOKEN, ID_TOKEN},
    verification_cache::{Claims, TokenAudience, TokenClient},
};
use crate::{
    Client, ConversationScope, Renewal,
    oidc::{Scope, Scopes},
    sessions,
};

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
    /// The client that it was issued to, and that conversations created with it belong to.
    pub client_id: Option<String>,
    conversations_of: ConversationsOf,
}

impl VerifiedToken {
    /// The conversations that it opens.
    pub fn scope(&self) -> ConversationScope<'_> {
        match (&self.client_id, self.conversations_of) {
            (Some(id), ConversationsOf::Client) => ConversationScope::Client(id),
            _ => ConversationScope::All,
        }
    }
}

/// A verified access token with all its claims.
#[derive(Debug)]
pub(crate) struct IntrospectedToken {
    pub(crate) signed_in: SignedIn,
    pub(crate) claims: Map<String, Value>,
    /// The name of the audience; `None` for Bookplate itself.
    pub(crate) audience: Option<String>,
    pub(crate) scopes: Scopes,
}

/// What an ID token that was issued here says, whether or not it has expired.
#[derive(Debug)]
pub(crate) struct IdTokenHint {
    pub(crate) sub: String,
    pub(crate) sid: String,
    pub(crate) client_id: String,
}

/// The scopes without which a client's token does not show the whole of its reader.
const PROFILE: &str = "profile email";

/// Seconds for which an expired token may finish a message that it began.
pub const GRACE: i64 = 3600;
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
        check_profile(&claims)?;
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
        check_profile(&claims)?;
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
        if let Some(grant_id) = claims.client.as_ref().and_then(|client| client.grant_id.as_deref())
            && self.database.find_grant(grant_id).await?.is_none()
        {
            return Err(VerifyError::Refused("revoked"));
        }
        let (token_id, ends_at) = (claims.jti.clone(), claims.exp);
        let client_id = claims.client.as_ref().map(|client| client.id.clone());
        Ok(VerifiedToken {
            signed_in,
            token_id,
            ends_at,
            expired: ends_at <= now,
            conversations: claims.conversations,
            client_id,
            conversations_of: claims.conversations_of,
        })
    }

    /// The claims, after every check whose result does not change with time.
    async fn claims_of(&self, token: &str) -> Result<Arc<Claims>, VerifyError> {
        self.reload_if_stale().await;
        let hash = Sha256::digest(token).into();
        if let Some(claims) = self.verified.find(&hash) {
            return Ok(claims);
        }
        let (claims, declared) = self.signed_claims(token, ACCESS_TOKEN)?;
        let claims = Arc::new(self.read_claims(&claims, declared)?);
        self.verified.insert(hash, &claims);
        Ok(claims)
    }

    /// The claims of an access token with a valid signature.
    fn read_claims(
        &self,
        claims: &Map<String, Value>,
        declared: Option<&Audience>,
    ) -> Result<Claims, VerifyError> {
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
        let conversations = conversation_access(claims, declared);
        let conversations_of = declared.map(|audience| audience.conversations_of).unwrap_or_default();
        let client = client_id(claims)?.map(|id| TokenClient {
            id,
            grant_id: text("grant_id"),
            scopes: Scopes::parse(text("scope").as_deref().unwrap_or_default()),
        });
        let audience = match declared {
            None => TokenAudience::Bookplate,
            Some(Audience { name, key: AudienceKey::Shared { .. }, .. }) => {
                TokenAudience::Shared(name.clone())
            }
            Some(Audience { name, key: AudienceKey::Published, .. }) => {
                TokenAudience::Published(name.clone())
            }
        };
        Ok(Claims { sub, sid, jti, iat, exp, nbf, audience, conversations, conversations_of, client })
    }

    /// Verifies an access token whose claims a client is to be told.
    pub(crate) async fn introspect(&self, token: &str) -> Result<IntrospectedToken, VerifyError> {
        self.reload_if_stale().await;
        let (claims, declared) = self.signed_claims(token, ACCESS_TOKEN)?;
        let read = self.read_claims(&claims, declared)?;
        let verified = self.verify_claims(&read).await?;
        if verified.expired {
            return Err(VerifyError::Refused("time"));
        }
        let audience = declared.map(|audience| audience.name.clone());
        let scopes = read.client.map(|client| client.scopes).unwrap_or_default();
        Ok(IntrospectedToken { signed_in: verified.signed_in, claims, audience, scopes })
    }

    /// The grant of an access token with a valid signature, whether or not it has expired.
    pub(crate) fn grant_id_of(&self, token: &str) -> Option<String> {
        let (claims, _) = self.signed_claims(token, ACCESS_TOKEN).ok()?;
        claims.get("grant_id").and_then(Value::as_str).map(str::to_owned)
    }

    /// What an ID token of ours says, whether or not it has expired (OpenID Connect RP-Initiated Logout 1.0 section 4).
    pub(crate) fn verify_id_token(&self, token: &str) -> Option<IdTokenHint> {
        // A service with a shared secret signs none.
        let (claims, None) = self.signed_by(token, ID_TOKEN).ok()? else { return None };
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_ours = text("iss").as_ref() == Some(&self.settings.issuer);
        is_ours.then_some(())?;
        Some(IdTokenHint { sub: text("sub")?, sid: text("sid")?, client_id: text("aud")? })
    }

    /// The claims of a token with a valid signature, and the declared audience it is for; `None` for Bookplate itself.
    fn signed_claims(
        &self,
        token: &str,
        typ: &str,
    ) -> Result<(Map<String, Value>, Option<&Audience>), VerifyError> {
        let (claims, shared_with) = self.signed_by(token, typ)?;
        let aud = claims.get("aud").and_then(Value::as_str);
        let audience = match shared_with {
            Some(audience) => Some(audience).filter(|audience| audience.aud.as_deref() == aud),
            None if aud == Some(self.settings.issuer.as_str()) => return Ok((claims, None)),
            None => self.published_audience(aud),
        };
        match audience {
            Some(audience) => Ok((claims, Some(audience))),
            None => Err(VerifyError::Refused("audience")),
        }
    }

    /// The claims of a token with a valid signature, and the audience whose shared secret has signed it.
    ///
    /// The key determines the algorithm (RFC 8725 section 3.1). Keys come only from the key ring and the declared secrets,
    /// by `kid`; header members that carry other keys are ignored.
    fn signed_by(
        &self,
        token: &str,
        typ: &str,
    ) -> Result<(Map<String, Value>, Option<&Audience>), VerifyError> {
        let header = header(token).ok_or(VerifyError::Refused("form"))?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if text("typ") != Some(typ) || header.contains_key("crit") {
            return Err(VerifyError::Refused("kind"));
        }
        let kid = text("kid").ok_or(VerifyError::Refused("key"))?;
        let ring = self.ring();
        let found = self.key(&ring, kid).ok_or(VerifyError::Refused("key"))?;
        let claims = self.ports.signer.verify(token, found.algorithm, found.key);
        let claims = claims.map_err(|_| VerifyError::Refused("signature"))?;
        Ok((claims, found.shared_with))
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

/// Refuses a client's token that does not show the whole of its reader.
fn check_profile(claims: &Claims) -> Result<(), VerifyError> {
    let shows = |client: &TokenClient| client.scopes.has(Scope::Profile) && client.scopes.has(Scope::Email);
    if claims.client.as_ref().is_none_or(shows) { Ok(()) } else { Err(VerifyError::NeedsScope(PROFILE)) }
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

/// The `client_id` claim. One that no client can have is refused: what it opens would be a guess.
fn client_id(claims: &Map<String, Value>) -> Result<Option<String>, VerifyError> {
    match claims.get("client_id") {
        None => Ok(None),
        Some(Value::String(id)) if Client::is_id(id) => Ok(Some(id.clone())),
        Some(_) => Err(VerifyError::Refused("client")),
    }
}

fn header(token: &str) -> Option<Map<String, Value>> {
    let (header, _) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}
