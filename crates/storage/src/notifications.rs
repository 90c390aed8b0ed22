//! Notifications between processes on one PostgreSQL (`LISTEN` and `NOTIFY`).

use sqlx::{
    ConnectOptions,
    postgres::{PgListener, PgPoolOptions},
};

use crate::{
    Database, StorageError,
    address::{Address, AddressError},
    tls::{ServerOptions, SystemResolver, connect_options},
};

const CONVERSATIONS: &str = "bookplate_conversations";
const MAIL: &str = "bookplate_mail";
const NOTIFY_CONVERSATIONS: &str = "select pg_notify('bookplate_conversations', $1)";
const NOTIFY_MAIL: &str = "select pg_notify('bookplate_mail', '')";

pub(crate) const POSTGRES: &[&str] = &[NOTIFY_CONVERSATIONS, NOTIFY_MAIL];

impl Database {
    /// Whether there may be other processes to notify. A SQLite file has one.
    pub const fn notifies_processes(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Notifies the other processes of changed conversations, if there may be any.
    pub async fn notify_conversations(&self, notices: &[String]) -> Result<(), StorageError> {
        if self.notifies_processes() {
            let mut connection = self.connection().await?;
            for notice in notices {
                connection.query(NOTIFY_CONVERSATIONS).bind(notice).execute().await?;
            }
        }
        Ok(())
    }

    /// Notifies the other processes that mail is queued, if there may be any.
    pub async fn notify_mail(&self) -> Result<(), StorageError> {
        if self.notifies_processes() {
            self.connection().await?.query(NOTIFY_MAIL).execute().await?;
        }
        Ok(())
    }
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Conversations have changed: one of the notices of [`Database::notify_conversations`].
    Conversations(String),
    /// Mail is queued.
    Mail,
}

/// Receives notifications, also those of this process, over a connection of its own, which cannot be one of a transaction
/// pooler.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Connects and subscribes.
    ///
    /// # Errors
    /// When the address cannot be used, and when the server refuses.
    pub async fn connect(url: &str) -> Result<Self, StorageError> {
        let unusable = |error: AddressError| StorageError::from(sqlx::Error::Configuration(error.into()));
        let address = url.parse().map_err(unusable)?;
        let Address::Postgres(address) = address else {
            return Err(unusable(AddressError::new(
                "SQLite notifies nobody",
                "Give an address of PostgreSQL",
            )));
        };
        let ServerOptions { options, .. } =
            connect_options(&address, &SystemResolver).await.map_err(unusable)?;
        // A pool of one, as sqlx's own `connect` makes it, which only takes an address.
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool =
            pool.connect_with(options.application_name("bookplate").disable_statement_logging()).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.listen_all([CONVERSATIONS, MAIL]).await?;
        Ok(Self(listener))
    }

    /// The next notification; `None` when the connection was lost, and notifications perhaps with it.
    pub async fn next(&mut self) -> Result<Option<Notification>, StorageError> {
        Ok(self.0.try_recv().await?.map(|notice| match notice.channel() {
            MAIL => Notification::Mail,
            _ => Notification::Conversations(notice.payload().to_owned()),
        }))
    }
}
