//! Whose token is it?

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::SignedIn;

use super::{Tokens, VerifyError};
use crate::{Renewal, sessions};

/// A token that was believed.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The reader, and the session it was drawn from, which lives.
    pub signed_in: SignedIn,
    /// Its `jti`, which a service that signs with a shared secret may leave out.
    pub token_id: Option<String>,
    /// When it ends, in Unix seconds.
    pub ends_at: i64,
    /// Whether that is over.
    pub expired: bool,
}

/// Seconds for which an expired token may finish what it has begun.
pub const GRACE: i64 = 3600;
/// `typ` of an access token in JWT form (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";
/// The longest life of a token, in seconds.
const MAX_LIFETIME: i64 = 3600;
/// Seconds by which the clocks of two instances may differ.
const CLOCK_SKEW: i64 = 30;
/// The longest token looked at, in bytes.
const MAX_TOKEN: usize = 8192;
/// Tokens kept in memory whose signature has been judged.
const BELIEVED: usize = 10_000;

/// What a token says whose signature is right, and which is of our issuer, kind and audience.
#[derive(Debug)]
struct Claims {
    sub: String,
    sid: String,
    jti: Option<String>,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
}

/// Tokens whose signature was judged lately: judging takes longer than all the rest of many calls. Whether a session
/// lives and the time is right is asked anew each time.
#[derive(Debug, Default)]
pub(super) struct VerificationCache(Mutex<HashMap<[u8; 32], Arc<Claims>>>);

impl VerificationCache {
    fn tokens(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, hash: &[u8; 32]) -> Option<Arc<Claims>> {
        self.tokens().get(hash).cloned()
    }

    fn keep(&self, hash: [u8; 32], claims: &Arc<Claims>) {
        let mut tokens = self.tokens();
        if tokens.len() >= BELIEVED {
            tokens.clear();
        }
        tokens.insert(hash, Arc::clone(claims));
    }

    /// Every signature has to be judged again.
    pub(super) fn forget(&self) {
        self.tokens().clear();
    }
}

impl Tokens {
    /// Whose token this is, while the session it was drawn from lives.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<SignedIn, VerifyError> {
        let verified = self.verify_allow_expired(token).await?;
        if verified.expired { Err(VerifyError::Refused("time")) } else { Ok(verified.signed_in) }
    }

    /// The same, also up to [`GRACE`] seconds after it has expired, which is then said: what a token has begun, it may
    /// finish.
    ///
    /// The key alone settles the algorithm (RFC 8725 section 3.1); keys come from the own ring and the declared
    /// secrets only, picked by `kid`; header members that name other keys are not looked at.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn verify_allow_expired(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let claims = self.believed(token)?;
        let now = self.ports.clock.now().seconds();
        let in_time = claims.exp.saturating_add(GRACE) > now
            && claims.iat <= now + CLOCK_SKEW
            && claims.nbf.is_none_or(|nbf| nbf <= now + CLOCK_SKEW);
        if !in_time {
            return Err(VerifyError::Refused("time"));
        }
        let session = sessions::parse_session_id(&claims.sid).ok_or(VerifyError::Refused("session"))?;
        let living = self.sessions.resolve(&session, Renewal::Never).await?;
        let signed_in =
            living.map(|resolved| resolved.signed_in).ok_or(VerifyError::Refused("session ended"))?;
        if claims.sub != signed_in.user.id {
            return Err(VerifyError::Refused("subject"));
        }
        let (token_id, ends_at) = (claims.jti.clone(), claims.exp);
        Ok(VerifiedToken { signed_in, token_id, ends_at, expired: ends_at <= now })
    }

    /// What a token says, when everything about it is right that time does not change.
    fn believed(&self, token: &str) -> Result<Arc<Claims>, VerifyError> {
        let hash = Sha256::digest(token).into();
        if let Some(claims) = self.believed.find(&hash) {
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
        // A holder of a shared secret could sign what never ends; nothing of ours lives longer than this.
        if exp.saturating_sub(iat) > MAX_LIFETIME {
            return Err(VerifyError::Refused("time"));
        }
        // Ours have none; one that says so is still believed.
        let nbf = match claims.get("nbf") {
            None => None,
            Some(nbf) => Some(nbf.as_i64().ok_or(VerifyError::Refused("time"))?),
        };
        let sid = text("sid").ok_or(VerifyError::Refused("session"))?;
        let sub = text("sub").ok_or(VerifyError::Refused("subject"))?;
        let jti = text("jti").filter(|jti| !jti.is_empty());
        let claims = Arc::new(Claims { sub, sid, jti, iat, exp, nbf });
        self.believed.keep(hash, &claims);
        Ok(claims)
    }

    /// The claims of a token one of our keys signed, for an audience that key serves.
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
