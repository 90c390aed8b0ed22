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

/// `BOOKPLATE_SECRET`, and while it is being changed the one before it. Signs cookies; everything else uses a key derived
/// under a name of its own. What is made is made with the present one; what was made with the previous one is still known.
pub struct Secret {
    current: Zeroizing<String>,
    previous: Option<Zeroizing<String>>,
}

/// Which secret something was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyVersion {
    /// The present one.
    Current,
    /// The one before it: what was made with it has to be made anew before that one is forgotten.
    Previous,
}

impl KeyVersion {
    /// Whether it was the one before.
    pub const fn is_previous(self) -> bool {
        matches!(self, Self::Previous)
    }
}

/// Something that was sealed.
pub struct Decrypted {
    /// What was sealed.
    pub plain: Zeroizing<Vec<u8>>,
    /// What it was sealed with.
    pub age: KeyVersion,
}

/// Something encrypted at rest: standard base64 of a 24-byte nonce, the ciphertext and its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted(pub String);

/// Length of the nonce of XChaCha20-Poly1305, in bytes.
const NONCE: usize = 24;

impl Secret {
    /// Takes the secret; its length is the configuration's business.
    pub fn new(text: String) -> Self {
        Self { current: Zeroizing::new(text), previous: None }
    }

    /// Knows the secret before this one, too.
    #[must_use]
    pub fn with_previous(self, previous: Option<String>) -> Self {
        Self { previous: previous.map(Zeroizing::new), ..self }
    }

    /// HMAC-SHA-256 under the secret itself, standard base64 with padding: the signature of a cookie on the Better
    /// Auth wire.
    pub fn sign(&self, message: &str) -> String {
        signature(&self.current, message)
    }

    /// Whether `signature` is [`Secret::sign`] of `message` under either secret, in constant time.
    pub fn signed(&self, message: &str, signature: &str) -> bool {
        self.signed_by(message, signature).is_some()
    }

    /// Which secret `signature` was made with, as the [`Secret::sign`] of `message`; `None` when neither. Each comparison
    /// takes constant time, and all are made.
    pub fn signed_by(&self, message: &str, signature: &str) -> Option<KeyVersion> {
        let is_of = |secret: &str| -> bool {
            self::signature(secret, message).as_bytes().ct_eq(signature.as_bytes()).into()
        };
        let (current, previous) =
            (is_of(&self.current), self.previous.as_ref().is_some_and(|previous| is_of(previous)));
        if current { Some(KeyVersion::Current) } else { previous.then_some(KeyVersion::Previous) }
    }

    /// 32 bytes for one purpose, unrelated to those for any other.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.current, purpose))
    }

    /// What [`Secret::derive`] gave before the secret was changed; `None` when no previous one is known.
    pub fn derive_previous(&self, purpose: &str) -> Option<Zeroizing<[u8; 32]>> {
        self.previous.as_ref().map(|previous| Zeroizing::new(mac(previous, purpose)))
    }

    /// Encrypts with XChaCha20-Poly1305 under a key for `purpose`. `bound_to` must be given again to open.
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

    /// Decrypts; `None` when neither secret, with this purpose and binding, sealed it.
    pub fn open(&self, purpose: &str, bound_to: &str, sealed: &Encrypted) -> Option<Zeroizing<Vec<u8>>> {
        self.unseal(purpose, bound_to, sealed).map(|opened| opened.plain)
    }

    /// As [`Secret::open`], and says what it was sealed with, so that it can be sealed anew.
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
    // HMAC takes keys of any length, so there is no error to report.
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
        write!(f, "Opened(.., {:?})", self.age)
    }
}
