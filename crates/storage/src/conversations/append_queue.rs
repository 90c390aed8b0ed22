//! Group commit of appended messages.
//!
//! A commit waits for the disk, and one statement for many messages costs little more than one for a single message. So the
//! messages that arrive while others are written are written together; each is answered after the commit
//! (`docs/adr/0016-appending-in-batches.md`).

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    AppendOutcome, AppendRequest, ConversationScope, Draft, Idempotency, SEQ_BITS, Writer,
    append_batch::as_simple_append,
};
use crate::{Database, StorageError};

/// Requests in one batch at most.
const BATCH: usize = 128;
/// Bytes of messages in one batch, but for the last of them.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long the database may take for a batch: a host that is gone never answers.
const BATCH_TIMEOUT: Duration = Duration::from_secs(15);
/// Requests that wait at most.
const QUEUE: usize = 4096;

/// Called with the number and the revision of a conversation that has changed.
type OnChange = Arc<dyn Fn(i64, i64) + Send + Sync>;

/// Appends messages to conversations. A request that was begun is carried out and announced even when its caller is gone.
#[derive(Clone)]
pub struct MessageWriter {
    database: Database,
    jobs: mpsc::Sender<Job>,
    on_change: OnChange,
}

/// A request that waits, and its caller.
struct Job {
    user_id: String,
    /// The client of [`ConversationScope::Client`].
    client_id: Option<String>,
    conversation_id: String,
    token_id: Option<String>,
    now: contract::Timestamp,
    most_bytes: i64,
    drafts: Vec<Draft>,
    most: i64,
    idempotency: Option<Idempotency>,
    caller: oneshot::Sender<Result<AppendOutcome, StorageError>>,
    on_change: OnChange,
    /// Whether it has been sent to the database before, with an unknown outcome.
    is_retry: bool,
}

impl MessageWriter {
    /// Starts the task that writes, which ends when the last clone of this is dropped. `on_change` is called with the number
    /// and the new revision of each conversation that has changed.
    pub fn new(database: &Database, on_change: impl Fn(i64, i64) + Send + Sync + 'static) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(run_writer(database.clone(), jobs));
        Self { database: database.clone(), jobs: sender, on_change: Arc::new(on_change) }
    }

    /// Appends messages to a conversation, all or none, each after all that are stored. They are durable when this returns.
    pub async fn append(&self, request: &AppendRequest<'_>) -> Result<AppendOutcome, StorageError> {
        let (caller, outcome) = oneshot::channel();
        let stopped = || StorageError::Unavailable(sqlx::Error::WorkerCrashed);
        let job = Job::new(request, caller, &self.on_change);
        if as_simple_append(request).is_some() {
            self.jobs.send(job).await.map_err(|_| stopped())?;
        } else {
            append_single(self.database.clone(), job);
        }
        outcome.await.map_err(|_| stopped())?
    }
}

impl Job {
    fn new(
        request: &AppendRequest<'_>,
        caller: oneshot::Sender<Result<AppendOutcome, StorageError>>,
        on_change: &OnChange,
    ) -> Self {
        Self {
            user_id: request.user_id.to_owned(),
            client_id: request.scope.client_id().map(str::to_owned),
            conversation_id: request.conversation_id.to_owned(),
            token_id: request.writer.token_id.map(str::to_owned),
            now: request.writer.now,
            most_bytes: request.writer.most_bytes,
            drafts: request.drafts.to_vec(),
            most: request.most,
            idempotency: request.idempotency.cloned(),
            caller,
            on_change: Arc::clone(on_change),
            is_retry: false,
        }
    }

    fn request(&self) -> AppendRequest<'_> {
        AppendRequest {
            user_id: &self.user_id,
            scope: self.client_id.as_deref().map_or(ConversationScope::All, ConversationScope::Client),
            conversation_id: &self.conversation_id,
            writer: Writer { token_id: self.token_id.as_deref(), now: self.now, most_bytes: self.most_bytes },
            drafts: &self.drafts,
            most: self.most,
            idempotency: self.idempotency.as_ref(),
        }
    }

    /// To be tried once more; its messages may be stored by now.
    fn into_retry(mut self) -> Self {
        self.is_retry = true;
        for draft in &mut self.drafts {
            draft.chosen = true;
        }
        self
    }

    /// Announces what has changed and answers the caller. If that one has disconnected, the outcome is dropped; the message
    /// is stored anyway.
    fn finish(self, outcome: Result<AppendOutcome, StorageError>) {
        if let Ok(AppendOutcome::Done(appended)) = &outcome {
            let changed = appended.iter().filter(|appended| appended.changed || self.is_retry);
            if let Some(last) = changed.map(|it| &it.message).max_by_key(|message| message.revision) {
                (self.on_change)(last.no >> SEQ_BITS, last.revision);
            }
        }
        let _ = self.caller.send(outcome);
    }
}

impl fmt::Debug for MessageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").finish_non_exhaustive()
    }
}

/// Writes batch after batch, one at a time. As many jobs as are left over from a batch may join the next one, so that they
/// crowd out no others.
async fn run_writer(database: Database, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            if jobs.recv_many(&mut waiting, BATCH).await == 0 {
                return;
            }
        } else if waiting.len() < QUEUE {
            waiting.extend((0..BATCH).map_while(|_| jobs.try_recv().ok()));
        }
        // In a task of its own: a panic there must not end this one.
        let written = tokio::spawn(write_batch(database.clone(), waiting));
        waiting = written.await.unwrap_or_default();
    }
}

/// Splits off what one batch can take, which is one message for each of several conversations, and what is left.
fn select_batch(jobs: Vec<Job>) -> (Vec<Job>, Vec<Job>) {
    let (mut conversations, mut count, mut bytes) = (HashSet::new(), 0, 0);
    jobs.into_iter().partition(|job| {
        let fits = count < BATCH
            && bytes < BATCH_BYTES
            && conversations.insert((job.user_id.clone(), job.conversation_id.clone()));
        if fits {
            count += 1;
            bytes += job.drafts.iter().map(|draft| draft.content.bytes()).sum::<usize>();
        }
        fits
    })
}

/// Writes one batch; the jobs that are left over.
async fn write_batch(database: Database, jobs: Vec<Job>) -> Vec<Job> {
    let (batch, left_over) = select_batch(jobs);
    let requests: Vec<_> = batch.iter().map(Job::request).collect();
    let appended = timeout(BATCH_TIMEOUT, database.append_batch(&requests)).await;
    drop(requests);
    match appended.unwrap_or(Err(sqlx::Error::WorkerCrashed)) {
        Ok(appended) => {
            for (job, appended) in batch.into_iter().zip(appended) {
                match appended {
                    Some(appended) => job.finish(Ok(AppendOutcome::Done(vec![appended]))),
                    // By itself, it waits for its conversation or says why it does not fit.
                    None => append_single(database.clone(), job.into_retry()),
                }
            }
        }
        // Nothing was sent, and single requests would not get a connection either.
        Err(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => {
            for job in batch {
                job.finish(Err(StorageError::from(sqlx::Error::PoolTimedOut)));
            }
        }
        // One of them may be to blame: each is tried by itself.
        Err(_) => batch.into_iter().for_each(|job| append_single(database.clone(), job.into_retry())),
    }
    left_over
}

/// Carries out one request in a transaction of its own.
fn append_single(database: Database, job: Job) {
    tokio::spawn(async move {
        let outcome = database.append_messages(&job.request()).await;
        job.finish(outcome);
    });
}
