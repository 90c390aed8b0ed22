//! The keys Bookplate signs with: made on first start, sealed in the database, held in memory.
//!
//! A new key is published for a while before it signs, so that who keeps the key set in a cache knows it by then; the one
//! before stays published until every token it signed has expired.

use contract::Timestamp;
use serde_json::{Map, Value, json};
use storage::{Database, StoredKey};

use crate::{Encrypted, InternalError, Ports, Secret, SigningKey};

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256: every library verifies it.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA of 2048 bits, PKCS #1 v1.5.
    Rs256,
    /// HMAC with a secret shared with one audience.
    Hs256,
}

impl Algorithm {
    /// The asymmetric ones, fit for the key ring.
    pub const ASYMMETRIC: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The JWA name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// The asymmetric algorithm of this name.
    pub fn asymmetric(name: &str) -> Option<Self> {
        Self::ASYMMETRIC.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Purpose under which private keys are sealed.
const PURPOSE: &str = "signing-key";

/// Seconds a key is published before it signs: twice as long as verifiers may keep the key set.
pub const PUBLISHED_AHEAD: i64 = 600;
/// Seconds after which no token lives that a key has signed before another took its place: the longest life of a token
/// and some for clocks that differ.
const TOKENS_GONE: i64 = 3600 + 60;

/// The keys that sign, now or soon, and the public part of every key that may have signed a living token.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// The newest first.
    signing: Vec<(Timestamp, SigningKey)>,
    published: Vec<PublicKey>,
}

/// A key as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The `kid`.
    pub kid: String,
    /// JWA name.
    pub algorithm: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to sign, or will.
    pub signs_from: Timestamp,
    /// What it does.
    pub state: KeyState,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and will sign.
    Waiting,
    /// It signs.
    Signing,
    /// It is published for the tokens it has signed.
    Retiring,
}

/// A published key.
#[derive(Debug)]
pub(crate) struct PublicKey {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    /// The whole JWK, JSON text.
    pub(crate) jwk: String,
}

impl KeyRing {
    /// Loads the keys, making the first one of `algorithm` when there is none that this secret opens.
    ///
    /// A key sealed under the secret before is sealed anew. One sealed under any other is left where it is and stays
    /// published, so tokens it signed still verify; a changed secret never keeps the service from signing.
    pub(crate) async fn open(
        database: &Database,
        ports: &Ports,
        secret: &Secret,
        algorithm: Algorithm,
    ) -> Result<Self, InternalError> {
        let ring = Self::load(database, ports, secret, algorithm).await?;
        let now = ports.clock.now();
        if ring.signing_at(now).is_some() {
            return Ok(ring);
        }
        let stored = database.signing_keys().await?;
        if newest(&stored, algorithm).is_some() {
            // Perhaps another program has made it in this very moment.
            let ring = Self::load(database, ports, secret, algorithm).await?;
            if ring.signing_at(now).is_some() {
                return Ok(ring);
            }
            tracing::warn!("no signing key opens with this secret; making a new one");
        }
        let made = make(ports, secret, algorithm, next_generation(&stored, algorithm), now)?;
        database.add_signing_key(&made).await?;
        let ring = Self::load(database, ports, secret, algorithm).await?;
        if ring.signing_at(now).is_none() {
            return Err(InternalError::Fault(
                "another process made the signing key under another secret".into(),
            ));
        }
        Ok(ring)
    }

    /// Reads the keys as they are now; those whose tokens are gone are removed.
    async fn load(
        database: &Database,
        ports: &Ports,
        secret: &Secret,
        algorithm: Algorithm,
    ) -> Result<Self, InternalError> {
        let now = ports.clock.now();
        let mut stored = database.signing_keys().await?;
        let gone: Vec<String> =
            stored.iter().filter(|key| is_gone(key, &stored, now)).map(|key| key.id.clone()).collect();
        for id in &gone {
            database.remove_signing_key(id).await?;
            tracing::info!(kid = %id, "the tokens of a signing key are gone, and it with them");
        }
        stored.retain(|key| !gone.contains(&key.id));
        let mut signing = Vec::new();
        for key in stored.iter().filter(|key| key.algorithm == algorithm.name()) {
            let Some((key_pair, outdated)) = unseal(key, algorithm, secret) else { continue };
            if outdated {
                let sealed = seal(&key.id, &key_pair.private, ports, secret)?;
                database.reseal_signing_key(&key.id, &sealed.0).await?;
            }
            signing.push((Timestamp::from_millis(key.signs_from), key_pair));
        }
        Ok(Self { signing, published: published(&stored) })
    }

    /// Adds a key that is published now and signs `ahead` seconds later. When one is waiting already, nothing is added;
    /// with no seconds to wait, that one signs now.
    pub(crate) async fn rotate(
        database: &Database,
        ports: &Ports,
        secret: &Secret,
        algorithm: Algorithm,
        ahead: i64,
    ) -> Result<bool, InternalError> {
        let now = ports.clock.now();
        let stored = database.signing_keys().await?;
        if let Some(waiting) = newest(&stored, algorithm).filter(|key| key.signs_from > now.millis()) {
            if ahead == 0 {
                database.activate_signing_key(&waiting.id, now.millis()).await?;
            }
            return Ok(ahead == 0);
        }
        let generation = next_generation(&stored, algorithm);
        let made = make(ports, secret, algorithm, generation, now.plus_seconds(ahead))?;
        let stored = database.add_signing_key(&made).await?;
        Ok(stored.iter().any(|key| key.id == made.id))
    }

    /// Every key and what it does.
    pub(crate) async fn list(database: &Database, ports: &Ports) -> Result<Vec<KeyInfo>, InternalError> {
        let now = ports.clock.now();
        let stored = database.signing_keys().await?;
        let status = |key: &StoredKey| {
            let superseded = stored.iter().any(|other| {
                other.algorithm == key.algorithm
                    && other.generation > key.generation
                    && other.signs_from <= now.millis()
            });
            let state = match key.signs_from > now.millis() {
                true => KeyState::Waiting,
                false if superseded => KeyState::Retiring,
                false => KeyState::Signing,
            };
            KeyInfo {
                kid: key.id.clone(),
                algorithm: key.algorithm.clone(),
                created_at: Timestamp::from_millis(key.created_at),
                signs_from: Timestamp::from_millis(key.signs_from),
                state,
            }
        };
        Ok(stored.iter().map(status).collect())
    }

    /// The key that signs at this moment.
    pub(crate) fn signing_at(&self, now: Timestamp) -> Option<&SigningKey> {
        // The first key of all signs at once, also by a clock that is a little behind the one it was made by.
        let begun = self.signing.iter().find(|(from, _)| *from <= now);
        begun.or(self.signing.last()).map(|(_, key)| key)
    }

    /// The JWK Set (RFC 7517 section 5), public members only.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<Value> =
            self.published.iter().filter_map(|key| serde_json::from_str(&key.jwk).ok()).collect();
        json!({ "keys": keys })
    }

    /// The published key with this id.
    pub(crate) fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.published.iter().find(|key| key.kid == kid)
    }
}

fn newest(stored: &[StoredKey], algorithm: Algorithm) -> Option<&StoredKey> {
    stored.iter().filter(|key| key.algorithm == algorithm.name()).max_by_key(|key| key.generation)
}

fn next_generation(stored: &[StoredKey], algorithm: Algorithm) -> i64 {
    newest(stored, algorithm).map_or(1, |key| key.generation.saturating_add(1))
}

/// Whether a newer key has been signing for so long that no token of this one lives.
fn is_gone(key: &StoredKey, stored: &[StoredKey], now: Timestamp) -> bool {
    stored.iter().any(|newer| {
        newer.algorithm == key.algorithm
            && newer.generation > key.generation
            && Timestamp::from_millis(newer.signs_from).plus_seconds(TOKENS_GONE) <= now
    })
}

/// The key, and whether the secret before this one had sealed it.
fn unseal(key: &StoredKey, algorithm: Algorithm, secret: &Secret) -> Option<(SigningKey, bool)> {
    let sealed = Encrypted(key.sealed_private_key.clone());
    let opened = secret.unseal(PURPOSE, &key.id, &sealed)?;
    Some((SigningKey { algorithm, kid: key.id.clone(), private: opened.plain }, opened.age.is_previous()))
}

fn seal(kid: &str, private: &[u8], ports: &Ports, secret: &Secret) -> Result<Encrypted, InternalError> {
    let sealed = secret.seal(PURPOSE, kid, private, ports.entropy.as_ref());
    sealed.ok_or_else(|| InternalError::Fault("the signing key could not be sealed".into()))
}

fn published(stored: &[StoredKey]) -> Vec<PublicKey> {
    let public = |key: &StoredKey| {
        let algorithm = Algorithm::asymmetric(&key.algorithm)?;
        Some(PublicKey { kid: key.id.clone(), algorithm, jwk: key.public_jwk.clone() })
    };
    stored.iter().filter_map(public).collect()
}

fn make(
    ports: &Ports,
    secret: &Secret,
    algorithm: Algorithm,
    generation: i64,
    signs_from: Timestamp,
) -> Result<StoredKey, InternalError> {
    let kid = ports.random_uuid().to_string();
    let pair = ports.signer.generate(algorithm)?;
    let mut jwk: Map<String, Value> = pair.public;
    jwk.insert("kid".into(), kid.clone().into());
    jwk.insert("use".into(), "sig".into());
    jwk.insert("alg".into(), algorithm.name().into());
    let sealed = seal(&kid, &pair.private, ports, secret)?;
    Ok(StoredKey {
        id: kid,
        algorithm: algorithm.name().to_owned(),
        generation,
        public_jwk: Value::Object(jwk).to_string(),
        sealed_private_key: sealed.0,
        created_at: ports.clock.now().millis(),
        signs_from: signs_from.millis(),
    })
}
