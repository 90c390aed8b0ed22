//! What processes on one PostgreSQL tell each other.

use sqlx::postgres::PgListener;

use crate::{Database, StorageError, database::on_connection};

const CHANNEL: &str = "bookplate_conversations";
const NOTIFY: &str = "select pg_notify('bookplate_conversations', $1)";

pub(super) const POSTGRES: &[&str] = &[NOTIFY];

impl Database {
    /// Tells other processes something; on SQLite there are none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn notify_conversations(&self, notices: &[String]) -> Result<(), StorageError> {
        if let Self::Postgres(pool) = self {
            on_connection!(pool, |connection| {
                for notice in notices {
                    sqlx::query(NOTIFY).bind(notice).execute(&mut *connection).await?;
                }
            });
        }
        Ok(())
    }
}

/// Hears what other processes tell, over a connection of its own: behind a transaction pooler none can listen.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn connect(url: &str) -> Result<Self, StorageError> {
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next notice; `None` when the connection was lost, and notices perhaps with it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn next(&mut self) -> Result<Option<String>, StorageError> {
        Ok(self.0.try_recv().await?.map(|notice| notice.payload().to_owned()))
    }
}
