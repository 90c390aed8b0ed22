//! The server's one secret and what is derived from it.

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

/// `BOOKPLATE_SECRET`. Signs cookies; everything else uses a key derived under a name of its own.
pub struct Secret(Zeroizing<String>);

/// Something encrypted at rest: standard base64 of a 24-byte nonce, the ciphertext and its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub String);

/// Length of the nonce of XChaCha20-Poly1305, in bytes.
const NONCE: usize = 24;

impl Secret {
    /// Takes the secret; its length is the configuration's business.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// HMAC-SHA-256 under the secret itself, standard base64 with padding: the signature of a cookie on the Better
    /// Auth wire.
    pub fn sign(&self, message: &str) -> String {
        STANDARD.encode(self.mac(message))
    }

    /// Whether `signature` is [`Secret::sign`] of `message`, in constant time.
    pub fn signed(&self, message: &str, signature: &str) -> bool {
        self.sign(message).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// 32 bytes for one purpose, unrelated to those for any other.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.mac(purpose))
    }

    /// Encrypts with XChaCha20-Poly1305 under a key for `purpose`. `bound_to` must be given again to open.
    pub fn seal(&self, purpose: &str, bound_to: &str, plain: &[u8], entropy: &dyn Entropy) -> Option<Sealed> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: bound_to.as_bytes() };
        let sealed = self.cipher(purpose).encrypt(XNonce::from_slice(&nonce), payload).ok()?;
        Some(Sealed(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Decrypts; `None` when this secret, purpose or binding did not seal it.
    pub fn open(&self, purpose: &str, bound_to: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = STANDARD.decode(&sealed.0).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = Payload { msg: sealed, aad: bound_to.as_bytes() };
        self.cipher(purpose).decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self, purpose: &str) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.derive(&format!("seal:{purpose}")).as_slice().into())
    }

    fn mac(&self, message: &str) -> [u8; 32] {
        // HMAC takes keys of any length, so there is no error to report.
        let Ok(mac) = <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_bytes()) else { return [0; 32] };
        mac.chain_update(message.as_bytes()).finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
