//! The door through which messages come in.
//!
//! What makes a write last is one wait for the disk, and a statement for many messages costs little more than one for a
//! single message. So messages that have come while others were written are written together, in one transaction; each
//! is answered when that has lasted (`docs/adr/0016-adding-one-message.md`).

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use sqlx::{Postgres, Sqlite, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    AppendOutcome, AppendRequest, AppendedMessage, Draft, Idempotency, SEQ_BITS, Writer,
    append::append,
    append_batch::BatchAppend,
    append_one_sqlite::{self, as_simple_append},
};
use crate::{
    Database, Pool, StorageError,
    database::{on_connection, transact},
};

/// Requests that are written together at most.
const TOGETHER: usize = 128;
/// Bytes of messages that are written together, but for the last of them.
const BYTES: usize = 4 * 1024 * 1024;
/// How long PostgreSQL may take over them: a host that is gone says nothing.
const ROUND: Duration = Duration::from_secs(15);
/// Requests that wait to be written.
const WAITING: usize = 4096;

/// Is told the number and the revision of a conversation that has changed.
type OnChange = Arc<dyn Fn(i64, i64) + Send + Sync>;

/// Adds messages to conversations. What was begun is carried out and announced, also when nobody waits for it any more.
#[derive(Clone)]
pub struct MessageWriter {
    jobs: mpsc::Sender<Job>,
    /// What cannot be written together, on PostgreSQL.
    alone: Option<Database>,
    announce: OnChange,
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
    announce: OnChange,
    /// Whether it has been sent to the database once, and nobody knows what came of it.
    is_second_try: bool,
}

impl MessageWriter {
    /// To a database; `announce` is told the number and the new revision of each conversation that has changed. It starts
    /// the task that writes, which ends with the last of the appenders.
    pub fn new(database: &Database, announce: impl Fn(i64, i64) + Send + Sync + 'static) -> Self {
        let (sender, jobs) = mpsc::channel(WAITING);
        let alone = match database {
            Database::Postgres(pool) => {
                let pool = pool.clone();
                tokio::spawn(run_writer(jobs, move |waiting| write_on_postgres(pool.clone(), waiting)));
                Some(database.clone())
            }
            Database::Sqlite(pool) => {
                let pool = pool.clone();
                tokio::spawn(run_writer(jobs, move |waiting| write_on_sqlite(pool.clone(), waiting)));
                None
            }
        };
        Self { jobs: sender, alone, announce: Arc::new(announce) }
    }

    /// Adds messages to a conversation, all or none, each after all that are there. They last when this returns.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn append(&self, appending: &AppendRequest<'_>) -> Result<AppendOutcome, StorageError> {
        let (answer, answered) = oneshot::channel();
        let gone = || StorageError::Unavailable(sqlx::Error::WorkerCrashed);
        let job = Job::new(appending, answer, &self.announce);
        match &self.alone {
            Some(database) if as_simple_append(appending).is_none() => append_single(database.clone(), job),
            _ => self.jobs.send(job).await.map_err(|_| gone())?,
        }
        answered.await.map_err(|_| gone())?
    }
}

impl Job {
    fn new(
        appending: &AppendRequest<'_>,
        answer: oneshot::Sender<Result<AppendOutcome, StorageError>>,
        announce: &OnChange,
    ) -> Self {
        Self {
            user_id: appending.user_id.to_owned(),
            conversation_id: appending.conversation_id.to_owned(),
            token_id: appending.writer.token_id.map(str::to_owned),
            now: appending.writer.now,
            drafts: appending.drafts.to_vec(),
            most: appending.most,
            idempotency: appending.idempotency.cloned(),
            answer,
            announce: Arc::clone(announce),
            is_second_try: false,
        }
    }

    fn appending(&self) -> AppendRequest<'_> {
        AppendRequest {
            user_id: &self.user_id,
            conversation_id: &self.conversation_id,
            writer: Writer { token_id: self.token_id.as_deref(), now: self.now },
            drafts: &self.drafts,
            most: self.most,
            idempotency: self.idempotency.as_ref(),
        }
    }

    /// To be tried once more: its names may be there by now.
    fn into_retry(mut self) -> Self {
        self.is_second_try = true;
        for draft in &mut self.drafts {
            draft.chosen = true;
        }
        self
    }

    /// Who has gone away finds it when they come back.
    fn answer(self, outcome: Result<AppendOutcome, StorageError>) {
        if let Ok(AppendOutcome::Done(written)) = &outcome {
            let news = written.iter().filter(|written| written.changed || self.is_second_try);
            if let Some(last) = news.map(|it| &it.message).max_by_key(|message| message.revision) {
                (self.announce)(last.no >> SEQ_BITS, last.revision);
            }
        }
        let _ = self.answer.send(outcome);
    }
}

/// Takes out what can be written with one statement: one message for each of several conversations.
fn select_batch(jobs: &[Job]) -> Vec<usize> {
    let (mut chosen, mut conversations, mut bytes) = (Vec::new(), HashSet::new(), 0);
    for (at, job) in jobs.iter().enumerate() {
        if chosen.len() == TOGETHER || bytes >= BYTES {
            break;
        }
        if let Some(draft) = as_simple_append(&job.appending())
            && conversations.insert((&job.user_id, &job.conversation_id))
        {
            bytes += draft.content.bytes();
            chosen.push(at);
        }
    }
    chosen
}

impl fmt::Debug for MessageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender").finish_non_exhaustive()
    }
}

/// Has what waits written, again and again. `write` answers what has to wait for its next turn, which crowds out nobody:
/// as many as ever may come beside it.
async fn run_writer<F>(mut jobs: mpsc::Receiver<Job>, write: impl Fn(Vec<Job>) -> F)
where
    F: Future<Output = Vec<Job>> + Send + 'static,
{
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            if jobs.recv_many(&mut waiting, TOGETHER).await == 0 {
                return;
            }
        } else if waiting.len() < WAITING {
            waiting.extend((0..TOGETHER).map_while(|_| jobs.try_recv().ok()));
        }
        // In a task of its own: whatever happens there, the next are written.
        waiting = tokio::spawn(write(waiting)).await.unwrap_or_default();
    }
}

/// Writes what waits in one transaction, and answers it.
async fn write_on_sqlite(pool: Pool<Sqlite>, waiting: Vec<Job>) -> Vec<Job> {
    match write_in_one(&pool, &waiting).await {
        Ok(outcomes) => {
            for (job, outcome) in waiting.into_iter().zip(outcomes) {
                job.answer(Ok(outcome));
            }
        }
        Err(_) => {
            // One of them is to blame, or all: each is tried by itself, and answered by itself.
            for job in waiting.into_iter().map(Job::into_retry) {
                let outcome = write_in_one(&pool, std::slice::from_ref(&job)).await;
                let outcome = outcome.and_then(|mut it| it.pop().ok_or(sqlx::Error::WorkerCrashed));
                job.answer(outcome.map_err(StorageError::from));
            }
        }
    }
    Vec::new()
}

/// Writes some requests in one transaction.
async fn write_in_one(pool: &Pool<Sqlite>, jobs: &[Job]) -> Result<Vec<AppendOutcome>, sqlx::Error> {
    Ok(transact!(pool, "begin immediate", |connection| {
        let connection: &mut SqliteConnection = connection;
        let chosen = select_batch(jobs);
        let added = append_batch(connection, jobs, &chosen).await?;
        let mut outcomes = Vec::with_capacity(jobs.len());
        for (at, (job, added)) in jobs.iter().zip(added).enumerate() {
            let appending = job.appending();
            let added = match added {
                None if chosen.binary_search(&at).is_err() => {
                    append_one_sqlite::add(connection, &appending).await?
                }
                added => added,
            };
            outcomes.push(match added {
                Some(written) => AppendOutcome::Done(vec![written]),
                None => append(connection, &appending).await?,
            });
        }
        outcomes
    }))
}

/// Writes what can be written together, and answers what has to wait for its next turn.
async fn write_on_postgres(pool: Pool<Postgres>, jobs: Vec<Job>) -> Vec<Job> {
    let chosen = select_batch(&jobs);
    let added = timeout(ROUND, async {
        Ok::<_, sqlx::Error>(on_connection!(&pool, |connection| {
            append_batch(connection, &jobs, &chosen).await?
        }))
    });
    let added = added.await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
    // Nothing was asked of a database that cannot be reached, and more questions would not reach it.
    let is_out_of_reach = matches!(added, Err(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed));
    // Whatever else was wrong, each is tried by itself, and answered by itself.
    let added = added.unwrap_or_else(|_| jobs.iter().map(|_| None).collect());
    let mut later = Vec::new();
    for (at, (job, added)) in jobs.into_iter().zip(added).enumerate() {
        match added {
            Some(written) => job.answer(Ok(AppendOutcome::Done(vec![written]))),
            None if chosen.binary_search(&at).is_err() => later.push(job),
            None if is_out_of_reach => job.answer(Err(StorageError::from(sqlx::Error::PoolTimedOut))),
            // A name that is taken, or a conversation that somebody else is changing.
            None => append_single(Database::Postgres(pool.clone()), job.into_retry()),
        }
    }
    later
}

/// Has one request written by itself.
fn append_single(database: Database, job: Job) {
    tokio::spawn(async move {
        let outcome = database.append_messages(&job.appending()).await;
        job.answer(outcome);
    });
}

/// Adds the chosen ones; `None` for the others, and for those that do not fit.
async fn append_batch<C: BatchAppend>(
    connection: &mut C,
    jobs: &[Job],
    chosen: &[usize],
) -> Result<Vec<Option<AppendedMessage>>, sqlx::Error> {
    let mut outcomes: Vec<Option<AppendedMessage>> = jobs.iter().map(|_| None).collect();
    let appendings: Vec<_> = chosen.iter().filter_map(|at| jobs.get(*at)).map(Job::appending).collect();
    if appendings.is_empty() {
        return Ok(outcomes);
    }
    for (at, added) in chosen.iter().zip(connection.add_all(&appendings).await?) {
        if let Some(outcome) = outcomes.get_mut(*at) {
            *outcome = added;
        }
    }
    Ok(outcomes)
}
