//! What the rules need from outside. The real ones are in the server's `adapters`, the predictable ones in `testkit`.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use contract::{NewPassword, PasswordAttempt, Timestamp};
use serde_json::{Map, Value};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use crate::{Algorithm, HashKind, MailMessage};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Gives randomness fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with it.
    fn fill(&self, bytes: &mut [u8]);
}

/// Hashes and compares passwords, off the async threads and with bounded memory.
#[async_trait]
pub trait Hasher: Send + Sync {
    /// The PHC string of a new password.
    ///
    /// # Errors
    /// [`HasherBusy`] at once when too many are waiting.
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy>;

    /// Whether an attempt matches a stored hash of any [`HashKind`]. `None` stands for an account that does not exist:
    /// the work of a hash of ours is done, so time does not tell, and the answer is no. So it is for what is no hash.
    ///
    /// # Errors
    /// [`HasherBusy`] at once when too many are waiting.
    async fn verify(&self, attempt: PasswordAttempt, phc: Option<String>) -> Result<bool, HasherBusy>;

    /// Does the work of comparing with a hash of this kind, and answers nothing. While hashes of several kinds are
    /// stored, a failed sign-in burns each kind but the one it has verified, so that time does not tell which it was.
    ///
    /// # Errors
    /// [`HasherBusy`] at once when too many are waiting.
    async fn dummy_verify(&self, attempt: PasswordAttempt, kind: HashKind) -> Result<(), HasherBusy>;

    /// Whether a stored hash is what [`Hasher::hash`] makes today. Any other is replaced when its reader signs in.
    fn is_current(&self, phc: &str) -> bool;

    /// What to store in place of `phc`, which `attempt` has just matched. `None` when it is to stay: it is current, or
    /// it is of bcrypt and the attempt reaches its 72 bytes, so that nobody knows whether it is the whole password.
    ///
    /// # Errors
    /// [`HasherBusy`] at once when too many are waiting.
    async fn renew(&self, attempt: PasswordAttempt, phc: &str) -> Result<Option<String>, HasherBusy>;
}

/// More passwords are waiting to be hashed than this machine should take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherBusy;

/// Hands a letter to whoever carries it.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one letter; returns when the next carrier has taken responsibility for it (RFC 5321 section 4.2.5).
    ///
    /// # Errors
    /// [`MailerError`].
    async fn send(&self, letter: &MailMessage) -> Result<(), MailerError>;
}

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailerError {
    /// Worth another try: the server is away, slow or full (RFC 5321 section 4.2.1, 4yz).
    Passing(String),
    /// It will never be taken (5yz).
    Final(String),
}

/// Makes key pairs, signs and verifies JWTs (RFC 7515 compact form).
pub trait Signer: Send + Sync {
    /// A new key pair.
    ///
    /// # Errors
    /// [`SignerError`].
    fn generate(&self, algorithm: Algorithm) -> Result<KeyPair, SignerError>;

    /// A token over `claims`, with `alg`, `kid` and `typ: at+jwt` (RFC 9068 section 2.1) in its header.
    ///
    /// # Errors
    /// [`SignerError`] when the key is not one of its algorithm.
    fn sign(&self, key: &SigningKey, claims: &Map<String, Value>) -> Result<String, SignerError>;

    /// The claims of a token whose signature the public key confirms under exactly this algorithm. Judges nothing
    /// else: no header member, no time, no audience.
    ///
    /// # Errors
    /// [`SignerError`].
    fn verify(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &[u8],
    ) -> Result<Map<String, Value>, SignerError>;
}

/// A new key pair.
pub struct KeyPair {
    /// PKCS #8.
    pub private: Zeroizing<Vec<u8>>,
    /// The public members of the JWK (RFC 7517), without `kid`, `use` and `alg`.
    pub public: Map<String, Value>,
}

/// What signs.
pub struct SigningKey {
    /// Its only algorithm.
    pub algorithm: Algorithm,
    /// Goes into the header.
    pub kid: String,
    /// PKCS #8, or the shared secret itself for `HS256`.
    pub private: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {})", self.algorithm.name(), self.kid)
    }
}

/// A key or a token is not what it should be.
#[derive(Debug)]
pub struct SignerError(pub String);

/// All ports, cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Passwords.
    pub hasher: Arc<dyn Hasher>,
    /// Signatures.
    pub signer: Arc<dyn Signer>,
    /// Mail; `None` when this Bookplate sends none.
    pub mailer: Option<Arc<dyn Mailer>>,
}

impl Ports {
    /// 128 random bits.
    pub(crate) fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A version 4 UUID (RFC 9562 section 5.4).
    pub(crate) fn random_uuid(&self) -> Uuid {
        Builder::from_random_bytes(self.random_bytes()).into_uuid()
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports(..)")
    }
}
