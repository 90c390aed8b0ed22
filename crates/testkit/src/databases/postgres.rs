//! Databases in the cluster the test command has started, cloned from one that was migrated once.

use std::{env, thread};

use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, Connection, PgConnection, migrate::Migrator, postgres::PgConnectOptions};
use storage::Database;
use tokio::{runtime, sync::OnceCell};

use crate::FixedClock;

const VARIABLE: &str = "BOOKPLATE_TEST_POSTGRES_URL";
/// Keeps the processes of one test run from making the template at the same time. The number is ours.
const LOCK: i64 = 7_092_447;

/// Read for its checksums only: they name the template. `storage` has its own copy and runs it.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// A database of our own; dropped with its owner.
#[derive(Debug)]
pub(super) struct Created {
    server: PgConnectOptions,
    name: String,
}

impl Created {
    pub(super) async fn empty() -> Self {
        Self::create("template0").await
    }

    pub(super) async fn from_template() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(template).await;
        Self::create(template).await
    }

    async fn create(template: &str) -> Self {
        let server = server();
        let mut connection = connect(&server).await;
        // From the server, so that test runs on one cluster cannot meet, whichever machines they come from.
        let random = sqlx::query_scalar::<_, String>("select replace(gen_random_uuid()::text, '-', '')");
        let random = random.fetch_one(&mut connection).await.expect("PostgreSQL 13 or newer");
        let name = format!("bookplate_test_{random}");
        run(&mut connection, &format!("create database {name} template {template}")).await;
        Self { server, name }
    }

    pub(super) fn server(&self) -> PgConnectOptions {
        self.server.clone()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn url(&self) -> String {
        url(&self.server, &self.name)
    }
}

impl Drop for Created {
    /// On a thread of its own, because a drop cannot await; joined, so that the process does not end before.
    fn drop(&mut self) {
        let Self { server, name } = self;
        let (server, statement) = (server.clone(), format!("drop database if exists {name} with (force)"));
        let dropping = thread::spawn(move || {
            let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect_with(&server).await {
                    let _ = sqlx::query(&statement).execute(&mut connection).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// The name of a migrated database, made by whoever comes first.
async fn template() -> String {
    let checksums = MIGRATIONS.iter().fold(Sha256::new(), |digest, it| digest.chain_update(&it.checksum));
    let name: String = format!("bookplate_template_{:x}", checksums.finalize()).chars().take(40).collect();
    let server = server();
    let mut connection = connect(&server).await;
    let lock = sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await;
    lock.expect("an advisory lock can be taken");
    let found = sqlx::query_scalar::<_, bool>("select exists (select from pg_database where datname = $1)");
    if !found.bind(&name).fetch_one(&mut connection).await.expect("pg_database can be read") {
        // Takes its name when it is ready, so that a half-made one is never cloned.
        let draft = format!("{name}_draft");
        run(&mut connection, &format!("drop database if exists {draft} with (force)")).await;
        run(&mut connection, &format!("create database {draft} template template0")).await;
        let database =
            Database::connect(&url(&server, &draft), 1).await.unwrap_or_else(|error| panic!("{error}"));
        database.migrate(FixedClock::START.millis()).await.unwrap_or_else(|error| panic!("{error}"));
        database.close().await;
        // A connection on its way back into the pool while that closes stays open until the pool is gone (sqlx 0.8.6),
        // and a database in use cannot be renamed.
        drop(database);
        run(&mut connection, &format!("alter database {draft} rename to {name}")).await;
    }
    // The lock goes with the connection.
    let _ = connection.close().await;
    name
}

fn server() -> PgConnectOptions {
    let url = env::var(VARIABLE).unwrap_or_default();
    assert!(
        !url.is_empty(),
        "this test needs PostgreSQL: run `cargo xtask test`, which starts one, or set {VARIABLE} to the address of a \
         server on which databases may be created, such as postgres://user@127.0.0.1:5432/postgres"
    );
    let options: PgConnectOptions = url.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
    options.disable_statement_logging()
}

async fn connect(server: &PgConnectOptions) -> PgConnection {
    let connected = PgConnection::connect_with(server).await;
    connected
        .unwrap_or_else(|error| panic!("PostgreSQL does not answer at the address in {VARIABLE}: {error}"))
}

async fn run(connection: &mut PgConnection, statement: &str) {
    let ran = sqlx::query(statement).execute(connection).await;
    ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn url(server: &PgConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}
