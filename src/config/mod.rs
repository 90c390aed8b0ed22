//! Configuration: the environment, a `.env` file and `bookplate.toml` become typed values, or one error that lists
//! everything that is wrong with its remedy. `docs/CONFIGURATION.md` describes every name.

mod audiences;
mod book;
mod compat;
mod contact;
mod conversations;
mod database;
mod env_file;
mod error;
mod file;
mod generated_secret;
mod limits;
mod loader;
mod logging;
mod mail;
mod network;
mod origin;
mod retention;
mod secret;
mod sources;
mod time;
mod tokens;
mod variables;

#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, sync::Arc};

use contract::Questions;
use domain::{ConversationLimits, Entropy, LimitSettings, Retention, Secret, TokenSettings};
use ipnet::IpNet;

pub use book::Book;
pub use error::{ConfigError, Mistake};
pub use mail::{Mail, SmtpUrl};
pub use origin::PublicOrigin;
pub use sources::Sources;

use loader::Reading;

/// How this Bookplate is set up.
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// `sqlite://PATH` or `postgres://...`, which may hold a password.
    pub database_url: String,
    /// How many connections to the database are open at most.
    pub database_connections: u32,
    /// Where readers reach Bookplate.
    pub origin: PublicOrigin,
    /// Signs cookies and seals keys; knows the one before it while it is being changed.
    pub secret: Arc<Secret>,
    /// The origins whose pages may send requests with a reader's cookie, as browsers write them; the public one first.
    pub trusted_origins: Vec<String>,
    /// Who may say in a header where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Where mail goes.
    pub mail: Mail,
    /// Whether sign-in needs a confirmed address; sign-up and reset then never tell whether an address is taken. Mail can
    /// be sent when it is on.
    pub require_verified_email: bool,
    /// How often one may try.
    pub limits: LimitSettings,
    /// How long things are kept.
    pub retention: Retention,
    /// What readers and chatbots may store.
    pub conversations: ConversationLimits,
    /// Where other processes on the same PostgreSQL are heard; `None` where none can be.
    pub database_direct_url: Option<String>,
    /// Whom to tell about a hole: a URI for `/.well-known/security.txt` (RFC 9116 section 2.5.3).
    pub security_contact: String,
    /// Whether a session's token opens it as a bearer token.
    pub bearer_sessions: bool,
    /// Whether the reference's laxer habits are followed: new passwords are judged by their length alone, and changing
    /// the password leaves other sessions unless asked.
    pub reference_habits: bool,
    /// How tokens are made, and for whom.
    pub tokens: TokenSettings,
    /// The book.
    pub book: Book,
    /// What the book asks its readers.
    pub questions: Questions,
    /// A level, or a filter of tracing-subscriber's `EnvFilter`.
    pub log_level: String,
    /// Sentences to log at start.
    pub notices: Vec<String>,
}

impl Config {
    /// Reads the configuration. On first start, when everything else is right, the server's secret is made and kept
    /// beside the embedded database; nothing else is written.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake.
    pub fn load(sources: &Sources, entropy: &dyn Entropy) -> Result<Self, ConfigError> {
        let mut reading = Reading::new(sources);
        match Self::read(&mut reading, entropy) {
            Some(config) if reading.is_clean() => Ok(Self { notices: reading.into_notices(), ..config }),
            _ => Err(reading.into_error()),
        }
    }

    /// Reads everything, so that every mistake is found; `None` when something is missing without which there is no
    /// configuration.
    fn read(reading: &mut Reading<'_>, entropy: &dyn Entropy) -> Option<Self> {
        let host = network::host(reading);
        let port = network::port(reading);
        let database = database::address(reading);
        let database_connections = database::connections(reading);
        let origin = origin::public(reading, port);
        let trusted_origins = origin::trusted(reading, origin.as_ref());
        let trusted_proxies = network::trusted_proxies(reading);
        let bearer_sessions = reading.switch(&variables::BEARER_SESSIONS);
        let reference_habits = compat::reference_habits(reading);
        let log_level = logging::level(reading);
        let (algorithm, lifetime) = (tokens::algorithm(reading), tokens::lifetime(reading));
        let limits = limits::limits(reading);
        let file::Declared { book, questions, audiences, file } = file::read(reading);
        let database_file = database.as_ref().and_then(|database| database.file.as_deref());
        let mail = mail::mail(reading, &book.name, origin.as_ref(), database_file);
        let require_verified_email = compat::require_verified_email(reading, &mail);
        let retention = retention::retention(reading, require_verified_email);
        let conversations = conversations::limits(reading);
        let database_direct_url = database::direct(reading, database.as_ref());
        let security_contact = contact::security_contact(reading, &mail, origin.as_ref());
        let audiences = audiences::audiences(reading, &file, audiences, origin.as_ref());
        variables::check_unknown_variables(reading, &audiences.names);
        let secret =
            secret::server_secret(reading, entropy, origin.as_ref(), database.as_ref(), &audiences.secrets);

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
            require_verified_email,
            limits,
            retention,
            conversations,
            database_direct_url,
            security_contact,
            bearer_sessions,
            reference_habits,
            tokens: TokenSettings { issuer, lifetime, algorithm, audiences: audiences.declared },
            book,
            questions,
            log_level,
            notices: Vec::new(),
        })
    }
}

/// Shows neither the database's password nor any secret.
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
            .field("require_verified_email", &self.require_verified_email)
            .field("limits", &self.limits)
            .field("retention", &self.retention)
            .field("conversations", &self.conversations)
            .field("hears_others", &self.database_direct_url.is_some())
            .field("security_contact", &self.security_contact)
            .field("bearer_sessions", &self.bearer_sessions)
            .field("reference_habits", &self.reference_habits)
            .field("tokens", &self.tokens)
            .field("book", &self.book)
            .field("questions", &self.questions)
            .field("log_level", &self.log_level)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}
