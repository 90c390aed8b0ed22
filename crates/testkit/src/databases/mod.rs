//! Fresh databases, of both kinds, gone when the test ends.

mod contents;
mod full;
mod postgres;
mod sqlite;
mod tls_server;

pub use tls_server::{TlsCertificate, TlsServer};

use std::{future::Future, ops::Deref, time::Duration};

use sqlx::{ConnectOptions, postgres::PgSslMode};
use storage::Database;

use crate::{FixedClock, PostgresProxy};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file in a folder of its own.
    Sqlite,
    /// A database in the cluster that `BOOKPLATE_TEST_POSTGRES_URL` names.
    Postgres,
}

/// A database nobody else uses; removed when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite { _folder: sqlite::Folder },
    Postgres(Box<postgres::Created>),
}

/// As many as the server opens by default: enough for tests that want to collide.
const CONNECTIONS: u32 = 20;

impl Kind {
    /// A database at the newest schema.
    pub async fn migrated(self) -> TestDatabase {
        let database = match self {
            Self::Sqlite => self.empty().await,
            Self::Postgres => {
                let created = postgres::Created::from_template().await;
                TestDatabase::open(created.url(), Place::Postgres(Box::new(created))).await
            }
        };
        // The template is at the newest schema already: then this finds nothing to do.
        let migrated = database.migrate(FixedClock::START.millis()).await;
        migrated.expect("the migrations run on a fresh database");
        database
    }

    /// A database without any table.
    pub async fn empty(self) -> TestDatabase {
        match self {
            Self::Sqlite => {
                let folder = sqlite::Folder::make();
                TestDatabase::open(folder.url(), Place::Sqlite { _folder: folder }).await
            }
            Self::Postgres => {
                let created = postgres::Created::empty().await;
                TestDatabase::open(created.url(), Place::Postgres(Box::new(created))).await
            }
        }
    }
}

impl TestDatabase {
    async fn open(url: String, place: Place) -> Self {
        let database = connect(&url).await;
        Self { database, url, place }
    }

    /// Its address, for a program of its own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match &self.database {
            Database::Sqlite(_) => Kind::Sqlite,
            Database::Postgres(_) => Kind::Postgres,
        }
    }

    /// The same database, from now on reached through a proxy that counts what is sent to it. PostgreSQL only.
    pub async fn behind_proxy(self) -> (Self, PostgresProxy) {
        let (server, name) = match &self.place {
            Place::Postgres(created) => (created.server(), created.name()),
            Place::Sqlite { .. } => panic!("SQLite has no server"),
        };
        let proxy = PostgresProxy::start(format!("{}:{}", server.get_host(), server.get_port())).await;
        let through = server.host("127.0.0.1").port(proxy.address().port()).ssl_mode(PgSslMode::Disable);
        let url = through.database(name).to_url_lossy().to_string();
        self.database.close().await;
        let database = connect(&url).await;
        (Self { database, url, place: self.place }, proxy)
    }

    /// Opens it once more, as another process would.
    pub async fn reopen(&self) -> Database {
        connect(&self.url).await
    }
}

impl Deref for TestDatabase {
    type Target = Database;
    fn deref(&self) -> &Database {
        &self.database
    }
}

async fn connect(url: &str) -> Database {
    Database::connect(url, CONNECTIONS).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a test's body on a migrated database of this kind.
pub fn on_migrated<F: Future<Output = ()>>(kind: Kind, body: impl FnOnce(TestDatabase) -> F) {
    runtime().block_on(async { body(kind.migrated().await).await });
}

/// Runs a test's body on an empty database of this kind.
pub fn on_empty<F: Future<Output = ()>>(kind: Kind, body: impl FnOnce(TestDatabase) -> F) {
    runtime().block_on(async { body(kind.empty().await).await });
}

/// Runs a test's body on a migrated database of this kind, while time goes on only when the body says so, with
/// `tokio::time::advance`.
pub fn with_paused_time<F: Future<Output = ()>>(kind: Kind, body: impl FnOnce(TestDatabase) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a test has a thread").block_on(async {
        // Time that stands still leaps ahead when nothing is left to do but to wait, as for a database; not while a
        // thread is at work. One that waits for ever shall fail all the same.
        let (done, waits) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || waits.recv_timeout(Duration::from_mins(1)));
        body(kind.migrated().await).await;
        drop(done);
    });
}

/// Two workers, so that what is meant to happen at once does.
fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a test has threads")
}
