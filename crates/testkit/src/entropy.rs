//! Chance that repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::Entropy;
use sha2::{Digest, Sha256};

/// A stream of bytes that follows from a number: SHA-256 in counter mode. Every instance of one seed draws the same.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    block: AtomicU64,
}

impl SeededEntropy {
    /// The stream of this number, from its beginning.
    pub const fn new(seed: u64) -> Self {
        Self { seed, block: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::SeqCst);
            let digest =
                Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(block.to_le_bytes());
            for (byte, drawn) in chunk.iter_mut().zip(digest.finalize()) {
                *byte = drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: &SeededEntropy) -> [u8; 40] {
        let mut bytes = [0; 40];
        entropy.fill(&mut bytes);
        bytes
    }

    #[test]
    fn one_seed_draws_the_same_every_time_and_never_the_same_twice() {
        let (one, same, other) = (SeededEntropy::new(1), SeededEntropy::new(1), SeededEntropy::new(2));
        let first = draw(&one);
        assert_eq!(first, draw(&same));
        assert_ne!(first, draw(&other));
        assert_ne!(first, draw(&one));
        assert_ne!(first[..8], first[32..], "blocks differ");
    }
}
