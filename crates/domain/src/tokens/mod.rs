//! JWTs for the services that trust Bookplate.

mod verify;

pub use verify::VerifiedToken;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use contract::{Code, Problem, Problems, Questions};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use storage::{Database, SignedIn};
use zeroize::Zeroizing;

use self::verify::VerificationCache;
use crate::{Algorithm, InternalError, KeyInfo, Ports, Secret, Sessions, SigningKey, key_ring::KeyRing};

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
    believed: VerificationCache,
}

/// Why no token was issued.
#[derive(Debug)]
pub enum IssueError {
    /// The audience is not declared.
    UnknownAudience,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum VerifyError {
    /// Forged, expired, of another kind, issuer or audience, or its session has ended. Never says which to a client.
    Refused(&'static str),
    /// Nothing can be said about the token.
    Failure(InternalError),
}

impl Tokens {
    pub(crate) async fn open(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        questions: Arc<Questions>,
        sessions: Sessions,
        settings: TokenSettings,
    ) -> Result<Self, InternalError> {
        let keys = KeyRing::open(&database, &ports, &secret, settings.algorithm).await?;
        let keys = RwLock::new(Arc::new(keys));
        let believed = VerificationCache::default();
        Ok(Self { database, ports, secret, keys, questions, sessions, settings, believed })
    }

    /// Reads the keys again: another process may have added one.
    ///
    /// # Errors
    /// [`InternalError`]; then the keys stay as they were.
    pub async fn reload(&self) -> Result<(), InternalError> {
        let keys = KeyRing::open(&self.database, &self.ports, &self.secret, self.settings.algorithm).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        // A key may be gone that signed what is believed.
        self.believed.forget();
        Ok(())
    }

    /// Adds a key that is published now and signs `ahead` seconds later; `false` when one is waiting already.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn rotate(&self, ahead: i64) -> Result<bool, InternalError> {
        let algorithm = self.settings.algorithm;
        let added = KeyRing::rotate(&self.database, &self.ports, &self.secret, algorithm, ahead).await?;
        self.reload().await?;
        Ok(added)
    }

    /// Every key and what it does.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, InternalError> {
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
                let key = key.ok_or_else(|| InternalError::Fault("there is no key to sign with".into()))?;
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

impl<E: Into<InternalError>> From<E> for IssueError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl<E: Into<InternalError>> From<E> for VerifyError {
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
