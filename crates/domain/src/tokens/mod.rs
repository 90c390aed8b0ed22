//! JWTs for services that trust Bookplate.

mod issue;
mod resources;
mod scopes;
mod verification_cache;
mod verify;

pub use issue::AccessToken;
pub(crate) use issue::{AccessTokenRequest, IdTokenRequest};
pub(crate) use resources::Resource;
pub use scopes::{ConversationAccess, READ_CONVERSATIONS, WRITE_CONVERSATIONS};
pub use verify::VerifiedToken;

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use contract::{Code, Problem, Problems, Questions, Reason};
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::Database;
use zeroize::Zeroizing;

use self::verification_cache::VerificationCache;
use crate::{
    Algorithm, InternalError, KeyInfo, PUBLISHED_AHEAD, Ports, Secret, Sessions, SigningKey,
    key_ring::KeyRing,
};

/// Seconds for which loaded keys are used without looking for changes; somewhat more than the pause of maintenance, which
/// loads them too.
const KEYS_FRESH: i64 = 75;
const DAY: i64 = 86_400;

/// Settings of tokens.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `iss` and the default audience: the public origin.
    pub issuer: String,
    /// The lifetime in seconds, at most an hour.
    pub lifetime: i64,
    /// The algorithm for audiences without a shared secret.
    pub algorithm: Algorithm,
    /// Days for which a key signs; `None` until the operator rotates it.
    pub rotation_days: Option<u32>,
    /// The declared audiences.
    pub audiences: Vec<Audience>,
}

/// A service that accepts tokens.
#[derive(Debug, Clone)]
pub struct Audience {
    /// The name in `GET token?audience=`.
    pub name: String,
    /// The `aud` claim; `None` for none, when only the shared secret binds the token to the audience.
    pub aud: Option<String>,
    /// The key that signs.
    pub key: AudienceKey,
    /// What its tokens may do with conversations. Decided when a token is issued and again when it is presented.
    pub conversations: ConversationAccess,
    /// Whose conversations a token opens that names a client.
    pub conversations_of: ConversationsOf,
}

/// The conversations that a token with a `client_id` opens. One without opens all of its reader's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConversationsOf {
    /// Those of its client.
    #[default]
    Client,
    /// All of its reader's.
    All,
}

/// The key that signs an audience's tokens.
#[derive(Clone)]
pub enum AudienceKey {
    /// The key ring, published as a JWK Set.
    Published,
    /// A secret shared with the service, at least 32 bytes (RFC 7518 section 3.2).
    Shared {
        /// Signs new tokens.
        secret: Zeroizing<String>,
        /// The secret before, whose tokens are still accepted.
        previous: Option<Zeroizing<String>>,
    },
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    database: Database,
    ports: Ports,
    secret: Arc<Secret>,
    keys: RwLock<Arc<KeyRing>>,
    /// When the keys were loaded last, in Unix seconds.
    loaded_at: AtomicI64,
    reloading: tokio::sync::Mutex<()>,
    questions: Arc<Questions>,
    sessions: Sessions,
    settings: TokenSettings,
    verified: VerificationCache,
}

/// Why no token was issued.
#[derive(Debug)]
pub enum IssueError {
    /// The audience is not declared.
    UnknownAudience,
    /// The server failed.
    Failure(InternalError),
}

/// Why a token was refused.
#[derive(Debug)]
pub enum VerifyError {
    /// Forged, expired, of another type, issuer or audience, or its session has ended. The reason is for the log: clients
    /// must not learn it.
    Refused(&'static str),
    /// The token is good, but for a declared audience whose tokens open no conversations.
    OpensNoConversations {
        /// The name of the audience.
        audience: String,
    },
    /// The token is good, but without these scopes.
    NeedsScope(&'static str),
    /// The server failed.
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
        let loaded_at = AtomicI64::new(ports.clock.now().seconds());
        let (reloading, verified) = (tokio::sync::Mutex::default(), VerificationCache::default());
        Ok(Self {
            database,
            ports,
            secret,
            keys,
            loaded_at,
            reloading,
            questions,
            sessions,
            settings,
            verified,
        })
    }

    /// Loads the keys again, because another process may have added one.
    #[tracing::instrument(name = "tokens.reload", level = "debug", skip_all)]
    pub async fn reload(&self) -> Result<(), InternalError> {
        let now = self.ports.clock.now().seconds();
        let keys = KeyRing::open(&self.database, &self.ports, &self.secret, self.settings.algorithm).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.loaded_at.store(now, Ordering::SeqCst);
        // The keys of cached tokens may be gone.
        self.verified.clear();
        Ok(())
    }

    /// Loads the keys again when they were loaded more than [`KEYS_FRESH`] seconds ago, so that a key that was removed while
    /// nobody was there is not used by the first who comes back. When the database fails, the keys stay as they are.
    pub async fn reload_if_stale(&self) {
        let is_stale =
            || self.ports.clock.now().seconds() - self.loaded_at.load(Ordering::SeqCst) > KEYS_FRESH;
        if !is_stale() {
            return;
        }
        // Whoever comes meanwhile waits for the same keys.
        let _reloading = self.reloading.lock().await;
        if is_stale()
            && let Err(error) = self.reload().await
        {
            self.loaded_at.store(self.ports.clock.now().seconds(), Ordering::SeqCst);
            tracing::warn!(%error, "the signing keys cannot be loaded again");
        }
    }

    /// Adds a key that is published now and signs in `ahead` seconds; `false` when another is waiting already.
    #[tracing::instrument(name = "tokens.rotate", level = "debug", skip_all)]
    pub async fn rotate(&self, ahead: i64) -> Result<bool, InternalError> {
        let algorithm = self.settings.algorithm;
        let added = KeyRing::rotate(&self.database, &self.ports, &self.secret, algorithm, ahead).await?;
        self.reload().await?;
        Ok(added)
    }

    /// Adds a key when the newest one has signed for as long as the settings say. Of several processes one succeeds.
    pub(crate) async fn rotate_when_due(&self) -> Result<(), InternalError> {
        let Some(days) = self.settings.rotation_days else { return Ok(()) };
        let age = i64::from(days) * DAY - PUBLISHED_AHEAD;
        let is_due = self
            .ring()
            .newest_signs_from()
            .is_some_and(|from| self.ports.clock.now().seconds_since(from) >= age);
        if is_due && self.rotate(PUBLISHED_AHEAD).await? {
            tracing::info!("a new signing key is published, and signs in ten minutes");
        }
        Ok(())
    }

    /// Every key with its state.
    #[tracing::instrument(name = "tokens.keys", level = "debug", skip_all)]
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, InternalError> {
        KeyRing::list(&self.database, &self.ports).await
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The JWK Set (RFC 7517 section 5).
    pub fn jwks(&self) -> Value {
        self.ring().jwks()
    }

    /// The key of a `kid`.
    fn key<'k, 's: 'k>(&'s self, ring: &'k KeyRing, kid: &str) -> Option<VerificationKey<'k, 's>> {
        if let Some(published) = ring.find(kid) {
            let key = published.jwk.as_bytes();
            return Some(VerificationKey { algorithm: published.algorithm, key, shared_with: None });
        }
        self.settings.audiences.iter().find_map(|audience| {
            let AudienceKey::Shared { secret, previous } = &audience.key else { return None };
            let found =
                [Some(secret), previous.as_ref()].into_iter().flatten().find(|it| shared_kid(it) == kid);
            let algorithm = Algorithm::Hs256;
            found.map(|secret| VerificationKey {
                algorithm,
                key: secret.as_bytes(),
                shared_with: Some(audience),
            })
        })
    }
}

/// The key that a `kid` names.
struct VerificationKey<'k, 's> {
    algorithm: Algorithm,
    key: &'k [u8],
    /// The audience that has the secret; `None` for a published key.
    shared_with: Option<&'s Audience>,
}

fn shared_key(secret: &Zeroizing<String>) -> SigningKey {
    let private = Zeroizing::new(secret.as_bytes().to_vec());
    SigningKey { algorithm: Algorithm::Hs256, kid: shared_kid(secret), private }
}

/// The `kid` of a shared secret, so that a service with two of them knows which to use: the first 8 bytes of a SHA-256.
fn shared_kid(secret: &str) -> String {
    let digest = Sha256::new().chain_update("kid:").chain_update(secret).finalize();
    hex::encode(digest).get(..16).unwrap_or_default().to_owned()
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
            VerifyError::Refused(reason) => {
                tracing::info!(reason, "token refused");
                Problem::new(Code::InvalidToken).into()
            }
            VerifyError::OpensNoConversations { audience } => {
                tracing::info!(audience, reason = "opens no conversations", "token refused");
                let reason = Some(Reason::OpensNoConversations { audience });
                Problem { reason, ..Problem::new(Code::InvalidToken) }.into()
            }
            VerifyError::NeedsScope(needed) => {
                let reason = Some(Reason::Scope { needed });
                Problem { reason, ..Problem::new(Code::InsufficientScope) }.into()
            }
            VerifyError::Failure(failure) => failure.into(),
        }
    }
}
