//! Configuration: the environment, a `.env` file and `bookplate.toml` become typed values, or one error that lists
//! every mistake with its remedy. [`variables`] declares every variable.

mod audiences;
mod book;
pub mod clients;
mod contact;
mod database;
mod env_file;
mod error;
mod file;
mod generated_secret;
mod host;
mod list;
mod literal;
mod loader;
mod mail;
mod origin;
mod parse;
mod secret;
mod settings;
mod source_file;
mod sources;
mod text_file;
mod trusted_proxies;
mod unknown_variables;
mod variable;
mod variables;

#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, sync::Arc};

use contract::Questions;
use domain::{
    Client, ConversationLimits, Entropy, LimitSettings, Retention, Secret, SessionSettings, SignUpMode,
    TokenSettings,
};
use ipnet::IpNet;

pub use book::Book;
pub use error::{ConfigError, Mistake};
pub use mail::{Mail, MailApi, MailProvider, MailServer, MailTls, SmtpUrl, is_private};
pub use origin::PublicOrigin;
pub use sources::Sources;

use loader::Loader;

/// The validated configuration.
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// `sqlite://PATH` or `postgres://...`, which may hold a password.
    pub database_url: String,
    /// The most connections to the database that this process opens.
    pub database_connections: u32,
    /// The address of PostgreSQL for `LISTEN`; `None` with SQLite and behind a transaction pooler.
    pub database_direct_url: Option<String>,
    /// Where readers reach Bookplate.
    pub origin: PublicOrigin,
    /// Signs cookies and encrypts keys; also holds the previous secret while it is being changed.
    pub secret: Arc<Secret>,
    /// The origins whose pages may send requests with a reader's cookie, as browsers write them; the public one first.
    pub trusted_origins: Vec<String>,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The destination and sender of mail.
    pub mail: Mail,
    /// The fewest UTF-16 code units of a new password.
    pub password_min: usize,
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// Whether sign-in needs a confirmed address. When on, mail can be sent.
    pub require_verified_email: bool,
    /// The lifetimes of sessions.
    pub sessions: SessionSettings,
    /// Whether a session's token is accepted as a bearer token.
    pub bearer_sessions: bool,
    /// Compatibility mode: new passwords are judged by their length alone, and changing the password leaves other
    /// sessions unless asked.
    pub reference_habits: bool,
    /// The rate limits.
    pub limits: LimitSettings,
    /// How long audit log entries and unconfirmed accounts are kept.
    pub retention: Retention,
    /// Sizes and counts of conversations.
    pub conversations: ConversationLimits,
    /// A URI for the `Contact` of `/.well-known/security.txt` (RFC 9116 section 2.5.3).
    pub security_contact: String,
    /// Issuer, algorithm, lifetime and audiences of tokens.
    pub tokens: TokenSettings,
    /// The declared clients of OAuth 2.0.
    pub clients: Vec<Client>,
    /// The book.
    pub book: Book,
    /// The questions of the sign-up form.
    pub questions: Questions,
    /// A level, or a filter of tracing-subscriber's `EnvFilter`.
    pub log_level: String,
    /// Sentences to log at start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and validates the configuration. When it is valid and no secret is set, a first start with an embedded
    /// database on this machine generates one beside the database; nothing else is written.
    ///
    /// # Errors
    /// When anything cannot be used, with every mistake.
    pub fn load(sources: &Sources, entropy: &dyn Entropy) -> Result<Self, ConfigError> {
        let mut loader = Loader::new(sources);
        match Self::read(&mut loader, entropy) {
            Some(config) if loader.is_clean() => Ok(Self { warnings: loader.into_warnings(), ..config }),
            _ => Err(loader.into_error()),
        }
    }

    /// Reads everything, so that every mistake is found; `None` when a required value is missing or cannot be used.
    fn read(loader: &mut Loader<'_>, entropy: &dyn Entropy) -> Option<Self> {
        let host = host::host(loader);
        let port = loader.read(&variables::PORT);
        let database = database::address(loader);
        let database_connections = loader.read(&variables::DATABASE_POOL);
        let origin = origin::public(loader, port);
        let trusted_origins = origin::trusted(loader, origin.as_ref());
        let trusted_proxies = trusted_proxies::trusted_proxies(loader);
        let password_min = loader.read(&variables::PASSWORD_MIN) as usize;
        let sessions = settings::sessions(loader);
        let bearer_sessions = loader.read(&variables::BEARER_SESSIONS);
        let reference_habits = settings::reference_habits(loader);
        let log_level = loader.read(&variables::LOG);
        let (algorithm, lifetime) =
            (loader.read(&variables::JWT_ALGORITHM), loader.read(&variables::JWT_LIFETIME));
        let rotation_days = loader.read(&variables::KEY_ROTATION);
        let limits = settings::rate_limits(loader);
        let file::Declared { book, questions, audiences, clients, file } = file::read(loader);
        book::check_terms_page(loader, &file, &book, origin.as_ref());
        let database_file = database.as_ref().and_then(|database| database.file.as_deref());
        let mail = mail::mail(loader, &book.name, origin.as_ref(), database_file);
        let (sign_up, require_verified_email) = settings::sign_up(loader, &mail);
        let retention = settings::retention(loader, require_verified_email, &mail);
        let conversations = settings::conversations(loader);
        let database_direct_url = database::direct(loader, database.as_ref());
        let security_contact = contact::security_contact(loader, &mail, origin.as_ref());
        let mut audiences = audiences::audiences(loader, &file, audiences, origin.as_ref());
        let trusted = (origin.as_ref(), trusted_origins.as_slice());
        let clients = clients::clients(loader, &file, clients, trusted, &mut audiences);
        secret::check_unique(loader, &audiences.secrets);
        unknown_variables::check_unknown_variables(loader, &audiences.names, &clients.ids);
        let secret =
            secret::server_secret(loader, entropy, origin.as_ref(), database.as_ref(), &audiences.secrets);

        let (database, origin, secret) = (database?, origin?, secret?);
        let issuer = origin.as_str().to_owned();
        Some(Self {
            host,
            port,
            database_url: database.url,
            database_connections,
            origin,
            secret: Arc::new(secret),
            trusted_origins,
            trusted_proxies,
            mail,
            sign_up,
            require_verified_email,
            limits,
            retention,
            conversations,
            database_direct_url,
            security_contact,
            password_min,
            sessions,
            bearer_sessions,
            reference_habits,
            tokens: TokenSettings {
                issuer,
                lifetime,
                algorithm,
                rotation_days,
                audiences: audiences.declared,
            },
            clients: clients.declared,
            book,
            questions,
            log_level,
            warnings: Vec::new(),
        })
    }
}

/// Omits the database's address and every secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.database_url.split_once("://").map_or("", |(scheme, _)| scheme);
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("database", &database)
            .field("database_connections", &self.database_connections)
            .field("origin", &self.origin.as_str())
            .field("trusted_origins", &self.trusted_origins)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("mail", &self.mail)
            .field("sign_up", &self.sign_up)
            .field("require_verified_email", &self.require_verified_email)
            .field("limits", &self.limits)
            .field("retention", &self.retention)
            .field("conversations", &self.conversations)
            .field("database_direct_url", &self.database_direct_url.is_some())
            .field("password_min", &self.password_min)
            .field("sessions", &self.sessions)
            .field("security_contact", &self.security_contact)
            .field("bearer_sessions", &self.bearer_sessions)
            .field("reference_habits", &self.reference_habits)
            .field("tokens", &self.tokens)
            .field("clients", &self.clients)
            .field("book", &self.book)
            .field("questions", &self.questions)
            .field("log_level", &self.log_level)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
