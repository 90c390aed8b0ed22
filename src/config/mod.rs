//! Configuration: the environment, a `.env` file and `bookplate.toml` become typed values, or one error that lists
//! everything that is wrong with its remedy. `docs/CONFIGURATION.md` describes every name.

mod audiences;
mod book;
mod database;
mod env_file;
mod error;
mod file;
mod kept_secret;
mod logging;
mod mail;
mod network;
mod origin;
mod reading;
mod secret;
mod sources;
mod tokens;
mod variables;

#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, sync::Arc};

use contract::Questions;
use domain::{Entropy, Secret, TokenSettings};
use ipnet::IpNet;

pub use book::Book;
pub use error::{ConfigError, Mistake};
pub use mail::{Mail, SmtpUrl};
pub use origin::PublicOrigin;
pub use sources::Sources;

use reading::Reading;

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
    /// Signs cookies and seals keys.
    pub secret: Arc<Secret>,
    /// The origins whose pages may send requests with a reader's cookie, as browsers write them; the public one first.
    pub trusted_origins: Vec<String>,
    /// Who may say in a header where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Where mail goes.
    pub mail: Mail,
    /// Whether a session's token opens it as a bearer token.
    pub bearer_sessions: bool,
    /// Whether the reference's laxer habits are followed.
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
        let host = network::host(&mut reading);
        let port = network::port(&mut reading);
        let database = database::address(&mut reading);
        let database_connections = connections(&mut reading);
        let origin = origin::public(&mut reading, port);
        let trusted_origins = origin::trusted(&mut reading, origin.as_ref());
        let trusted_proxies = network::trusted_proxies(&mut reading);
        let mail = mail::mail(&mut reading);
        let bearer_sessions = reading.switch(&variables::BEARER_SESSIONS);
        let reference_habits = reading.switch(&variables::REFERENCE_HABITS);
        if reference_habits {
            reading.notice(format!(
                "{} is on; this release has no stricter habit yet that it could relax.",
                variables::REFERENCE_HABITS.name
            ));
        }
        let log_level = logging::level(&mut reading);
        let (algorithm, lifetime) = (tokens::algorithm(&mut reading), tokens::lifetime(&mut reading));
        let file::Declared { book, questions, audiences, file } = file::read(&mut reading);
        let audiences = audiences::audiences(&mut reading, &file, audiences, origin.as_ref());
        variables::judge_names(&mut reading, &audiences.names);
        let secret =
            server_secret(&mut reading, entropy, origin.as_ref(), database.as_ref(), &audiences.secrets);

        let (Some(database), Some(origin), Some(secret), true) =
            (database, origin, secret, reading.is_clean())
        else {
            return Err(reading.into_error());
        };
        let issuer = origin.as_str().to_owned();
        Ok(Self {
            host,
            port,
            database_url: database.url,
            database_connections,
            origin,
            secret: Arc::new(secret),
            trusted_origins,
            trusted_proxies,
            mail,
            bearer_sessions,
            reference_habits,
            tokens: TokenSettings { issuer, lifetime, algorithm, audiences: audiences.declared },
            book,
            questions,
            log_level,
            notices: reading.into_notices(),
        })
    }
}

fn connections(reading: &mut Reading<'_>) -> u32 {
    let wanted = "a number from 1 to 200";
    reading.parsed(&variables::DATABASE_POOL, 20, wanted, |text| {
        text.parse().ok().filter(|count| (1..=200).contains(count))
    })
}

/// The server's secret, given or kept. The file is touched last, and only when nothing else is wrong: a start that
/// fails leaves nothing behind.
fn server_secret(
    reading: &mut Reading<'_>,
    entropy: &dyn Entropy,
    origin: Option<&PublicOrigin>,
    database: Option<&database::Address>,
    others: &[secret::Named],
) -> Option<Secret> {
    let found = match database {
        Some(database) => secret::find(reading, origin, database.file.as_deref()),
        // A database that cannot be used has been refused, and would be blamed a second time for a missing secret.
        None => secret::given(reading).flatten(),
    };
    let (name, secret) = match found? {
        secret::Origin::Given(name, secret) => (name, secret),
        secret::Origin::Kept(path) if reading.is_clean() => {
            let name = path.display().to_string();
            (name.clone(), secret::kept(reading, &path, &name, entropy)?)
        }
        secret::Origin::Kept(_) => return None,
    };
    secret::judge_own(reading, &name, &secret, others);
    Some(Secret::new(secret.to_string()))
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
