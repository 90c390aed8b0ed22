//! Signatures without asymmetric arithmetic.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Algorithm, Entropy, KeyPair, Signer, SignerError, SigningKey};
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// HMAC-SHA-256 whatever the algorithm is called, so the rules of tokens can be tested without slow keys.
///
/// The "public" key can sign as well; that signatures keep what they promise is tested where the real signer is.
pub struct TestSigner(Arc<dyn Entropy>);

impl TestSigner {
    /// A signer that draws its keys from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self(entropy)
    }

    /// A token in compact form with exactly this header, for tests that forge one.
    pub fn token(header: &Value, claims: &Map<String, Value>, key: &[u8]) -> String {
        let encoded = |part: String| URL_SAFE_NO_PAD.encode(part);
        let signed =
            format!("{}.{}", encoded(header.to_string()), encoded(Value::Object(claims.clone()).to_string()));
        let signature = URL_SAFE_NO_PAD.encode(mac(key, &signed));
        format!("{signed}.{signature}")
    }

    /// What signs tokens under a published key, given its JWK.
    pub fn key_of(jwk: &Value) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(jwk.get("x")?.as_str()?).ok()
    }
}

impl Signer for TestSigner {
    fn generate(&self, _: Algorithm) -> Result<KeyPair, SignerError> {
        let mut private = Zeroizing::new(vec![0; 32]);
        self.0.fill(&mut private);
        let public = json!({ "kty": "TEST", "x": URL_SAFE_NO_PAD.encode(shared_half(&private)) });
        let Value::Object(public) = public else { return Err(refused("no object")) };
        Ok(KeyPair { private, public })
    }

    fn sign(&self, key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String, SignerError> {
        let header = json!({ "typ": typ, "alg": key.algorithm.name(), "kid": key.kid });
        Ok(match key.algorithm {
            Algorithm::Hs256 => Self::token(&header, claims, &key.private),
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Rs256 => {
                Self::token(&header, claims, &shared_half(&key.private))
            }
        })
    }

    fn verify(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &[u8],
    ) -> Result<Map<String, Value>, SignerError> {
        let key = match algorithm {
            Algorithm::Hs256 => key.to_vec(),
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Rs256 => {
                let jwk = serde_json::from_slice(key).map_err(|_| refused("not a JWK"))?;
                Self::key_of(&jwk).ok_or_else(|| refused("not a JWK of this signer"))?
            }
        };
        let (signed, signature) = token.rsplit_once('.').ok_or_else(|| refused("form"))?;
        let (header, claims) = signed.split_once('.').ok_or_else(|| refused("form"))?;
        if part(header)?.get("alg").and_then(Value::as_str) != Some(algorithm.name()) {
            return Err(refused("algorithm"));
        }
        if URL_SAFE_NO_PAD.encode(mac(&key, signed)) != signature {
            return Err(refused("signature"));
        }
        part(claims)
    }
}

/// What stands in for the public key: it does not tell the private one.
fn shared_half(private: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update("public:").chain_update(private).finalize().into()
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn part(encoded: &str) -> Result<Map<String, Value>, SignerError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| refused("encoding"))?;
    serde_json::from_slice(&bytes).map_err(|_| refused("not an object"))
}

fn refused(why: &str) -> SignerError {
    SignerError(why.to_owned())
}
