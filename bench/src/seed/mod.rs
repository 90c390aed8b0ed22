//! Fills databases. Each is filled once, kept under a name that identifies its content, and measured on a copy.

mod peer;
mod postgres;
mod sqlite;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version, password_hash::SaltString};
use sqlx::migrate::Migrator;
use storage::Database;
use tokio::sync::mpsc::{self, Receiver};

use crate::{
    Common, Kind,
    cluster::Cluster,
    data::{self, Conversation, Plan},
    vocabulary::Vocabulary,
};

/// Increase when the generated data change.
const GENERATION: u32 = 1;
/// The password of all readers.
pub(crate) const PASSWORD: &str = "bench: forty two quiet robots";
/// Minimum number of messages per batch.
const BATCH: usize = 1_000;

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// Fills the missing databases with this many messages.
pub(crate) async fn all(common: &Common, messages: u64, cluster: Option<&Cluster>) -> Result<()> {
    for kind in &common.databases {
        match (kind, cluster) {
            (Kind::Postgres, Some(cluster)) => drop(postgres::ensure(common, messages, cluster).await?),
            (Kind::Postgres, None) => {}
            (Kind::Sqlite, _) => drop(sqlite::ensure(common, messages).await?),
        }
    }
    if let (Some(folder), Some(cluster)) = (&common.peer, cluster) {
        peer::ensure(common, folder, messages, cluster).await?;
    }
    Ok(())
}

/// Copies a filled SQLite database; returns the file.
pub(crate) async fn sqlite_copy(common: &Common, messages: u64) -> Result<PathBuf> {
    sqlite::copy(&sqlite::ensure(common, messages).await?, common, messages)
}

/// Copies a filled PostgreSQL database; returns its name.
pub(crate) async fn postgres_copy(common: &Common, messages: u64, cluster: &Cluster) -> Result<String> {
    let filled = postgres::ensure(common, messages, cluster).await?;
    postgres::copy(cluster, &filled, &format!("bookplate_{messages}")).await
}

/// Copies the peer's filled database; returns its name.
pub(crate) async fn peer_copy(common: &Common, messages: u64, cluster: &Cluster) -> Result<Option<String>> {
    let Some(folder) = &common.peer else { return Ok(None) };
    let filled = peer::ensure(common, folder, messages, cluster).await?;
    postgres::copy(cluster, &filled, &format!("peer_{messages}")).await.map(Some)
}

fn plan(common: &Common, messages: u64) -> Plan {
    Plan { readers: common.readers, messages }
}

/// A hash, in eight digits, of what the data depend on: schema, texts and search terms.
fn stamp(migrator: &Migrator) -> String {
    let mut hasher = DefaultHasher::new();
    GENERATION.hash(&mut hasher);
    migrator.iter().for_each(|it| it.checksum.hash(&mut hasher));
    let vocabulary = Vocabulary::new();
    for planned in (Plan { readers: 10, messages: 200 }).conversations().take(10) {
        let conversation = data::write(&vocabulary, &planned);
        conversation.messages.iter().for_each(|it| (&it.parts, it.terms.fts5()).hash(&mut hasher));
    }
    format!("{:08x}", hasher.finish() & 0xffff_ffff)
}

/// Runs the migrations.
async fn migrate(url: &str) -> Result<()> {
    let database = Database::connect(url, 1).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    database.migrate(i64::try_from(now)?).await?;
    database.close().await;
    Ok(())
}

/// Generates all conversations on a separate thread and sends them in batches.
fn conversations(plan: Plan) -> Receiver<Vec<Conversation>> {
    let (sender, receiver) = mpsc::channel(4);
    thread::spawn(move || {
        let vocabulary = Vocabulary::new();
        let mut batch = Vec::new();
        let mut size = 0;
        for planned in plan.conversations() {
            let conversation = data::write(&vocabulary, &planned);
            size += conversation.messages.len();
            batch.push(conversation);
            if size >= BATCH {
                size = 0;
                if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        let _ = sender.blocking_send(batch);
    });
    receiver
}

/// The hash of [`PASSWORD`] with Bookplate's parameters and a fixed salt.
fn password_hash() -> Result<String> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    let salt = SaltString::encode_b64(b"bench-bench-salt").map_err(|error| anyhow::anyhow!("{error}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(PASSWORD.as_bytes(), &salt);
    Ok(hash.map_err(|error| anyhow::anyhow!("{error}"))?.to_string())
}

/// Prints progress.
struct Progress {
    what: String,
    begun: Instant,
    messages: u64,
    said: u64,
}

impl Progress {
    fn new(what: String) -> Self {
        eprintln!("  filling {what}");
        Self { what, begun: Instant::now(), messages: 0, said: 0 }
    }

    fn add(&mut self, batch: &[Conversation]) {
        self.messages += batch.iter().map(|it| it.messages.len() as u64).sum::<u64>();
        if self.messages / 100_000 > self.said {
            self.said = self.messages / 100_000;
            eprintln!(
                "  {}: {} messages, {:.0} s",
                self.what,
                self.messages,
                self.begun.elapsed().as_secs_f64()
            );
        }
    }

    fn done(self) {
        eprintln!("  {}: done in {:.0} s", self.what, self.begun.elapsed().as_secs_f64());
    }
}

/// Converts a number to the databases' integer type.
fn number(value: u64) -> Result<i64> {
    i64::try_from(value).context("too many")
}
