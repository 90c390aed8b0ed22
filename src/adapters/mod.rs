//! The real clock, randomness, password hasher and signer behind the domain's ports.

pub mod archive;
mod jwt;
pub mod mail;
mod passwords;
mod system;

pub use jwt::JwtSigner;
pub use passwords::HashingPool;
pub use system::{SystemClock, SystemEntropy};

use std::{error::Error, sync::Arc};

use domain::Ports;

use crate::config::Mail;

/// The ports of a running server.
///
/// # Errors
/// When the configured mailer cannot be made.
pub fn ports(mail: &Mail) -> Result<Ports, Box<dyn Error>> {
    Ok(Ports {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        hasher: Arc::new(HashingPool::for_this_machine()),
        signer: Arc::new(JwtSigner),
        mailer: mail::mailer(mail)?,
    })
}
