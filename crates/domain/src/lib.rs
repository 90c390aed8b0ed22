//! Bookplate's rules: accounts, sessions, tokens.
//!
//! Every door (HTML form, JSON, later OAuth and the embed frame) calls the same method of the same service with the same
//! command, and gets the same typed error. Nothing here knows HTTP, SQL or a user interface.

mod accounts;
mod browser;
mod failure;
mod key_ring;
mod ports;
mod secret;
mod sessions;
mod tokens;

use std::sync::Arc;

pub use accounts::{
    Accounts, ProfileChange, SignIn, SignInError, SignUp, SignUpError, SignedUp, UpdateProfileError,
};
pub use browser::{BrowserState, Notice};
pub use contract;
pub use failure::Failure;
pub use key_ring::Algorithm;
pub use ports::{Clock, Entropy, Hasher, HasherBusy, KeyPair, Ports, Signer, SignerError, SigningKey};
pub use secret::{Sealed, Secret};
pub use sessions::{Device, Presented, Renewal, Resolved, Sessions, Visit};
pub use storage::{Database, Session, SignedIn, StorageError, User};
pub use tokens::{Audience, AudienceKey, IssueError, TokenSettings, Tokens, VerifyError};

use contract::{Questions, UserBody};

/// Every service, as the doors hold them.
#[derive(Debug)]
pub struct Services {
    /// Sign-up, sign-in, profile.
    pub accounts: Accounts,
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// JWTs for other services.
    pub tokens: Tokens,
    /// What this book asks its readers.
    pub questions: Arc<Questions>,
}

/// What the services are built from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server's secret.
    pub secret: Arc<Secret>,
    /// Whether a session's token, as shown on the wire, opens it.
    pub bearer_sessions: bool,
    /// What this book asks its readers.
    pub questions: Arc<Questions>,
    /// How tokens are made.
    pub tokens: TokenSettings,
}

impl Services {
    /// Builds the services on a migrated database, making the first signing key when there is none.
    ///
    /// # Errors
    /// [`Failure`] when the database or the signer fails.
    pub async fn open(database: Database, ports: Ports, settings: Settings) -> Result<Self, Failure> {
        let Settings { secret, bearer_sessions, questions, tokens } = settings;
        let sessions = Sessions::new(&database, &ports, Arc::clone(&secret), bearer_sessions).await?;
        let accounts =
            Accounts::new(database.clone(), ports.clone(), Arc::clone(&questions), sessions.clone());
        let tokens =
            Tokens::open(database, ports, &secret, Arc::clone(&questions), sessions.clone(), tokens).await?;
        Ok(Self { accounts, sessions, tokens, questions })
    }

    /// A reader as the wire shows them.
    pub fn user_body(&self, user: &User) -> UserBody {
        UserBody {
            id: user.id.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified,
            image: user.image.clone(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            answers: user.answers.object(&self.questions),
        }
    }
}
