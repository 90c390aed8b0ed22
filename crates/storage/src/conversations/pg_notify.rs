//! Change notifications between processes on one PostgreSQL (`LISTEN` and `NOTIFY`).

use sqlx::postgres::PgListener;

use crate::{Database, StorageError};

const CHANNEL: &str = "bookplate_conversations";
const NOTIFY: &str = "select pg_notify('bookplate_conversations', $1)";

pub(super) const POSTGRES: &[&str] = &[NOTIFY];

impl Database {
    /// Whether there may be other processes to notify. A SQLite file has one.
    pub const fn notifies_processes(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Notifies the other processes, if there may be any.
    pub async fn notify_conversations(&self, notices: &[String]) -> Result<(), StorageError> {
        if self.notifies_processes() {
            let mut connection = self.connection().await?;
            for notice in notices {
                connection.query(NOTIFY).bind(notice).execute().await?;
            }
        }
        Ok(())
    }
}

/// Receives the notifications of other processes, over a connection of its own, which cannot be one of a transaction
/// pooler.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Connects and subscribes.
    pub async fn connect(url: &str) -> Result<Self, StorageError> {
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next notification; `None` when the connection was lost, and notifications perhaps with it.
    pub async fn next(&mut self) -> Result<Option<String>, StorageError> {
        Ok(self.0.try_recv().await?.map(|notice| notice.payload().to_owned()))
    }
}
