//! Issuing of tokens.

use serde_json::{Map, Value};
use storage::SignedIn;

use super::{Audience, AudienceKey, IssueError, Tokens, shared_key};
use crate::{
    InternalError, SigningKey,
    oidc::{Scope, Scopes},
};

/// Seconds by which `iat` and `nbf` lie in the past, for services whose clock is behind.
const BACKDATED: i64 = 5;
/// `typ` of an access token (RFC 9068 section 2.1).
pub(super) const ACCESS_TOKEN: &str = "at+jwt";
/// `typ` of an ID token. It keeps one from being taken for an access token (RFC 8725 section 3.11).
pub(super) const ID_TOKEN: &str = "JWT";

/// An access token for a client.
#[derive(Debug)]
pub struct AccessToken {
    /// The JWT.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: i64,
    /// The scopes that it has.
    pub scopes: Scopes,
}

/// What an access token is issued for.
#[derive(Debug)]
pub(crate) struct AccessTokenRequest<'a> {
    /// The client.
    pub(crate) client_id: &'a str,
    /// The grant that it ends with.
    pub(crate) grant_id: &'a str,
    /// The granted scopes.
    pub(crate) scopes: &'a Scopes,
    /// The name of the audience; `None` for Bookplate itself.
    pub(crate) audience: Option<&'a str>,
}

/// What an ID token is issued for.
#[derive(Debug)]
pub(crate) struct IdTokenRequest<'a> {
    /// The client.
    pub(crate) client_id: &'a str,
    /// The `nonce` of the authorization request.
    pub(crate) nonce: Option<&'a str>,
    /// The granted scopes.
    pub(crate) scopes: &'a Scopes,
}

impl Tokens {
    /// Issues a token for the named audience, or for Bookplate's own origin.
    pub fn issue(&self, signed_in: &SignedIn, audience: Option<&str>) -> Result<String, IssueError> {
        let declared = match audience {
            Some(name) if name != self.settings.issuer => {
                Some(self.declared(name).ok_or(IssueError::UnknownAudience)?)
            }
            _ => None,
        };
        let mut claims = self.access_claims(signed_in, declared);
        if let Some(scope) = declared.and_then(|audience| audience.conversations.scope()) {
            claims.insert("scope".into(), scope.into());
        }
        let user = &signed_in.user;
        claims.insert("email".into(), user.email.as_str().into());
        claims.insert("email_verified".into(), user.email_verified.into());
        claims.insert("name".into(), user.name.as_str().into());
        claims.extend(user.answers.object(&self.questions));
        let token = self.sign_for(declared, &claims)?;
        tracing::debug!(user = %user.id, audience, "token issued");
        Ok(token)
    }

    /// Issues an access token for a client (RFC 9068 section 2.2). It says about the reader what its scopes open.
    pub(crate) fn issue_access_token(
        &self,
        signed_in: &SignedIn,
        request: &AccessTokenRequest<'_>,
    ) -> Result<AccessToken, InternalError> {
        let gone = || InternalError::Fault("an audience that was granted is not declared any more".into());
        let declared = request.audience.map(|name| self.declared(name).ok_or_else(gone)).transpose()?;
        let scopes = match declared {
            Some(audience) => request.scopes.clone().allowed_by(audience.conversations),
            None => request.scopes.clone(),
        };
        let mut claims = self.access_claims(signed_in, declared);
        claims.extend(self.user_claims(signed_in, &scopes));
        claims.insert("scope".into(), scopes.to_string().into());
        claims.insert("client_id".into(), request.client_id.into());
        claims.insert("grant_id".into(), request.grant_id.into());
        claims.insert("auth_time".into(), signed_in.session.created_at.seconds().into());
        let expires_at = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        let expires_in = expires_at.saturating_sub(self.ports.clock.now().seconds());
        let token = self.sign_for(declared, &claims)?;
        tracing::debug!(user = %signed_in.user.id, client = request.client_id, "access token issued");
        Ok(AccessToken { token, expires_in, scopes })
    }

    /// Issues an ID token (OpenID Connect Core 1.0 section 2), signed with a published key.
    pub(crate) fn issue_id_token(
        &self,
        signed_in: &SignedIn,
        request: &IdTokenRequest<'_>,
    ) -> Result<String, InternalError> {
        let mut claims = self.registered_claims(signed_in);
        claims.insert("aud".into(), request.client_id.into());
        claims.insert("auth_time".into(), signed_in.session.created_at.seconds().into());
        if let Some(nonce) = request.nonce {
            claims.insert("nonce".into(), nonce.into());
        }
        claims.extend(self.user_claims(signed_in, request.scopes));
        self.sign_published(ID_TOKEN, &claims)
    }

    /// The claims about a reader that scopes open (OpenID Connect Core 1.0 section 5.4); answers belong to the profile.
    pub(crate) fn user_claims(&self, signed_in: &SignedIn, scopes: &Scopes) -> Map<String, Value> {
        let user = &signed_in.user;
        let mut claims = Map::new();
        if scopes.has(Scope::Profile) {
            claims.extend(user.answers.object(&self.questions));
            claims.insert("name".into(), user.name.as_str().into());
            claims.insert("updated_at".into(), user.updated_at.seconds().into());
            if let Some(image) = &user.image {
                claims.insert("picture".into(), image.as_str().into());
            }
        }
        if scopes.has(Scope::Email) {
            claims.insert("email".into(), user.email.as_str().into());
            claims.insert("email_verified".into(), user.email_verified.into());
        }
        claims
    }

    fn access_claims(&self, signed_in: &SignedIn, audience: Option<&Audience>) -> Map<String, Value> {
        let mut claims = self.registered_claims(signed_in);
        let aud = audience.map_or(Some(&self.settings.issuer), |audience| audience.aud.as_ref());
        if let Some(aud) = aud {
            claims.insert("aud".into(), aud.as_str().into());
        }
        claims.insert("jti".into(), self.ports.random_uuid().to_string().into());
        claims
    }

    /// The claims that every token has (RFC 7519 section 4.1), and its session.
    fn registered_claims(&self, signed_in: &SignedIn) -> Map<String, Value> {
        let SignedIn { session, user } = signed_in;
        // PyJWT and others refuse a token that is issued ahead of their own clock, be it by a second.
        let issued_at = self.ports.clock.now().seconds().saturating_sub(BACKDATED);
        // Services that check the signature alone must not trust a token for longer than the session can last.
        let session_end = if session.remembered { session.ends_at } else { session.expires_at };
        let expires_at = issued_at.saturating_add(self.settings.lifetime).min(session_end.seconds());
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        claim("iss", self.settings.issuer.as_str().into());
        claim("sub", user.id.as_str().into());
        claim("sid", session.id.as_str().into());
        claim("iat", issued_at.into());
        claim("nbf", issued_at.into());
        claim("exp", expires_at.into());
        claims
    }

    fn sign_for(
        &self,
        audience: Option<&Audience>,
        claims: &Map<String, Value>,
    ) -> Result<String, InternalError> {
        match audience.map(|audience| &audience.key) {
            Some(AudienceKey::Shared { secret, .. }) => {
                Ok(self.ports.signer.sign(&shared_key(secret), ACCESS_TOKEN, claims)?)
            }
            Some(AudienceKey::Published) | None => self.sign_published(ACCESS_TOKEN, claims),
        }
    }

    fn sign_published(&self, typ: &str, claims: &Map<String, Value>) -> Result<String, InternalError> {
        let ring = self.ring();
        let key: Option<&SigningKey> = ring.signing_at(self.ports.clock.now());
        let key = key.ok_or_else(|| InternalError::Fault("there is no key to sign with".into()))?;
        Ok(self.ports.signer.sign(key, typ, claims)?)
    }
}
