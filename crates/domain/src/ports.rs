//! Traits of what the services need from outside. The server's `adapters` implement them; `testkit` has fakes.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use contract::{NewPassword, PasswordAttempt, Timestamp};
use serde_json::{Map, Value};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use crate::{Algorithm, HashKind, MailMessage};

/// A clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// A cryptographically secure random number generator.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

/// Hashes and verifies passwords, off the async threads and with bounded memory. Every method fails at once with
/// [`HasherBusy`] when too many passwords are waiting.
#[async_trait]
pub trait Hasher: Send + Sync {
    /// The PHC string of a new password.
    async fn hash(&self, password: NewPassword) -> Result<String, HasherBusy>;

    /// Whether an attempt matches a stored hash of any [`HashKind`]. If the account does not exist, pass `None`: a dummy
    /// hash is computed so that timing reveals nothing, and the result is `false`. The same holds for invalid hashes.
    async fn verify(&self, attempt: PasswordAttempt, phc: Option<String>) -> Result<bool, HasherBusy>;

    /// Computes a dummy hash of a kind. While hashes of several kinds are stored, a failed sign-in computes each of them,
    /// so that timing does not reveal the kind of the account's hash.
    async fn dummy_verify(&self, attempt: PasswordAttempt, kind: HashKind) -> Result<(), HasherBusy>;

    /// Whether a stored hash has the kind and parameters of [`Hasher::hash`]. Any other is replaced at the next sign-in.
    fn is_current(&self, phc: &str) -> bool;

    /// The replacement of a hash that `attempt` has just matched. `None` if it is current, or if it is of bcrypt and the
    /// attempt has 72 bytes or more, of which bcrypt ignores the rest.
    async fn renew(&self, attempt: PasswordAttempt, phc: &str) -> Result<Option<String>, HasherBusy>;
}

/// Too many passwords are waiting to be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherBusy;

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one message. Returns when the next server has accepted responsibility for it (RFC 5321 section 4.2.5).
    async fn send(&self, message: &MailMessage) -> Result<(), MailerError>;

    /// Whether messages would be accepted, as far as can be told without sending one. Ends within ten seconds.
    ///
    /// # Errors
    /// What is wrong and what to do, in a sentence for the operator without secrets.
    async fn check(&self) -> Result<String, String>;
}

/// Why a message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailerError {
    /// Temporary: the server is unreachable, slow or full (RFC 5321 section 4.2.1, 4yz).
    Passing(String),
    /// Temporary, and the server asks for so many seconds without another attempt (RFC 9110 section 10.2.3).
    RetryAfter(String, u32),
    /// Permanent (5yz).
    Final(String),
}

/// Generates key pairs, signs and verifies JWTs (RFC 7515 compact serialization).
pub trait Signer: Send + Sync {
    /// Generates a key pair.
    fn generate(&self, algorithm: Algorithm) -> Result<KeyPair, SignerError>;

    /// A token over `claims`, with `alg`, `kid` and `typ` in its header.
    ///
    /// # Errors
    /// [`SignerError`] when the key is not one of its algorithm.
    fn sign(&self, key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String, SignerError>;

    /// Verifies a signature under exactly this algorithm, and returns the claims. Checks nothing else: no header member, no
    /// time, no audience.
    fn verify(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &[u8],
    ) -> Result<Map<String, Value>, SignerError>;
}

/// A key pair.
pub struct KeyPair {
    /// PKCS #8.
    pub private: Zeroizing<Vec<u8>>,
    /// The public members of the JWK (RFC 7517), without `kid`, `use` and `alg`.
    pub public: Map<String, Value>,
}

/// A key that signs.
pub struct SigningKey {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The header's `kid`.
    pub kid: String,
    /// PKCS #8, or the shared secret itself for `HS256`.
    pub private: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {})", self.algorithm.name(), self.kid)
    }
}

/// A key or a token is invalid.
#[derive(Debug)]
pub struct SignerError(pub String);

/// All ports, cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Passwords.
    pub hasher: Arc<dyn Hasher>,
    /// Signatures.
    pub signer: Arc<dyn Signer>,
    /// Mail; `None` when none is configured.
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
