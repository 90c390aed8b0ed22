//! What Bookplate's tests stand on: time that stands still, chance that repeats itself, hashing that costs nothing, and
//! fresh databases of both kinds.
//!
//! There is no fake store here on purpose: a rule is tested on the tables it will run on.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be prepared has failed")]

mod clock;
pub mod databases;
mod entropy;
mod hasher;
mod mailer;
mod ports;
mod postgres_proxy;
mod signer;
mod smtp_receiver;

pub use clock::FixedClock;
pub use entropy::SeededEntropy;
pub use hasher::{FastHasher, Work};
pub use mailer::{MailerBehavior, MemoryMailer};
pub use ports::TestPorts;
pub use postgres_proxy::PostgresProxy;
pub use signer::TestSigner;
pub use smtp_receiver::{Received, Reply, SmtpReceiver};
