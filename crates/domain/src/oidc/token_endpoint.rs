//! The token endpoint (RFC 6749 section 3.2): codes and refresh tokens become access tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use storage::{AuthorizationCode, Grant, RedeemOutcome, SignedIn};
use subtle::ConstantTimeEq;

use super::{
    Client, ClientKind, OAuthError, OAuthErrorCode, Oidc, Parameters, Scope, Scopes,
    authorization_request::requested_resource, code_hash, refresh_token::RefreshToken,
};
use crate::{
    InternalError, Renewal,
    sessions::parse_session_id,
    tokens::{AccessToken, AccessTokenRequest, IdTokenRequest, Resource},
};

/// Seconds for which a refresh token that was just replaced is answered with the same successor: answers get lost, and
/// tabs ask at the same time.
const GRACE: i64 = 10;
/// Lengths of a verifier (RFC 7636 section 4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// Tokens for a client.
#[derive(Debug)]
pub struct IssuedTokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The ID token, with the scope `openid`.
    pub id_token: Option<String>,
    /// The refresh token. That of a browser client belongs into a cookie which script cannot read.
    pub refresh_token: Option<String>,
    /// Seconds until the refresh token expires unless it is used; `None` when it ends with the browser.
    pub refresh_lifetime: Option<i64>,
}

impl Oidc {
    /// Exchanges an authorization code for tokens (RFC 6749 section 4.1.3).
    ///
    /// # Errors
    /// Those of RFC 6749 section 5.2 and RFC 8707. A code that was presented is spent, whatever comes of it.
    #[tracing::instrument(name = "oidc.exchange_code", level = "debug", skip_all)]
    pub async fn exchange_code(
        &self,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<IssuedTokens, OAuthError> {
        let code = parameters.require("code", "code is missing.")?;
        let redirect_uri = parameters.require("redirect_uri", "redirect_uri is missing.")?;
        let verifier = parameters.require("code_verifier", "code_verifier is missing (RFC 7636).")?;
        if !VERIFIER.contains(&verifier.len()) {
            return Err(OAuthError::invalid_request("code_verifier has 43 to 128 characters."));
        }
        let wanted = requested_resource(parameters, client, &self.tokens)?;
        let now = self.ports.clock.now();
        let accepts = |stored: &AuthorizationCode| {
            stored.client_id == client.id
                && stored.redirect_uri == redirect_uri
                && stored.expires_at > now
                && is_verifier_of(verifier, &stored.code_challenge)
                && audience_of(client, wanted.as_ref(), stored.audience.as_deref()).is_ok()
        };
        let grant_id = self.ports.random_uuid();
        let redeemed = self
            .database
            .redeem_authorization_code(&code_hash(code), &grant_id.to_string(), now, accepts)
            .await?;
        let code = match redeemed {
            RedeemOutcome::Granted(code) => code,
            RedeemOutcome::Reused(code) => {
                tracing::warn!(client = %code.client_id, session = %code.session_id, "authorization code reused");
                return Err(refused_code());
            }
            RedeemOutcome::Refused | RedeemOutcome::Unknown => return Err(refused_code()),
        };
        let signed_in = self.session_of(&code.session_id).await?.ok_or(refused_code())?;
        let tokens = GrantedTokens {
            client,
            refresh: RefreshToken { grant: grant_id, generation: 1 },
            scopes: Scopes::parse(&code.scope),
            audience: audience_of(client, wanted.as_ref(), code.audience.as_deref())?,
            nonce: code.nonce,
        };
        Ok(self.issue(&tokens, &signed_in)?)
    }

    /// Exchanges a refresh token for new tokens, and replaces it (RFC 6749 section 6, RFC 9700 section 4.14.2). One that
    /// was replaced before ends its grant.
    ///
    /// # Errors
    /// Those of RFC 6749 section 5.2 and RFC 8707.
    #[tracing::instrument(name = "oidc.refresh", level = "debug", skip_all)]
    pub async fn refresh(
        &self,
        client: &Client,
        refresh_token: &str,
        parameters: &Parameters,
    ) -> Result<IssuedTokens, OAuthError> {
        let presented = RefreshToken::parse(refresh_token, &self.secret).ok_or(refused_refresh())?;
        let wanted = requested_resource(parameters, client, &self.tokens)?;
        let grant = self.database.find_grant(&presented.grant.to_string()).await?;
        let grant = grant.filter(|grant| grant.client_id == client.id).ok_or(refused_refresh())?;
        let scopes = narrowed(&grant, parameters)?;
        let signed_in = self.session_of(&grant.session_id).await?.ok_or(refused_refresh())?;
        let audience = audience_of(client, wanted.as_ref(), grant.audience.as_deref())?;
        let generation = self.rotate(&grant, presented.generation).await?;
        let tokens = GrantedTokens {
            client,
            refresh: RefreshToken { grant: presented.grant, generation },
            scopes,
            audience,
            nonce: None,
        };
        Ok(self.issue(&tokens, &signed_in)?)
    }

    /// The number of the next refresh token.
    async fn rotate(&self, grant: &Grant, presented: i64) -> Result<i64, OAuthError> {
        let now = self.ports.clock.now();
        let mut current = grant.clone();
        if presented == grant.generation {
            if self.database.rotate_grant(&grant.id, presented, now).await? {
                return Ok(presented.saturating_add(1));
            }
            // Another request has just replaced it, or ended the grant.
            current = self.database.find_grant(&grant.id).await?.ok_or(refused_refresh())?;
        }
        let is_predecessor = presented.saturating_add(1) == current.generation;
        if is_predecessor && now.seconds_since(current.rotated_at) <= GRACE {
            return Ok(current.generation);
        }
        self.database.revoke_grant(&grant.id).await?;
        tracing::warn!(client = %grant.client_id, session = %grant.session_id, "refresh token reused");
        Err(refused_refresh())
    }

    /// The session of a grant, which counts as used.
    async fn session_of(&self, session_id: &str) -> Result<Option<SignedIn>, InternalError> {
        let Some(handle) = parse_session_id(session_id) else { return Ok(None) };
        let active = self.sessions.resolve(&handle, Renewal::WhenDue).await?;
        Ok(active.map(|active| active.signed_in))
    }

    fn issue(
        &self,
        granted: &GrantedTokens<'_>,
        signed_in: &SignedIn,
    ) -> Result<IssuedTokens, InternalError> {
        let access_token = self.tokens.issue_access_token(
            signed_in,
            &AccessTokenRequest {
                client_id: &granted.client.id,
                grant_id: &granted.refresh.grant.to_string(),
                scopes: &granted.scopes,
                audience: granted.audience.as_deref(),
            },
        )?;
        let id_token = granted.scopes.has(Scope::OpenId).then(|| {
            self.tokens.issue_id_token(
                signed_in,
                &IdTokenRequest {
                    client_id: &granted.client.id,
                    nonce: granted.nonce.as_deref(),
                    scopes: &granted.scopes,
                },
            )
        });
        let has_refresh =
            granted.client.kind() == ClientKind::Browser || granted.scopes.has(Scope::OfflineAccess);
        let session = &signed_in.session;
        Ok(IssuedTokens {
            access_token,
            id_token: id_token.transpose()?,
            refresh_token: has_refresh.then(|| granted.refresh.encode(&self.secret)),
            refresh_lifetime: session.remembered.then(|| self.sessions.seconds_left(session)),
        })
    }
}

/// What tokens are issued for.
struct GrantedTokens<'a> {
    client: &'a Client,
    refresh: RefreshToken,
    scopes: Scopes,
    audience: Option<String>,
    nonce: Option<String>,
}

/// The scopes of a refresh: those granted, or fewer (RFC 6749 section 6).
fn narrowed(grant: &Grant, parameters: &Parameters) -> Result<Scopes, OAuthError> {
    let granted = Scopes::parse(&grant.scope);
    let Some(asked) = parameters.get("scope")? else { return Ok(granted) };
    let asked = Scopes::requested(Some(asked))?;
    if asked.is_within(&granted) {
        return Ok(asked);
    }
    let description =
        "A scope was not granted before. Send the reader to the authorization endpoint to ask for it.";
    Err(OAuthError::new(OAuthErrorCode::InvalidScope, description))
}

/// The audience of new tokens: the one that was granted, unless another is asked for. A client that asks readers for consent has
/// been allowed that one alone.
fn audience_of(
    client: &Client,
    wanted: Option<&Resource>,
    granted: Option<&str>,
) -> Result<Option<String>, OAuthError> {
    let refused = |description| Err(OAuthError::new(OAuthErrorCode::InvalidTarget, description));
    let granted = granted.map(str::to_owned);
    let audience = match wanted.cloned().map(Resource::into_audience) {
        None => granted,
        Some(wanted) if client.first_party || wanted == granted => wanted,
        Some(_) => return refused("This resource was not granted. Name it at the authorization endpoint."),
    };
    // The operator may have taken it from the client since.
    if audience.as_ref().is_some_and(|name| !client.audiences.contains(name)) {
        return refused("This client may not have tokens for that resource any more.");
    }
    Ok(audience)
}

/// Whether a verifier answers a challenge of S256 (RFC 7636 section 4.6).
fn is_verifier_of(verifier: &str, challenge: &str) -> bool {
    let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    computed.as_bytes().ct_eq(challenge.as_bytes()).into()
}

const fn refused_code() -> OAuthError {
    OAuthError::invalid_grant(
        "The code is unknown, used or older than a minute, or does not fit client_id, redirect_uri and code_verifier.",
    )
}

const fn refused_refresh() -> OAuthError {
    OAuthError::invalid_grant(
        "The refresh token is missing, used or another client's, or the reader has signed out.",
    )
}

impl Oidc {
    /// The refusal of a request to renew without a refresh token.
    pub fn nothing_to_refresh() -> OAuthError {
        refused_refresh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(is_verifier_of(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!is_verifier_of(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        ));
        assert!(!is_verifier_of(verifier, verifier), "a plain challenge is none");
    }
}
