//! Signing keys: generated on first start, stored encrypted, held in memory.
//!
//! A new key is published before it signs, so that verifiers with a cached key set know it by then. The previous key stays
//! published until every token that it signed has expired.

use contract::Timestamp;
use serde_json::{Map, Value, json};
use storage::{Database, StoredKey};

use crate::{Algorithm, Encrypted, InternalError, Ports, Secret, SigningKey};

/// The purpose of the key that encrypts private keys.
const PURPOSE: &str = "signing-key";

/// Seconds from publication to first use of a key: twice the time for which verifiers may cache the key set.
pub const PUBLISHED_AHEAD: i64 = 600;
/// Seconds after which every token of a superseded key has expired: the longest lifetime of a token and clock skew.
const RETIREMENT: i64 = 3600 + 60;

/// The private keys of one algorithm, and the public keys of all tokens that may be valid.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// With the time from which each signs, the newest first.
    signing: Vec<(Timestamp, SigningKey)>,
    published: Vec<PublicKey>,
}

/// A key as shown to the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The `kid`.
    pub kid: String,
    /// JWA name.
    pub algorithm: String,
    /// When it was generated.
    pub created_at: Timestamp,
    /// The time from which it signs.
    pub signs_from: Timestamp,
    /// Its state.
    pub state: KeyState,
}

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, not signing yet.
    Waiting,
    /// Signs new tokens.
    Signing,
    /// Superseded; published for the tokens that it signed.
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
    /// Loads the keys, and generates one of `algorithm` when there is none that the secret decrypts.
    ///
    /// A key encrypted under the previous secret is encrypted again. A key of any other secret stays published, so that its
    /// tokens still verify; a changed secret never keeps the server from signing.
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
            // Another process may have generated it just now.
            let ring = Self::load(database, ports, secret, algorithm).await?;
            if ring.signing_at(now).is_some() {
                return Ok(ring);
            }
            tracing::warn!("no signing key can be decrypted with this secret; generating a new one");
        }
        let generated = generate(ports, secret, algorithm, next_generation(&stored, algorithm), now)?;
        database.add_signing_key(&generated).await?;
        let ring = Self::load(database, ports, secret, algorithm).await?;
        if ring.signing_at(now).is_none() {
            return Err(InternalError::Fault(
                "another process made the signing key under another secret".into(),
            ));
        }
        Ok(ring)
    }

    /// Reads the keys, and removes those whose tokens have all expired.
    async fn load(
        database: &Database,
        ports: &Ports,
        secret: &Secret,
        algorithm: Algorithm,
    ) -> Result<Self, InternalError> {
        let now = ports.clock.now();
        let mut stored = database.signing_keys().await?;
        let expired: Vec<String> =
            stored.iter().filter(|key| is_expired(key, &stored, now)).map(|key| key.id.clone()).collect();
        for id in &expired {
            database.remove_signing_key(id).await?;
            tracing::info!(kid = %id, "a signing key was removed: every token that it signed has expired");
        }
        stored.retain(|key| !expired.contains(&key.id));
        let mut signing = Vec::new();
        for key in stored.iter().filter(|key| key.algorithm == algorithm.name()) {
            let Some((key_pair, outdated)) = unseal(key, algorithm, secret) else { continue };
            if outdated {
                let encrypted = seal(&key.id, &key_pair.private, ports, secret)?;
                database.reseal_signing_key(&key.id, &encrypted.0).await?;
            }
            signing.push((Timestamp::from_millis(key.signs_from), key_pair));
        }
        Ok(Self { signing, published: published(&stored) })
    }

    /// Adds a key that signs in `ahead` seconds; `false` when another is waiting already. With `ahead` 0, a waiting key
    /// signs at once instead.
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
        let generated = generate(ports, secret, algorithm, generation, now.plus_seconds(ahead))?;
        let stored = database.add_signing_key(&generated).await?;
        Ok(stored.iter().any(|key| key.id == generated.id))
    }

    pub(crate) async fn list(database: &Database, ports: &Ports) -> Result<Vec<KeyInfo>, InternalError> {
        let now = ports.clock.now();
        let stored = database.signing_keys().await?;
        let info = |key: &StoredKey| {
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
        Ok(stored.iter().map(info).collect())
    }

    /// When the newest key of the algorithm began or begins to sign.
    pub(crate) fn newest_signs_from(&self) -> Option<Timestamp> {
        self.signing.first().map(|(from, _)| *from)
    }

    /// The key that signs at a time.
    pub(crate) fn signing_at(&self, now: Timestamp) -> Option<&SigningKey> {
        // The very first key signs at once, even if another process with a clock ahead generated it.
        let current = self.signing.iter().find(|(from, _)| *from <= now);
        current.or(self.signing.last()).map(|(_, key)| key)
    }

    /// The JWK Set (RFC 7517 section 5), public members only.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<Value> =
            self.published.iter().filter_map(|key| serde_json::from_str(&key.jwk).ok()).collect();
        json!({ "keys": keys })
    }

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

/// Whether a newer key has been signing for longer than tokens live.
fn is_expired(key: &StoredKey, stored: &[StoredKey], now: Timestamp) -> bool {
    stored.iter().any(|newer| {
        newer.algorithm == key.algorithm
            && newer.generation > key.generation
            && Timestamp::from_millis(newer.signs_from).plus_seconds(RETIREMENT) <= now
    })
}

/// Decrypts a key. The flag says whether the previous secret encrypted it.
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

fn generate(
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
