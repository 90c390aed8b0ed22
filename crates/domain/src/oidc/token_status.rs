//! Introspection (RFC 7662), revocation (RFC 7009) and the reader behind a token.

use serde_json::{Map, Value};
use storage::{Grant, SignedIn};

use super::{
    Client, ClientKind, OAuthError, OAuthErrorCode, Oidc, Parameters, Scope, refresh_token::RefreshToken,
};
use crate::{InternalError, Renewal, sessions::parse_session_id, tokens::VerifyError};

impl Oidc {
    /// Tells a client about a token of its own or of an audience of its own; others are not active to it
    /// (RFC 7662 section 2.2).
    ///
    /// # Errors
    /// `invalid_client`, and `invalid_request` without a token.
    #[tracing::instrument(name = "oidc.introspect", level = "debug", skip_all)]
    pub async fn introspect(
        &self,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Map<String, Value>, OAuthError> {
        if client.kind() != ClientKind::Confidential {
            let description = "Only clients with a secret may ask here.";
            return Err(OAuthError::new(OAuthErrorCode::InvalidClient, description));
        }
        let token = parameters.require("token", "token is missing.")?;
        let found = match RefreshToken::parse(token, &self.secret) {
            Some(refresh) => self.introspect_refresh(client, refresh).await?,
            None => self.introspect_access(client, token).await?,
        };
        let mut answer = found.unwrap_or_default();
        answer.insert("active".into(), (!answer.is_empty()).into());
        Ok(answer)
    }

    async fn introspect_access(
        &self,
        client: &Client,
        token: &str,
    ) -> Result<Option<Map<String, Value>>, InternalError> {
        let verified = match self.tokens.introspect(token).await {
            Ok(verified) => verified,
            Err(VerifyError::Failure(failure)) => return Err(failure),
            Err(_) => return Ok(None),
        };
        let is_own = verified.claims.get("client_id").and_then(Value::as_str) == Some(client.id.as_str());
        let is_for_own = verified.audience.is_some_and(|name| client.audiences.contains(&name));
        let mut claims = verified.claims;
        claims.insert("token_type".into(), "Bearer".into());
        Ok((is_own || is_for_own).then_some(claims))
    }

    async fn introspect_refresh(
        &self,
        client: &Client,
        presented: RefreshToken,
    ) -> Result<Option<Map<String, Value>>, InternalError> {
        let Some(grant) = self.grant_of(client, presented).await? else { return Ok(None) };
        let Some(signed_in) = self.session_without_renewal(&grant.session_id).await? else { return Ok(None) };
        if presented.generation != grant.generation {
            return Ok(None);
        }
        let mut answer = Map::new();
        let mut member = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
        member("client_id", client.id.as_str().into());
        member("sub", signed_in.user.id.as_str().into());
        member("scope", grant.scope.as_str().into());
        member("iss", self.issuer().into());
        member("iat", grant.rotated_at.seconds().into());
        member("exp", signed_in.session.expires_at.seconds().into());
        Ok(Some(answer))
    }

    /// Revokes the grant of a token, and with it all its tokens. A token that is none, or has ended, is no error
    /// (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// `invalid_grant` for another client's token.
    #[tracing::instrument(name = "oidc.revoke", level = "debug", skip_all)]
    pub async fn revoke(&self, client: &Client, token: &str) -> Result<(), OAuthError> {
        let grant_id = match RefreshToken::parse(token, &self.secret) {
            Some(refresh) => Some(refresh.grant.to_string()),
            None => self.tokens.grant_id_of(token),
        };
        let Some(grant_id) = grant_id else { return Ok(()) };
        match self.database.find_grant(&grant_id).await? {
            None => Ok(()),
            Some(grant) if grant.client_id == client.id => {
                self.database.revoke_grant(&grant_id).await?;
                tracing::debug!(client = %client.id, session = %grant.session_id, "grant revoked");
                Ok(())
            }
            Some(_) => Err(OAuthError::invalid_grant("This token is another client's.")),
        }
    }

    /// The claims about the reader that an access token opens (OpenID Connect Core 1.0 section 5.3).
    ///
    /// # Errors
    /// `invalid_token`, `insufficient_scope`.
    #[tracing::instrument(name = "oidc.userinfo", level = "debug", skip_all)]
    pub async fn userinfo(&self, token: &str) -> Result<Map<String, Value>, OAuthError> {
        let verified = match self.tokens.introspect(token).await {
            Ok(verified) if verified.audience.is_none() => verified,
            Err(VerifyError::Failure(failure)) => return Err(failure.into()),
            Ok(_) | Err(_) => {
                let description =
                    "The access token is none of ours, is expired or revoked, or is for another resource.";
                return Err(OAuthError::new(OAuthErrorCode::InvalidToken, description));
            }
        };
        if !verified.scopes.has(Scope::OpenId) {
            let description = "This needs an access token with the scope openid.";
            return Err(OAuthError::new(OAuthErrorCode::InsufficientScope, description));
        }
        let mut claims = self.tokens.user_claims(&verified.signed_in, &verified.scopes);
        claims.insert("sub".into(), verified.signed_in.user.id.as_str().into());
        Ok(claims)
    }

    async fn grant_of(&self, client: &Client, token: RefreshToken) -> Result<Option<Grant>, InternalError> {
        let grant = self.database.find_grant(&token.grant.to_string()).await?;
        Ok(grant.filter(|grant| grant.client_id == client.id))
    }

    async fn session_without_renewal(&self, session_id: &str) -> Result<Option<SignedIn>, InternalError> {
        let Some(handle) = parse_session_id(session_id) else { return Ok(None) };
        Ok(self.sessions.resolve(&handle, Renewal::Never).await?.map(|active| active.signed_in))
    }
}
