//! Bookplate's rules: accounts, sessions, tokens.
//!
//! Every door (HTML form, JSON, later OAuth and the embed frame) calls the same method of the same service with the same
//! command, and gets the same typed error. Nothing here knows HTTP, SQL or a user interface.

mod accounts;
mod agent;
mod browser;
mod conversations;
mod devices;
mod events;
mod failure;
mod file_name;
mod import;
mod key_ring;
mod limits;
mod mail;
mod operator;
mod passwords;
mod ports;
mod privacy;
pub mod search;
mod secret;
mod sessions;
mod tokens;
mod upkeep;

use std::sync::Arc;

pub use accounts::{
    AccountRules, Accounts, ChangeEmailError, ChangePassword, ChangePasswordError, CheckPasswordError,
    DeleteAccount, DeleteAccountError, Deleted, LinkMeaning, PasswordChanged, ProfileChange,
    RequestResetError, ResetPasswordError, SendVerificationError, SignIn, SignInError, SignUp, SignUpError,
    SignedUp, UnlinkError, UpdateProfileError, Verified, VerifyEmailError,
};
pub use agent::device_in_words;
pub use browser::{BrowserState, Notice};
pub use contract;
pub use contract::Timestamp;
pub use conversations::{
    Asked, By, ConversationError, ConversationEvent, ConversationExport, ConversationLimits, Conversations,
    ExportFormat, Fork, Piece, Place, Reading, Stretch, Taken, Turn, Watch,
};
pub use devices::DeviceId;
pub use events::{DONE, EventKind};
pub use failure::Failure;
pub use file_name::file_name;
pub use import::{AnswerCounts, Import, ImportReport, Importer, LeftOut, PasswordCounts, WhyLeftOut};
pub use key_ring::{Algorithm, KeyState, KeyStatus, PUBLISHED_AHEAD};
pub use limits::{LimitError, LimitSettings, Limits, Quota, Rule};
pub use mail::{Delivered, Letter, Letterhead, Link, Occasion, Post, lifetimes};
pub use operator::{Access, NewReader, Operator, OperatorError};
pub use passwords::{HashKind, PasswordPolicy};
pub use ports::{
    Clock, Entropy, Hasher, HasherBusy, KeyPair, Mailer, MailerError, Ports, Signer, SignerError, SigningKey,
};
pub use privacy::{ExportError, Privacy, export};
pub use secret::{Opened, Sealed, Secret, SecretAge};
pub use sessions::{Device, Presented, Renewal, Resolved, Sessions, Visit};
pub use storage::{
    Ban, Database, Event, ForeignBan, ForeignReader, Session, SignInMethod, SignedIn, StorageError, Swept,
    User,
};
pub use tokens::{Audience, AudienceKey, IssueError, TokenSettings, Tokens, VerifiedToken, VerifyError};
pub use upkeep::{Retention, Upkeep};

use contract::{Questions, UserBody};

/// Every service, as the doors hold them.
#[derive(Debug)]
pub struct Services {
    /// From sign-up to deletion.
    pub accounts: Accounts,
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// JWTs for other services.
    pub tokens: Tokens,
    /// Mail on its way.
    pub post: Post,
    /// How often one may try.
    pub limits: Limits,
    /// What the operator does.
    pub operator: Operator,
    /// Taking readers over from another system.
    pub import: Importer,
    /// What chatbots write and readers find again.
    pub conversations: Conversations,
    /// What readers may ask about their own data.
    pub privacy: Privacy,
    /// What is done from time to time.
    pub upkeep: Upkeep,
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
    /// What the operator has decided about accounts.
    pub accounts: AccountRules,
    /// Who writes to readers.
    pub letterhead: Letterhead,
    /// How often one may try.
    pub limits: LimitSettings,
    /// How long things are kept.
    pub retention: Retention,
    /// What readers and chatbots may store.
    pub conversations: ConversationLimits,
}

impl Services {
    /// Builds the services on a migrated database, making the first signing key when there is none.
    ///
    /// # Errors
    /// [`Failure`] when the database or the signer fails.
    pub async fn open(database: Database, ports: Ports, settings: Settings) -> Result<Self, Failure> {
        let Settings {
            secret,
            bearer_sessions,
            questions,
            tokens,
            accounts,
            letterhead,
            limits,
            retention,
            conversations,
        } = settings;
        let book = export::Book { name: letterhead.book.clone(), address: letterhead.origin.clone() };
        let conversations = Conversations::new(
            database.clone(),
            ports.clone(),
            Arc::clone(&secret),
            conversations,
            book.clone(),
        );
        let sessions = Sessions::new(&database, &ports, Arc::clone(&secret), bearer_sessions).await?;
        let limits = Limits::new(database.clone(), ports.clone(), Arc::clone(&secret), limits);
        let asked = Arc::clone(&questions);
        let privacy = Privacy::new(database.clone(), ports.clone(), asked, limits.clone(), book);
        let post =
            Post::new(database.clone(), ports.clone(), Arc::clone(&secret), letterhead, limits.clone());
        let doors = (post.clone(), limits.clone());
        let accounts = Accounts::new(
            database.clone(),
            ports.clone(),
            Arc::clone(&questions),
            sessions.clone(),
            doors,
            accounts,
        );
        accounts.look_for_foreign_hashes().await?;
        let operator = Operator::new(database.clone(), ports.clone(), post.clone());
        let import = Importer::new(database.clone(), ports.clone(), Arc::clone(&questions));
        let upkeep = Upkeep::new(database.clone(), ports.clone(), retention);
        let asked = Arc::clone(&questions);
        let tokens = Tokens::open(database, ports, secret, asked, sessions.clone(), tokens).await?;
        Ok(Self {
            accounts,
            sessions,
            tokens,
            post,
            limits,
            operator,
            import,
            conversations,
            privacy,
            upkeep,
            questions,
        })
    }

    /// What a running server does from time to time: sweeps, and looks at what other processes have changed.
    ///
    /// # Errors
    /// [`Failure`]; the next round tries again.
    pub async fn keep_up(&self) -> Result<Swept, Failure> {
        self.tokens.reload().await?;
        self.accounts.look_for_foreign_hashes().await?;
        self.upkeep.sweep().await
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
