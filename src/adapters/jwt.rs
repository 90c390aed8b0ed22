//! Key pairs and JWTs, with aws-lc behind jsonwebtoken.

use aws_lc_rs::{
    encoding::AsDer,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Algorithm, KeyPair, Signer, SignerError, SigningKey};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use pkcs8::PrivateKeyInfo;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// Signs and verifies with aws-lc.
#[derive(Debug, Clone, Copy)]
pub struct JwtSigner;

impl Signer for JwtSigner {
    fn generate(&self, algorithm: Algorithm) -> Result<KeyPair, SignerError> {
        let (private, public) = match algorithm {
            Algorithm::Es256 => generate_p256()?,
            Algorithm::EdDsa => generate_ed25519()?,
            Algorithm::Rs256 => generate_rsa()?,
            Algorithm::Hs256 => return Err(SignerError("a shared secret is not generated here".into())),
        };
        let Value::Object(public) = public else { return Err(SignerError("not a JWK".into())) };
        Ok(KeyPair { private, public })
    }

    fn sign(&self, key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String, SignerError> {
        let mut header = Header::new(jws(key.algorithm));
        header.typ = Some(typ.into());
        header.kid = Some(key.kid.clone());
        let encoding = match key.algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_der(&key.private),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&key.private),
            Algorithm::Rs256 => EncodingKey::from_rsa_der(rsa_private_key(&key.private)?),
            Algorithm::Hs256 => EncodingKey::from_secret(&key.private),
        };
        jsonwebtoken::encode(&header, claims, &encoding).map_err(refused)
    }

    fn verify(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &[u8],
    ) -> Result<Map<String, Value>, SignerError> {
        let decoding = if algorithm == Algorithm::Hs256 {
            DecodingKey::from_secret(key)
        } else {
            let jwk: Jwk = serde_json::from_slice(key).map_err(|error| SignerError(error.to_string()))?;
            DecodingKey::from_jwk(&jwk).map_err(refused)?
        };
        let mut validation = Validation::new(jws(algorithm));
        // Times, issuer and audience are the domain's to judge, by its own clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &decoding, &validation).map(|data| data.claims).map_err(refused)
    }
}

const fn jws(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
    }
}

type Generated = (Zeroizing<Vec<u8>>, Value);

fn generate_p256() -> Result<Generated, SignerError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(unspecified)?;
    let private = pair.to_pkcs8v1().map_err(unspecified)?;
    // RFC 5480 section 2.2: 0x04, then x and y of 32 bytes each.
    let point = pair.public_key().as_ref();
    let (x, y) = point.get(1..).and_then(|point| point.split_at_checked(32)).ok_or_else(malformed)?;
    let public = json!({ "kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y) });
    Ok((Zeroizing::new(private.as_ref().to_vec()), public))
}

fn generate_ed25519() -> Result<Generated, SignerError> {
    let pair = Ed25519KeyPair::generate().map_err(unspecified)?;
    let private = pair.to_pkcs8v1().map_err(unspecified)?;
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key().as_ref()) });
    Ok((Zeroizing::new(private.as_ref().to_vec()), public))
}

fn generate_rsa() -> Result<Generated, SignerError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unspecified)?;
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(unspecified)?;
    let public = pair.public_key();
    let modulus = public.modulus().big_endian_without_leading_zero();
    let exponent = public.exponent().big_endian_without_leading_zero();
    let jwk = json!({ "kty": "RSA", "n": encoded(modulus), "e": encoded(exponent) });
    Ok((Zeroizing::new(private.as_ref().to_vec()), jwk))
}

/// The key of RFC 8017 inside its PKCS #8 wrapping (RFC 5208 section 5), which jsonwebtoken does not take off.
fn rsa_private_key(pkcs8: &[u8]) -> Result<&[u8], SignerError> {
    PrivateKeyInfo::try_from(pkcs8).map(|wrapped| wrapped.private_key).map_err(|_| malformed())
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn refused(error: jsonwebtoken::errors::Error) -> SignerError {
    SignerError(error.to_string())
}

fn unspecified(_: aws_lc_rs::error::Unspecified) -> SignerError {
    SignerError("the key could not be made".into())
}

fn malformed() -> SignerError {
    SignerError("the key has an unknown form".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_pair(algorithm: Algorithm) -> (SigningKey, Vec<u8>) {
        let pair = JwtSigner.generate(algorithm).unwrap();
        let mut public = pair.public;
        public.insert("alg".into(), algorithm.name().into());
        let key = SigningKey { algorithm, kid: "k".into(), private: pair.private };
        (key, Value::Object(public).to_string().into_bytes())
    }

    #[test]
    fn what_each_algorithm_signs_it_verifies_and_no_other_key_does() {
        let claims: Map<String, Value> = json!({ "sub": "ada", "exp": 1 }).as_object().unwrap().clone();
        for algorithm in Algorithm::ASYMMETRIC {
            let (key, public) = key_pair(algorithm);
            let (_, stranger) = key_pair(algorithm);
            let token = JwtSigner.sign(&key, "at+jwt", &claims).unwrap();
            assert_eq!(JwtSigner.verify(&token, algorithm, &public).unwrap(), claims);
            assert!(JwtSigner.verify(&token, algorithm, &stranger).is_err());
        }
    }

    #[test]
    fn security_20_a_public_key_is_never_taken_for_a_shared_secret() {
        let claims = Map::new();
        let (_, public) = key_pair(Algorithm::Es256);
        let forger =
            SigningKey { algorithm: Algorithm::Hs256, kid: "k".into(), private: public.clone().into() };
        let forged = JwtSigner.sign(&forger, "at+jwt", &claims).unwrap();
        assert!(JwtSigner.verify(&forged, Algorithm::Es256, &public).is_err());
    }
}
