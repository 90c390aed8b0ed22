//! The door through which messages come in.
//!
//! SQLite has one writer at a time, and what makes a write last is one wait for the disk. So on SQLite the messages that
//! have come while it waited are written together, in one transaction: each is answered when that has lasted
//! (`docs/adr/0016-adding-one-message.md`). PostgreSQL gathers the commits of its connections by itself.

use sqlx::{PgPool, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::{
    AppendOutcome, Appending, Draft, Idempotency, Writer, appending::append, quick::QuickConnection,
};
use crate::{Database, StorageError};

/// Requests that are written together at most.
const TOGETHER: usize = 128;
/// Requests that wait to be written.
const WAITING: usize = 4096;

/// Adds messages to conversations.
#[derive(Debug, Clone)]
pub struct Appender(Way);

#[derive(Debug, Clone)]
enum Way {
    Gathered(mpsc::Sender<Job>),
    Straight(PgPool),
}

/// A request that waits, and who waits for it.
struct Job {
    user_id: String,
    conversation_id: String,
    token_id: Option<String>,
    now: contract::Timestamp,
    drafts: Vec<Draft>,
    most: i64,
    idempotency: Option<Idempotency>,
    answer: oneshot::Sender<Result<AppendOutcome, StorageError>>,
}

impl Appender {
    /// To a database. On SQLite it starts the task that writes, which ends with the last of the appenders.
    pub fn new(database: &Database) -> Self {
        Self(match database {
            Database::Postgres(pool) => Way::Straight(pool.clone()),
            Database::Sqlite(pool) => {
                let (sender, jobs) = mpsc::channel(WAITING);
                tokio::spawn(gather(pool.clone(), jobs));
                Way::Gathered(sender)
            }
        })
    }

    /// Adds messages to a conversation, all or none, each after all that are there. They last when this returns.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn append(&self, appending: &Appending<'_>) -> Result<AppendOutcome, StorageError> {
        match &self.0 {
            Way::Straight(pool) => {
                if super::quick::plain(appending).is_some() {
                    let mut connection = pool.acquire().await?;
                    if let Some(written) = connection.add(appending).await? {
                        return Ok(AppendOutcome::Done(vec![written]));
                    }
                }
                Database::Postgres(pool.clone()).append_messages(appending).await
            }
            Way::Gathered(jobs) => {
                let (answer, answered) = oneshot::channel();
                let gone = || StorageError::Unavailable(sqlx::Error::WorkerCrashed);
                jobs.send(Job::new(appending, answer)).await.map_err(|_| gone())?;
                answered.await.map_err(|_| gone())?
            }
        }
    }
}

impl Job {
    fn new(appending: &Appending<'_>, answer: oneshot::Sender<Result<AppendOutcome, StorageError>>) -> Self {
        Self {
            user_id: appending.user_id.to_owned(),
            conversation_id: appending.conversation_id.to_owned(),
            token_id: appending.writer.token_id.map(str::to_owned),
            now: appending.writer.now,
            drafts: appending.drafts.to_vec(),
            most: appending.most,
            idempotency: appending.idempotency.cloned(),
            answer,
        }
    }

    fn appending(&self) -> Appending<'_> {
        Appending {
            user_id: &self.user_id,
            conversation_id: &self.conversation_id,
            writer: Writer { token_id: self.token_id.as_deref(), now: self.now },
            drafts: &self.drafts,
            most: self.most,
            idempotency: self.idempotency.as_ref(),
        }
    }
}

/// Writes what waits, again and again.
async fn gather(pool: SqlitePool, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    while jobs.recv_many(&mut waiting, TOGETHER).await > 0 {
        match write(&pool, &waiting).await {
            Ok(outcomes) => {
                for (job, outcome) in waiting.drain(..).zip(outcomes) {
                    // Who has gone away finds it when they come back.
                    let _ = job.answer.send(Ok(outcome));
                }
            }
            Err(_) => {
                // One of them is to blame, or all: each is tried by itself, and answered by itself.
                for job in waiting.drain(..) {
                    let outcome = write(&pool, std::slice::from_ref(&job)).await;
                    let outcome = outcome.and_then(|mut it| it.pop().ok_or(sqlx::Error::WorkerCrashed));
                    let _ = job.answer.send(outcome.map_err(StorageError::from));
                }
            }
        }
    }
}

/// Writes some requests in one transaction.
async fn write(pool: &SqlitePool, jobs: &[Job]) -> Result<Vec<AppendOutcome>, sqlx::Error> {
    let mut transaction = pool.begin_with("begin immediate").await?;
    let connection: &mut SqliteConnection = &mut transaction;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let appending = job.appending();
        outcomes.push(match connection.add(&appending).await? {
            Some(written) => AppendOutcome::Done(vec![written]),
            None => append(connection, &appending).await?,
        });
    }
    transaction.commit().await?;
    Ok(outcomes)
}
