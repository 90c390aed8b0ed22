//! JWTs for the services that trust Bookplate.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Code, Problem, Problems, Questions};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::{Database, SignedIn};
use zeroize::Zeroizing;

use crate::{
    Algorithm, Failure, KeyStatus, Ports, Renewal, Secret, Sessions, SigningKey, key_ring::KeyRing, sessions,
};

/// How tokens are made.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `iss`, and the audience of a token nobody asked another for: the public origin.
    pub issuer: String,
    /// Seconds a token lives, at most an hour.
    pub lifetime: i64,
    /// What signs tokens of every audience without a secret of its own.
    pub algorithm: Algorithm,
    /// Who else tokens are made for.
    pub audiences: Vec<Audience>,
}

/// A service that tokens are made for.
#[derive(Debug, Clone)]
pub struct Audience {
    /// What `GET token?audience=` asks for.
    pub name: String,
    /// The `aud` claim; `None` sends none, the audience's own secret then binds the token to it.
    pub aud: Option<String>,
    /// What signs.
    pub key: AudienceKey,
}

/// What signs the tokens of an audience.
#[derive(Clone)]
pub enum AudienceKey {
    /// The published keys.
    Published,
    /// A secret the service shares, at least 32 bytes (RFC 7518 section 3.2).
    Shared {
        /// Signs.
        secret: Zeroizing<String>,
        /// Signed until lately; tokens from then are still known here.
        previous: Option<Zeroizing<String>>,
    },
}

/// Issues tokens and tells whose they are.
#[derive(Debug)]
pub struct Tokens {
    database: Database,
    ports: Ports,
    secret: Arc<Secret>,
    keys: RwLock<Arc<KeyRing>>,
    questions: Arc<Questions>,
    sessions: Sessions,
    settings: TokenSettings,
}

/// Why no token was issued.
#[derive(Debug)]
pub enum IssueError {
    /// The audience is not declared.
    UnknownAudience,
    /// Nothing was wrong with the request.
    Failure(Failure),
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum VerifyError {
    /// Forged, expired, of another kind, issuer or audience, or its session has ended. Never says which to a client.
    Refused(&'static str),
    /// Nothing can be said about the token.
    Failure(Failure),
}

/// A token that was believed.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The reader, and the session it was drawn from, which lives.
    pub signed_in: SignedIn,
    /// Its `jti`; empty without one.
    pub token_id: String,
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

impl Tokens {
    pub(crate) async fn open(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        questions: Arc<Questions>,
        sessions: Sessions,
        settings: TokenSettings,
    ) -> Result<Self, Failure> {
        let keys = KeyRing::open(&database, &ports, &secret, settings.algorithm).await?;
        let keys = RwLock::new(Arc::new(keys));
        Ok(Self { database, ports, secret, keys, questions, sessions, settings })
    }

    /// Reads the keys again: another process may have added one.
    ///
    /// # Errors
    /// [`Failure`]; then the keys stay as they were.
    pub async fn reload(&self) -> Result<(), Failure> {
        let keys = KeyRing::open(&self.database, &self.ports, &self.secret, self.settings.algorithm).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// Adds a key that is published now and signs `ahead` seconds later; `false` when one is waiting already.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn rotate(&self, ahead: i64) -> Result<bool, Failure> {
        let algorithm = self.settings.algorithm;
        let added = KeyRing::rotate(&self.database, &self.ports, &self.secret, algorithm, ahead).await?;
        self.reload().await?;
        Ok(added)
    }

    /// Every key and what it does.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn keys(&self) -> Result<Vec<KeyStatus>, Failure> {
        KeyRing::list(&self.database, &self.ports).await
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token for the reader of a living session, for the named audience or for Bookplate's own origin.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(&self, signed_in: &SignedIn, audience: Option<&str>) -> Result<String, IssueError> {
        let declared = match audience {
            Some(name) if name != self.settings.issuer => {
                let found = self.settings.audiences.iter().find(|audience| audience.name == name);
                Some(found.ok_or(IssueError::UnknownAudience)?)
            }
            _ => None,
        };
        let aud = declared.map_or(Some(&self.settings.issuer), |audience| audience.aud.as_ref());
        let claims = self.claims(signed_in, aud.map(String::as_str));
        let token = match declared.map(|audience| &audience.key) {
            Some(AudienceKey::Shared { secret, .. }) => {
                self.ports.signer.sign(&shared_key(secret), &claims)?
            }
            Some(AudienceKey::Published) | None => {
                let ring = self.ring();
                let key = ring.signing_at(self.ports.clock.now());
                let key = key.ok_or_else(|| Failure::Fault("there is no key to sign with".into()))?;
                self.ports.signer.sign(key, &claims)?
            }
        };
        tracing::debug!(user = %signed_in.user.id, audience, "token issued");
        Ok(token)
    }

    /// The JWK Set (RFC 7517 section 5).
    pub fn jwks(&self) -> Value {
        self.ring().jwks()
    }

    /// Whose token this is, while the session it was drawn from lives.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<SignedIn, VerifyError> {
        let verified = self.verify_late(token).await?;
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
    pub async fn verify_late(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let claims = self.signed_claims(token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        let now = self.ports.clock.now().seconds();
        if text("iss") != Some(&self.settings.issuer) {
            return Err(VerifyError::Refused("issuer"));
        }
        let ends_at =
            time("exp").filter(|exp| exp.saturating_add(GRACE) > now).ok_or(VerifyError::Refused("time"))?;
        if time("iat").is_none_or(|iat| iat > now + CLOCK_SKEW) {
            return Err(VerifyError::Refused("time"));
        }
        // A holder of a shared secret could sign what never ends; nothing of ours lives longer than this.
        let lives = time("exp").zip(time("iat")).map(|(exp, iat)| exp.saturating_sub(iat));
        if lives.is_none_or(|seconds| seconds > MAX_LIFETIME) {
            return Err(VerifyError::Refused("time"));
        }
        // Ours have none; one that says so is still believed.
        if claims.contains_key("nbf") && time("nbf").is_none_or(|nbf| nbf > now + CLOCK_SKEW) {
            return Err(VerifyError::Refused("time"));
        }
        let session = text("sid").and_then(sessions::named).ok_or(VerifyError::Refused("session"))?;
        let living = self.sessions.resolve(&session, Renewal::Never).await?;
        let signed_in =
            living.map(|resolved| resolved.signed_in).ok_or(VerifyError::Refused("session ended"))?;
        if text("sub") != Some(&signed_in.user.id) {
            return Err(VerifyError::Refused("subject"));
        }
        // A service that signs with a shared secret may leave it out; then nothing is known to have been begun with it.
        let token_id = text("jti").unwrap_or_default().to_owned();
        Ok(VerifiedToken { signed_in, token_id, ends_at, expired: ends_at <= now })
    }

    fn claims(&self, signed_in: &SignedIn, aud: Option<&str>) -> Map<String, Value> {
        let SignedIn { session, user } = signed_in;
        let now = self.ports.clock.now().seconds();
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        claim("iss", self.settings.issuer.as_str().into());
        if let Some(aud) = aud {
            claim("aud", aud.into());
        }
        claim("sub", user.id.as_str().into());
        claim("sid", session.id.as_str().into());
        claim("jti", self.ports.random_uuid().to_string().into());
        claim("iat", now.into());
        claim("exp", now.saturating_add(self.settings.lifetime).into());
        claim("email", user.email.as_str().into());
        claim("email_verified", user.email_verified.into());
        claim("name", user.name.as_str().into());
        claims.extend(user.answers.object(&self.questions));
        claims
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

    /// The key a `kid` names, its algorithm, and the `aud` of the tokens of it that are accepted here.
    fn key<'a>(&'a self, ring: &'a KeyRing, kid: &str) -> Option<(Algorithm, &'a [u8], Option<&'a str>)> {
        if let Some(published) = ring.find(kid) {
            return Some((published.algorithm, published.jwk.as_bytes(), Some(&self.settings.issuer)));
        }
        self.settings.audiences.iter().find_map(|audience| {
            let AudienceKey::Shared { secret, previous } = &audience.key else { return None };
            let named =
                [Some(secret), previous.as_ref()].into_iter().flatten().find(|it| shared_kid(it) == kid);
            named.map(|secret| (Algorithm::Hs256, secret.as_bytes(), audience.aud.as_deref()))
        })
    }
}

fn header(token: &str) -> Option<Map<String, Value>> {
    let (header, _) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

fn shared_key(secret: &Zeroizing<String>) -> SigningKey {
    let private = Zeroizing::new(secret.as_bytes().to_vec());
    SigningKey { algorithm: Algorithm::Hs256, kid: shared_kid(secret), private }
}

/// Names a shared secret without telling it, so that a service holding two knows which to use.
fn shared_kid(secret: &str) -> String {
    let digest: [u8; 32] = Sha256::new().chain_update("kid:").chain_update(secret).finalize().into();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for AudienceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Published => "Published",
            Self::Shared { .. } => "Shared(..)",
        })
    }
}

impl<E: Into<Failure>> From<E> for IssueError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl<E: Into<Failure>> From<E> for VerifyError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl From<IssueError> for Problems {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::UnknownAudience => Problem::on(Code::UnknownAudience, "audience").into(),
            IssueError::Failure(failure) => failure.into(),
        }
    }
}

impl From<VerifyError> for Problems {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Refused(why) => {
                tracing::info!(why, "token refused");
                Problem::new(Code::InvalidToken).into()
            }
            VerifyError::Failure(failure) => failure.into(),
        }
    }
}
