//! The fakes together.

use std::{fmt, sync::Arc};

use domain::Ports;

use crate::{FastHasher, FixedClock, MemoryMailer, SeededEntropy, TestSigner};

/// Every port, as the test keeps hold of it. Clones share the same clock, stream and counts.
#[derive(Clone)]
pub struct TestPorts {
    /// Time.
    pub clock: Arc<FixedClock>,
    /// Chance.
    pub entropy: Arc<SeededEntropy>,
    /// Passwords.
    pub hasher: Arc<FastHasher>,
    /// Signatures.
    pub signer: Arc<TestSigner>,
    /// Mail.
    pub mailer: Arc<MemoryMailer>,
}

impl TestPorts {
    /// Ports whose chance follows from `seed`. Two programs on one database need two seeds.
    pub fn seeded(seed: u64) -> Self {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let keys = Arc::new(SeededEntropy::new(seed.wrapping_add(1 << 32)));
        Self {
            clock: Arc::default(),
            entropy,
            hasher: Arc::default(),
            signer: Arc::new(TestSigner::new(keys)),
            mailer: Arc::default(),
        }
    }

    /// The ports as the rules take them.
    pub fn ports(&self) -> Ports {
        let Self { clock, entropy, hasher, signer, mailer } = self.clone();
        Ports { clock, entropy, hasher, signer, mailer: Some(mailer) }
    }
}

impl Default for TestPorts {
    fn default() -> Self {
        Self::seeded(1)
    }
}

impl fmt::Debug for TestPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestPorts(..)")
    }
}
