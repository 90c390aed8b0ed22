//! The keys Bookplate signs with: made on first start, sealed in the database, held in memory.

use contract::Timestamp;
use serde_json::{Map, Value, json};
use storage::{Database, StoredKey};

use crate::{Failure, Ports, Sealed, Secret, SigningKey};

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

/// The key that signs, and the public part of every key that may have signed a living token.
#[derive(Debug)]
pub(crate) struct KeyRing {
    pub(crate) signing: SigningKey,
    published: Vec<PublicKey>,
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
    /// A key sealed under another secret is left where it is and stays published, so tokens it signed still verify; a
    /// changed secret never keeps the service from signing.
    pub(crate) async fn open(
        database: &Database,
        ports: &Ports,
        secret: &Secret,
        algorithm: Algorithm,
    ) -> Result<Self, Failure> {
        let stored = database.signing_keys().await?;
        if let Some(signing) = newest(&stored, algorithm).and_then(|key| unseal(key, algorithm, secret)) {
            return Ok(Self { signing, published: published(&stored) });
        }
        let generation = newest(&stored, algorithm).map_or(1, |key| key.generation.saturating_add(1));
        if generation > 1 {
            tracing::warn!("the signing key was sealed under another secret; making a new one");
        }
        let made = make(ports, secret, algorithm, generation)?;
        let stored = database.add_signing_key(&made).await?;
        let signing =
            newest(&stored, algorithm).and_then(|key| unseal(key, algorithm, secret)).ok_or_else(|| {
                Failure::Fault("another process made the signing key under another secret".into())
            })?;
        Ok(Self { signing, published: published(&stored) })
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

fn unseal(key: &StoredKey, algorithm: Algorithm, secret: &Secret) -> Option<SigningKey> {
    let private = secret.open(PURPOSE, &key.id, &Sealed(key.sealed_private_key.clone()))?;
    Some(SigningKey { algorithm, kid: key.id.clone(), private })
}

fn published(stored: &[StoredKey]) -> Vec<PublicKey> {
    let public = |key: &StoredKey| {
        let algorithm = Algorithm::asymmetric(&key.algorithm)?;
        Some(PublicKey { kid: key.id.clone(), algorithm, jwk: key.public_jwk.clone() })
    };
    stored.iter().filter_map(public).collect()
}

fn make(ports: &Ports, secret: &Secret, algorithm: Algorithm, generation: i64) -> Result<StoredKey, Failure> {
    let kid = ports.random_uuid().to_string();
    let pair = ports.signer.generate(algorithm)?;
    let mut jwk: Map<String, Value> = pair.public;
    jwk.insert("kid".into(), kid.clone().into());
    jwk.insert("use".into(), "sig".into());
    jwk.insert("alg".into(), algorithm.name().into());
    let sealed = secret
        .seal(PURPOSE, &kid, &pair.private, ports.entropy.as_ref())
        .ok_or_else(|| Failure::Fault("the signing key could not be sealed".into()))?;
    let created_at: Timestamp = ports.clock.now();
    Ok(StoredKey {
        id: kid,
        algorithm: algorithm.name().to_owned(),
        generation,
        public_jwk: Value::Object(jwk).to_string(),
        sealed_private_key: sealed.0,
        created_at: created_at.millis(),
    })
}
