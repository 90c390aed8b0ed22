//! Bookplate's rules: accounts, sessions, tokens.
//!
//! Every door (HTML form, JSON, later OAuth and the embed frame) calls the same method of the same service with the same
//! command, and gets the same typed error. Nothing here knows HTTP, SQL or a user interface.

mod accounts;
mod admin;
mod browser_effects;
mod cleanup;
mod conversations;
mod data_export;
mod devices;
mod events;
mod file_name;
mod flash;
mod internal_error;
mod key_ring;
mod mail;
mod passwords;
mod ports;
mod rate_limits;
mod secret;
mod sessions;
mod tokens;
mod user_agent;
mod user_import;

use std::sync::Arc;

pub use accounts::{
    AccountRules, Accounts, ChangeEmailError, ChangePassword, ChangePasswordError, CheckPasswordError,
    DeleteAccount, DeleteAccountError, DeleteAccountOutcome, EmailLinkKind, EmailLinkOutcome,
    PasswordChanged, PasswordReset, ProfileChange, RequestResetError, ResetPasswordError,
    SendVerificationError, SignIn, SignInError, SignUp, SignUpError, SignedUp, UnlinkError,
    UpdateProfileError, VerifyEmailError,
};
pub use admin::{Admin, AdminError, InitialCredential, NewUser};
pub use browser_effects::{BrowserEffects, DeviceEffect, HasBrowserEffects, SessionEffect};
pub use cleanup::{Cleanup, Retention};
pub use contract;
pub use contract::Timestamp;
pub use conversations::{
    BranchMessage, BranchPage, ConversationError, ConversationEvent, ConversationExport, ConversationLimits,
    Conversations, ExportCursor, ExportFormat, ExportItem, ExportedConversation, IdempotencyKey, PageAnchor,
    PageRequest, Principal, SiblingPosition, Subscription,
};
pub use data_export::{DataExport, ExportError, export};
pub use devices::DeviceId;
pub use events::{DONE, EventKind};
pub use file_name::file_name;
pub use flash::{Flash, FlashStore};
pub use internal_error::InternalError;
pub use key_ring::{Algorithm, KeyInfo, KeyState, PUBLISHED_AHEAD};
pub use mail::{DeliveryOutcome, Link, MailBranding, MailMessage, MailQueue, MailTemplate, link_ttl};
pub use passwords::{HashKind, PasswordPolicy};
pub use ports::{
    Clock, Entropy, Hasher, HasherBusy, KeyPair, Mailer, MailerError, Ports, Signer, SignerError, SigningKey,
};
pub use rate_limits::{LimitError, LimitSettings, Limits, Quota, Rule};
pub use secret::{Decrypted, Encrypted, KeyVersion, Secret};
pub use sessions::{
    ActiveSession, ClientInfo, ClientMetadata, Renewal, SessionHandle, SessionSettings, Sessions,
    SessionsRevoked, SignedOut,
};
pub use storage::{
    AuditEvent, Ban, CleanupCounts, Database, ForeignBan, ImportedUser, Session, SignInMethod, SignedIn,
    StorageError, User,
};
pub use tokens::{Audience, AudienceKey, IssueError, TokenSettings, Tokens, VerifiedToken, VerifyError};
pub use user_agent::describe_device;
pub use user_import::{
    AnswerCounts, Import, ImportReport, Importer, PasswordCounts, SkipReason, SkippedUser,
};

use contract::{Questions, UserDto};

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
    pub mail: MailQueue,
    /// How often one may try.
    pub limits: Limits,
    /// What the operator does.
    pub admin: Admin,
    /// Taking readers over from another system.
    pub import: Importer,
    /// What chatbots write and readers find again.
    pub conversations: Conversations,
    /// What readers may ask about their own data.
    pub data_export: DataExport,
    /// What is done from time to time.
    pub cleanup: Cleanup,
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
    /// The lifetimes of sessions.
    pub sessions: SessionSettings,
    /// What this book asks its readers.
    pub questions: Arc<Questions>,
    /// How tokens are made.
    pub tokens: TokenSettings,
    /// What the operator has decided about accounts.
    pub accounts: AccountRules,
    /// Who writes to readers.
    pub branding: MailBranding,
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
    /// [`InternalError`] when the database or the signer fails.
    pub async fn open(database: Database, ports: Ports, settings: Settings) -> Result<Self, InternalError> {
        let Settings {
            secret,
            bearer_sessions,
            sessions,
            questions,
            tokens,
            accounts,
            branding: letterhead,
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
        let sessions =
            Sessions::new(&database, &ports, Arc::clone(&secret), bearer_sessions, sessions).await?;
        let limits = Limits::new(database.clone(), ports.clone(), Arc::clone(&secret), limits);
        let asked = Arc::clone(&questions);
        let privacy = DataExport::new(database.clone(), ports.clone(), asked, limits.clone(), book);
        let post =
            MailQueue::new(database.clone(), ports.clone(), Arc::clone(&secret), letterhead, limits.clone());
        let doors = (post.clone(), limits.clone());
        let accounts = Accounts::new(
            database.clone(),
            ports.clone(),
            Arc::clone(&questions),
            sessions.clone(),
            doors,
            accounts,
        );
        accounts.refresh_legacy_hash_kinds().await?;
        let operator = Admin::new(database.clone(), ports.clone(), post.clone());
        let import = Importer::new(database.clone(), ports.clone(), Arc::clone(&questions));
        let upkeep = Cleanup::new(database.clone(), ports.clone(), retention);
        let asked = Arc::clone(&questions);
        let tokens = Tokens::open(database, ports, secret, asked, sessions.clone(), tokens).await?;
        Ok(Self {
            accounts,
            sessions,
            tokens,
            mail: post,
            limits,
            admin: operator,
            import,
            conversations,
            data_export: privacy,
            cleanup: upkeep,
            questions,
        })
    }

    /// What a running server does from time to time: sweeps, and looks at what other processes have changed.
    ///
    /// # Errors
    /// [`InternalError`]; the next round tries again.
    pub async fn run_maintenance(&self) -> Result<CleanupCounts, InternalError> {
        self.tokens.reload().await?;
        self.accounts.refresh_legacy_hash_kinds().await?;
        self.cleanup.run().await
    }

    /// A reader as the wire shows them.
    pub fn user_body(&self, user: &User) -> UserDto {
        UserDto {
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
