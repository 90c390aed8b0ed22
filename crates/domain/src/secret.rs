//! The server's secret, and signatures and encryption with it.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Entropy;

/// `BOOKPLATE_SECRET`, and during a rotation the previous one. It signs cookies; every other use has a derived key. New
/// signatures and ciphertexts use the current secret; those of the previous one are still accepted.
pub struct Secret {
    current: Zeroizing<String>,
    previous: Option<Zeroizing<String>>,
}

/// The secret of a signature or ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyVersion {
    /// The current one.
    Current,
    /// The previous one. What uses it must be renewed before the operator removes it.
    Previous,
}

impl KeyVersion {
    /// Whether it is the previous one.
    pub const fn is_previous(self) -> bool {
        matches!(self, Self::Previous)
    }
}

/// A decrypted text.
pub struct Decrypted {
    /// The plaintext.
    pub plain: Zeroizing<Vec<u8>>,
    /// The secret that encrypted it.
    pub age: KeyVersion,
}

/// A text encrypted at rest: standard base64 of a 24-byte nonce, the ciphertext and its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted(pub String);

/// The length of XChaCha20-Poly1305's nonce, in bytes.
const NONCE: usize = 24;

impl Secret {
    /// A secret of any length; the configuration checks it.
    pub fn new(text: String) -> Self {
        Self { current: Zeroizing::new(text), previous: None }
    }

    /// Accepts the previous secret, too.
    #[must_use]
    pub fn with_previous(self, previous: Option<String>) -> Self {
        Self { previous: previous.map(Zeroizing::new), ..self }
    }

    /// HMAC-SHA-256 under the secret itself in standard base64 with padding, as Better Auth signs cookies.
    pub fn sign(&self, message: &str) -> String {
        signature(&self.current, message)
    }

    /// Whether `signature` is [`Secret::sign`] of `message` under either secret, in constant time.
    pub fn signed(&self, message: &str, signature: &str) -> bool {
        self.signed_by(message, signature).is_some()
    }

    /// The secret of a valid `signature` of `message`; `None` if it is invalid. Constant time: both secrets are always tried.
    pub fn signed_by(&self, message: &str, signature: &str) -> Option<KeyVersion> {
        let is_of = |secret: &str| -> bool {
            self::signature(secret, message).as_bytes().ct_eq(signature.as_bytes()).into()
        };
        let (current, previous) =
            (is_of(&self.current), self.previous.as_ref().is_some_and(|previous| is_of(previous)));
        if current { Some(KeyVersion::Current) } else { previous.then_some(KeyVersion::Previous) }
    }

    /// Derives a key of 32 bytes for one purpose.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.current, purpose))
    }

    /// The key derived from the previous secret, if there is one.
    pub fn derive_previous(&self, purpose: &str) -> Option<Zeroizing<[u8; 32]>> {
        self.previous.as_ref().map(|previous| Zeroizing::new(mac(previous, purpose)))
    }

    /// Encrypts with XChaCha20-Poly1305 under a key for `purpose`. `bound_to` is authenticated and needed to decrypt.
    pub fn seal(
        &self,
        purpose: &str,
        bound_to: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Option<Encrypted> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: bound_to.as_bytes() };
        let sealed = cipher(&self.current, purpose).encrypt(XNonce::from_slice(&nonce), payload).ok()?;
        Some(Encrypted(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Decrypts; `None` unless one of the secrets encrypted it with this purpose and binding.
    pub fn open(&self, purpose: &str, bound_to: &str, sealed: &Encrypted) -> Option<Zeroizing<Vec<u8>>> {
        self.unseal(purpose, bound_to, sealed).map(|opened| opened.plain)
    }

    /// Decrypts, and tells which secret encrypted it, so that it can be encrypted again.
    pub fn unseal(&self, purpose: &str, bound_to: &str, sealed: &Encrypted) -> Option<Decrypted> {
        let bytes = STANDARD.decode(&sealed.0).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let opened = |secret: &str, age| {
            let payload = Payload { msg: sealed, aad: bound_to.as_bytes() };
            let plain = cipher(secret, purpose).decrypt(XNonce::from_slice(nonce), payload).ok()?;
            Some(Decrypted { plain: Zeroizing::new(plain), age })
        };
        opened(&self.current, KeyVersion::Current)
            .or_else(|| self.previous.as_ref().and_then(|previous| opened(previous, KeyVersion::Previous)))
    }
}

fn signature(secret: &str, message: &str) -> String {
    STANDARD.encode(mac(secret, message))
}

fn cipher(secret: &str, purpose: &str) -> XChaCha20Poly1305 {
    let key = Zeroizing::new(mac(secret, &format!("seal:{purpose}")));
    XChaCha20Poly1305::new(key.as_slice().into())
}

fn mac(secret: &str, message: &str) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail.
    let Ok(mac) = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()) else { return [0; 32] };
    mac.chain_update(message.as_bytes()).finalize().into_bytes().into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decrypted(.., {:?})", self.age)
    }
}
