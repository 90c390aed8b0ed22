//! Migrations: those embedded in the program, the table of those that have run, and the lock around both
//! (`docs/adr/0006-migrations-under-our-own-lock.md`).

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use sqlx::migrate::Migrator;
use thiserror::Error;

use crate::Database;

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Held until the transaction ends; a session lock would be lost behind a transaction pooler. The number is arbitrary.
const LOCK_POSTGRES: &str = "select pg_advisory_xact_lock(7092446)";
/// On SQLite, the lock file is enough.
const LOCK_SQLITE: &str = "select 1";
const CREATE_TABLE: &str = "create table if not exists bookplate_migrations (
    version bigint not null primary key,
    name text not null,
    checksum text not null,
    applied_at bigint not null
)";
const READ: &str = "select version, checksum from bookplate_migrations order by version";
const RECORD: &str =
    "insert into bookplate_migrations (version, name, checksum, applied_at) values ($1, $2, $3, $4)";

/// The statements that need the schema, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[READ, RECORD];

impl Database {
    /// Migrates the schema to this program's version; how many migrations ran. `now` is in Unix milliseconds.
    ///
    /// Processes that start at once wait for one another. All migrations run in one transaction, so a failed one leaves the
    /// schema as it was. A database newer than the program is refused untouched.
    pub async fn migrate(&self, now: i64) -> Result<usize, MigrateError> {
        let (migrator, lock, _held) = match self {
            Self::Sqlite(pool) => {
                let held = lock_beside(pool.acquire_sqlx_pool().await?.connect_options().get_filename())
                    .await
                    .map_err(MigrateError::Lock)?;
                (&SQLITE, LOCK_SQLITE, Some(held))
            }
            Self::Postgres(_) => (&POSTGRES, LOCK_POSTGRES, None),
        };
        let mut tx = self.begin().await?;
        tx.query(lock).execute().await?;
        tx.query(CREATE_TABLE).execute().await?;
        let applied: Vec<(i64, String)> = tx.query(READ).fetch_all().await?;
        let pending = pending(migrator, &applied)?;
        for migration in &pending {
            tx.execute_raw(migration.sql.as_ref()).await?;
            tx.query(RECORD)
                .bind(migration.version)
                .bind(migration.description.as_ref())
                .bind(hex::encode(&migration.checksum))
                .bind(now)
                .execute()
                .await?;
        }
        tx.commit().await?;
        Ok(pending.len())
    }
}

/// The migrations still to run, after checking those that have run.
fn pending(
    migrator: &'static Migrator,
    applied: &[(i64, String)],
) -> Result<Vec<&'static sqlx::migrate::Migration>, MigrateError> {
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    if let Some((found, _)) = applied.iter().find(|(version, _)| *version > known) {
        return Err(MigrateError::Newer { found: *found, known });
    }
    let ran = |version| applied.iter().find(|(applied, _)| *applied == version);
    for migration in migrator.iter() {
        if ran(migration.version).is_some_and(|(_, checksum)| *checksum != hex::encode(&migration.checksum)) {
            return Err(MigrateError::Altered { version: migration.version });
        }
    }
    Ok(migrator.iter().filter(|migration| ran(migration.version).is_none()).collect())
}

/// Waits for the lock file beside the database; closing the file releases the lock.
pub(crate) async fn lock_beside(database: &Path) -> std::io::Result<File> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).write(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(std::io::Error::other).and_then(|outcome| outcome)
}

/// The schema could not be brought up to date; nothing was changed.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database has been opened by a newer program.
    #[error(
        "this database was opened by a newer Bookplate (schema {found}, this program knows {known}). Start the newer \
         program, or restore the backup made before it."
    )]
    Newer {
        /// The newest migration found.
        found: i64,
        /// The newest one this program has.
        known: i64,
    },
    /// A migration that ran is not the one this program has.
    #[error(
        "migration {version} of this database is not the one in this program. Start the program that made the \
         database, or restore a backup."
    )]
    Altered {
        /// Its version.
        version: i64,
    },
    /// The lock file could not be taken.
    #[error("cannot take the lock file beside the database: {0}")]
    Lock(std::io::Error),
    /// A statement failed.
    #[error("the database refused a migration: {0}")]
    Database(#[from] sqlx::Error),
}
