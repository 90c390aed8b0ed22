//! Verification of tokens.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::SignedIn;

use super::{Tokens, VerifyError, verification_cache::Claims};
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
    /// Verifies a token and its session.
    #[tracing::instrument(name = "tokens.verify", level = "debug", skip_all)]
    pub async fn verify(&self, token: &str) -> Result<SignedIn, VerifyError> {
        let verified = self.verify_allow_expired(token).await?;
        if verified.expired { Err(VerifyError::Refused("time")) } else { Ok(verified.signed_in) }
    }

    /// Verifies a token and its session, and accepts it up to [`GRACE`] seconds after it has expired.
    ///
    /// The key determines the algorithm (RFC 8725 section 3.1). Keys come only from the key ring and the declared secrets,
    /// by `kid`; header members that carry other keys are ignored.
    #[tracing::instrument(name = "tokens.verify_allow_expired", level = "debug", skip_all)]
    pub async fn verify_allow_expired(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let claims = self.claims_of(token)?;
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
        Ok(VerifiedToken { signed_in, token_id, ends_at, expired: ends_at <= now })
    }

    /// The claims, after every check whose result does not change with time.
    fn claims_of(&self, token: &str) -> Result<Arc<Claims>, VerifyError> {
        let hash = Sha256::digest(token).into();
        if let Some(claims) = self.verified.find(&hash) {
            return Ok(claims);
        }
        let claims = self.signed_claims(token)?;
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
        // Bookplate issues none, but services that share a secret may.
        let nbf = match claims.get("nbf") {
            None => None,
            Some(nbf) => Some(nbf.as_i64().ok_or(VerifyError::Refused("time"))?),
        };
        let sid = text("sid").ok_or(VerifyError::Refused("session"))?;
        let sub = text("sub").ok_or(VerifyError::Refused("subject"))?;
        let jti = text("jti").filter(|jti| !jti.is_empty());
        let claims = Arc::new(Claims { sub, sid, jti, iat, exp, nbf });
        self.verified.insert(hash, &claims);
        Ok(claims)
    }

    /// The claims of a token with a valid signature, for an audience of the key that signed it.
    fn signed_claims(&self, token: &str) -> Result<Map<String, Value>, VerifyError> {
        let header = header(token).ok_or(VerifyError::Refused("form"))?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if text("typ") != Some(TYPE) || header.contains_key("crit") {
            return Err(VerifyError::Refused("kind"));
        }
        let kid = text("kid").ok_or(VerifyError::Refused("key"))?;
        let ring = self.ring();
        let (algorithm, key, aud) = self.key(&ring, kid).ok_or(VerifyError::Refused("key"))?;
        let claims = self.ports.signer.verify(token, algorithm, key);
        let claims = claims.map_err(|_| VerifyError::Refused("signature"))?;
        if claims.get("aud").and_then(Value::as_str) != aud {
            return Err(VerifyError::Refused("audience"));
        }
        Ok(claims)
    }
}

fn header(token: &str) -> Option<Map<String, Value>> {
    let (header, _) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}
