//! The real clock, randomness, password hasher and signer behind the domain's ports.

mod argon2id;
mod jwt;
mod system;

pub use argon2id::Argon2id;
pub use jwt::JwtSigner;
pub use system::{SystemClock, SystemEntropy};

use std::sync::Arc;

use domain::Ports;

/// The ports of a running server.
pub fn ports() -> Ports {
    Ports {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        hasher: Arc::new(Argon2id::for_this_machine()),
        signer: Arc::new(JwtSigner),
    }
}
