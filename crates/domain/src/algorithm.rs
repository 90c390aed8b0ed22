//! Signature algorithms.

use strum::{EnumString, IntoStaticStr};

/// A signature algorithm by its JWA name (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub enum Algorithm {
    /// ECDSA on P-256; every library verifies it.
    Es256,
    /// Ed25519.
    #[strum(serialize = "EdDSA")]
    EdDsa,
    /// RSA of 2048 bits, PKCS #1 v1.5.
    Rs256,
    /// HMAC with a secret shared with one audience.
    Hs256,
}

impl Algorithm {
    /// The asymmetric ones, which published keys use.
    pub const ASYMMETRIC: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The JWA name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The asymmetric algorithm of this name.
    pub fn asymmetric(name: &str) -> Option<Self> {
        name.parse().ok().filter(|algorithm| Self::ASYMMETRIC.contains(algorithm))
    }
}
