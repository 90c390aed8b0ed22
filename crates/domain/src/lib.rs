//! Bookplate's rules: accounts, sessions, tokens.
//!
//! Every entry point (HTML form, JSON API, command line) calls the same method of the same service with the same command and
//! gets the same typed outcome. Nothing here knows HTTP, SQL or a user interface.

mod accounts;
mod admin;
mod algorithm;
mod audit_log;
mod browser_effects;
mod change_bus;
mod cleanup;
mod client_info;
mod client_metadata;
mod conversations;
mod data_export;
mod devices;
mod file_name;
mod flash;
mod internal_error;
mod invitations;
mod key_ring;
mod mail;
mod oidc;
mod passwords;
mod ports;
mod rate_limits;
mod secret;
mod sessions;
mod tokens;
mod transfer;
mod user_agent;
mod user_import;

use std::sync::Arc;

pub use accounts::{
    AcceptTermsError, AccountRules, Accounts, ChangeEmailError, ChangePassword, ChangePasswordError,
    CheckPasswordError, DeleteAccount, DeleteAccountError, DeleteAccountOutcome, EmailLinkKind,
    EmailLinkOutcome, PasswordChanged, PasswordReset, ProfileChange, RequestResetError, ResetPasswordError,
    SendVerificationError, SignIn, SignInError, SignUp, SignUpError, SignUpMode, SignedUp, UnlinkError,
    UpdateProfileError, VerifyCodeError, VerifyEmailError,
};
pub use admin::{Admin, AdminError, InitialCredential, NewUser};
pub use algorithm::Algorithm;
pub use audit_log::{DONE, EventKind};
pub use browser_effects::{BrowserEffects, DeviceEffect, HasBrowserEffects, SessionEffect};
pub use cleanup::{Cleanup, Retention};
pub use client_info::ClientInfo;
pub use client_metadata::ClientMetadata;
pub use contract;
pub use contract::Timestamp;
pub use conversations::{
    BranchMessage, BranchPage, ClientFilter, ConversationError, ConversationEvent, ConversationLimits,
    ConversationScope, Conversations, IdempotencyKey, PageAnchor, PageRequest, Principal, SiblingPosition,
    Subscriber, Subscription,
};
pub use data_export::{DataExport, ExportError, export};
pub use devices::DeviceId;
pub use file_name::file_name;
pub use flash::{Flash, FlashStore};
pub use internal_error::InternalError;
pub use invitations::{Invitations, InviteError, Invited, NewInvitation};
pub use key_ring::{KeyInfo, KeyState, PUBLISHED_AHEAD};
pub use mail::{
    BookLink, DeliveryOutcome, Link, MailBranding, MailMessage, MailQueue, MailTemplate, link_ttl,
};
pub use oidc::{
    Authorized, Client, ClientKind, ClientSecretHash, ClientSource, Clients, IssuedTokens, LoggedOut,
    LogoutError, OAuthError, OAuthErrorCode, Oidc, OriginTrust, Parameters, Refusal, RegisteredClient,
    RegistrationError, ReturnTo, Scope, Scopes,
};
pub use passwords::{HashKind, PasswordPolicy};
pub use ports::{
    Clock, Entropy, Hasher, HasherBusy, KeyPair, Mailer, MailerError, Ports, Signer, SignerError, SigningKey,
};
pub use rate_limits::{LimitError, LimitSettings, Limits, Quota, Rule};
pub use secret::{Decrypted, Encrypted, KeyVersion, Secret};
pub use sessions::{
    ActiveSession, Renewal, SessionHandle, SessionSettings, Sessions, SessionsRevoked, SignedOut,
};
pub use storage::{
    AcceptedTerms, Activity, AuditEvent, Ban, CleanupCounts, Consent, Database, ForeignBan, Grant,
    ImportedUser, Invitation, Session, SignInMethod, SignedIn, StorageError, User, in_background,
};
pub use tokens::{
    AccessToken, Audience, AudienceKey, ConversationAccess, ConversationsOf, IssueError, READ_CONVERSATIONS,
    TokenSettings, Tokens, VerifiedToken, VerifyError, WRITE_CONVERSATIONS,
};
pub use transfer::{
    ConversationExport, ExportCursor, ExportFormat, ExportItem, ExportedConversation, FileSource, ImportStop,
    Transfer,
};
pub use user_agent::describe_device;
pub use user_import::{
    AnswerCounts, Import, ImportReport, Importer, PasswordCounts, SkipReason, SkippedUser,
};

use contract::{Questions, UserDto};

/// Every service.
#[derive(Debug)]
pub struct Services {
    /// Accounts, from sign-up to deletion.
    pub accounts: Accounts,
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// JWTs for other services.
    pub tokens: Arc<Tokens>,
    /// The clients of OAuth 2.0.
    pub clients: Clients,
    /// Sign-in for clients on other sites.
    pub oidc: Oidc,
    /// The mail queue.
    pub mail: MailQueue,
    /// Rate limits.
    pub limits: Limits,
    /// Administration from the command line.
    pub admin: Admin,
    /// Invitations to sign up.
    pub invitations: Invitations,
    /// Import of users from another system.
    pub import: Importer,
    /// Conversations with chatbots.
    pub conversations: Conversations,
    /// Export and import of conversations.
    pub transfer: Transfer,
    /// Export of everything stored about a user.
    pub data_export: DataExport,
    /// Purges of what has expired.
    pub cleanup: Cleanup,
    /// The book's background questions.
    pub questions: Arc<Questions>,
    /// The uses of the database by requests.
    pub activity: Activity,
}

/// Settings of the services.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server's secret.
    pub secret: Arc<Secret>,
    /// Whether a session token is accepted as a bearer token.
    pub bearer_sessions: bool,
    /// The lifetimes of sessions.
    pub sessions: SessionSettings,
    /// The book's background questions.
    pub questions: Arc<Questions>,
    /// Issuer, audiences and lifetimes of JWTs.
    pub tokens: TokenSettings,
    /// The declared clients of OAuth 2.0.
    pub clients: Vec<Client>,
    /// Rules of accounts.
    pub accounts: AccountRules,
    /// Sender and look of mails.
    pub branding: MailBranding,
    /// Rate limits.
    pub limits: LimitSettings,
    /// Retention periods.
    pub retention: Retention,
    /// Limits on conversations.
    pub conversations: ConversationLimits,
}

impl Services {
    /// Builds the services on a migrated database, and generates the first signing key if there is none.
    pub async fn open(database: Database, ports: Ports, settings: Settings) -> Result<Self, InternalError> {
        let Settings {
            secret,
            bearer_sessions,
            sessions,
            questions,
            tokens,
            clients,
            accounts,
            branding,
            limits,
            retention,
            conversations,
        } = settings;
        let book = export::Book { name: branding.book.clone(), address: branding.origin.clone() };
        let conversations =
            Conversations::new(database.clone(), ports.clone(), Arc::clone(&secret), conversations);
        let transfer = Transfer::new(database.clone(), ports.clone(), conversations.clone(), book.clone());
        let sessions =
            Sessions::new(&database, &ports, Arc::clone(&secret), bearer_sessions, sessions).await?;
        let limits = Limits::new(database.clone(), ports.clone(), Arc::clone(&secret), limits);
        let data_export =
            DataExport::new(database.clone(), ports.clone(), Arc::clone(&questions), limits.clone(), book);
        let mail =
            MailQueue::new(database.clone(), ports.clone(), Arc::clone(&secret), branding, limits.clone());
        let sign_up = accounts.sign_up.clone();
        let accounts = Accounts::new(
            database.clone(),
            ports.clone(),
            Arc::clone(&questions),
            sessions.clone(),
            (mail.clone(), limits.clone()),
            accounts,
        );
        accounts.refresh_legacy_hash_kinds().await?;
        let invitations = Invitations::new(database.clone(), ports.clone(), mail.clone(), sign_up);
        let admin = Admin::new(database.clone(), ports.clone(), mail.clone());
        let import = Importer::new(database.clone(), ports.clone(), Arc::clone(&questions));
        let clients = Clients::open(database.clone(), ports.clone(), clients).await?;
        let activity = database.activity().clone();
        let cleanup = Cleanup::new(database.clone(), ports.clone(), retention);
        let tokens = Tokens::open(
            database.clone(),
            ports.clone(),
            Arc::clone(&secret),
            Arc::clone(&questions),
            sessions.clone(),
            tokens,
        );
        let tokens = Arc::new(tokens.await?);
        let oidc = Oidc::new(database, ports, secret, sessions.clone(), Arc::clone(&tokens), clients.clone());
        Ok(Self {
            accounts,
            sessions,
            tokens,
            clients,
            oidc,
            mail,
            limits,
            admin,
            invitations,
            import,
            conversations,
            transfer,
            data_export,
            cleanup,
            questions,
            activity,
        })
    }

    /// The periodic work of a running server: picks up what other processes have changed, and purges what has expired.
    #[tracing::instrument(name = "services.run_maintenance", level = "debug", skip_all)]
    pub async fn run_maintenance(&self) -> Result<CleanupCounts, InternalError> {
        self.tokens.reload().await?;
        self.clients.reload().await?;
        self.tokens.rotate_when_due().await?;
        self.accounts.refresh_legacy_hash_kinds().await?;
        let mut removed = self.cleanup.run().await?;
        if let Some(days) = self.cleanup.retention().idle_account_days {
            removed.accounts += self.accounts.retire_idle(days).await?;
        }
        Ok(removed)
    }

    /// A user as the JSON API shows them.
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
