//! Taking in a conversation from elsewhere with all its messages.

use contract::Timestamp;
use sqlx::Executor;

use super::{
    AppendOutcome, AppendRequest, CreateOutcome, Draft, Writer, append::append, list::NewRow,
    message::number, tx::ConversationConnection,
};
use crate::{
    Database, StorageError,
    database::{in_transaction, on_connection},
};

/// A conversation from elsewhere, as it was there.
#[derive(Debug, Clone)]
pub struct ForeignConversation {
    /// Its name among the reader's.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// How it begins; `None` leaves that to its messages.
    pub opening: Option<String>,
    /// `active` or `archived`.
    pub status: String,
    /// The last message of the branch that is shown, one of those that come with it.
    pub head_id: Option<String>,
    /// An object.
    pub metadata: String,
    /// How often it had changed; one with many messages has changed at least as often.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When its last message was added.
    pub last_message_at: Option<Timestamp>,
}

/// What came to a message after it was added.
#[derive(Debug, Clone)]
pub struct PostImportPatch {
    /// What the reader thinks of it: an object.
    pub feedback: Option<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A conversation that is to be taken in, whole or not at all.
#[derive(Debug)]
pub struct Importing<'a> {
    /// Who takes it in.
    pub user_id: &'a str,
    /// When.
    pub now: Timestamp,
    /// The conversation.
    pub conversation: &'a ForeignConversation,
    /// Its messages, in this order; no two of one name, each with a name that was chosen.
    pub drafts: &'a [Draft],
    /// What came to each of them afterwards.
    pub later: &'a [PostImportPatch],
    /// How many conversations a reader may have.
    pub most_conversations: i64,
    /// How many messages a conversation may have.
    pub most_messages: i64,
}

/// What came of taking in a conversation. What does not come out as done has left no trace.
#[derive(Debug)]
pub enum ImportOutcome {
    /// It is stored.
    Done {
        /// Its number.
        no: i64,
        /// Whether the reader did not have it.
        is_new: bool,
        /// How many messages were added.
        added: usize,
        /// The revision after it, when anything has changed.
        revision: Option<i64>,
    },
    /// The reader has as many as one may have.
    TooMany,
    /// There is no such reader any more.
    NoReader,
    /// The reader has it, but a message of this position in another way, or it follows one that is not there.
    Message(AppendOutcome),
}

/// Nobody but this transaction has seen the conversation yet.
pub(super) const FINISH: &str = "update bookplate_conversations set opening = coalesce($2, opening),
    status = $3, head_id = $4, revision = $5, created_at = $6, updated_at = $7, last_message_at = $8,
    active_at = $9 where no = $1";
pub(super) const LATER: &str = "update bookplate_messages set feedback = $2, updated_at = $3 where no = $1";
const HEAD: &str = "update bookplate_conversations set head_id = $2 where no = $1";

pub(super) const STATEMENTS: &[&str] = &[FINISH, LATER, HEAD];

/// How many messages PostgreSQL believes there are; -1 when it has never counted.
const BELIEVED: &str =
    "select cast(reltuples as bigint) from pg_class where oid = to_regclass('bookplate_messages')";
/// Not when somebody is at it already, whom it would wait for.
const COUNT_ANEW: &str = "analyze (skip_locked) bookplate_messages";
/// Fewer messages are read quickly whatever the plan.
const MANY: i64 = 500;

pub(super) const POSTGRES: &[&str] = &[BELIEVED];

impl Database {
    /// Takes in a conversation. When the reader has one of this name, its messages are added to that one, as
    /// [`Database::append_messages`] does; what is called how, and what belongs to it, then stays as the reader has it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn import_conversation(
        &self,
        importing: &Importing<'_>,
    ) -> Result<ImportOutcome, StorageError> {
        let Importing { user_id, now, conversation: foreign, drafts, later, .. } = *importing;
        let new = NewRow {
            user_id,
            id: &foreign.id,
            title: foreign.title.as_deref(),
            metadata: &foreign.metadata,
            now,
            most: importing.most_conversations,
        };
        let appending = AppendRequest {
            user_id,
            conversation_id: &foreign.id,
            writer: Writer { token_id: None, now },
            drafts,
            most: importing.most_messages,
            idempotency: None,
        };
        Ok(in_transaction!(self, |connection| {
            let (no, is_new) = match connection.create(&new).await? {
                CreateOutcome::Created(stored) => (stored.no, true),
                CreateOutcome::Found(stored) => (stored.no, false),
                CreateOutcome::TooMany => return Ok(ImportOutcome::TooMany),
                CreateOutcome::NoReader => return Ok(ImportOutcome::NoReader),
            };
            let wanted =
                if is_new { (0..drafts.len()).collect() } else { newer(connection, no, importing).await? };
            let news: Vec<Draft> = wanted.iter().filter_map(|at| drafts.get(*at)).cloned().collect();
            let written = match append(connection, &AppendRequest { drafts: &news, ..appending }).await? {
                AppendOutcome::Done(written) => written,
                refused => return Ok(ImportOutcome::Message(placed(refused, &wanted))),
            };
            let added = written.iter().filter(|written| written.is_new).count();
            let mut revision = written.iter().filter(|it| it.changed).map(|it| it.message.revision).max();
            if is_new {
                let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
                let last = foreign.revision.max(count);
                connection.finish_import(no, foreign, last).await?;
                revision = Some(last);
                for (seq, (draft, later)) in (1..).zip(drafts.iter().zip(later)) {
                    if later.feedback.is_none() && Some(later.updated_at) == draft.created_at {
                        continue;
                    }
                    connection.apply_post_import_patch(number(no, seq), later).await?;
                }
            } else if added > 0 && foreign.head_id.is_some() {
                sqlx::query(HEAD).bind(no).bind(&foreign.head_id).execute(&mut *connection).await?;
            }
            ImportOutcome::Done { no, is_new, added, revision }
        }))
    }

    /// After `added` messages have come in at once. Plans that PostgreSQL has made for a small table read all of it for
    /// each message of a branch, and it keeps them until the table is counted again: some minute later by itself, and at
    /// once here, by the measure it uses itself (a tenth more than before).
    ///
    /// # Errors
    /// [`StorageError`]; all the messages are there.
    pub async fn notice_growth(&self, added: i64) -> Result<(), StorageError> {
        let Self::Postgres(pool) = self else { return Ok(()) };
        if added < MANY {
            return Ok(());
        }
        on_connection!(pool, |connection| {
            let (believed,): (i64,) = sqlx::query_as(BELIEVED).fetch_one(&mut *connection).await?;
            if believed < added.saturating_mul(10) {
                connection.execute(COUNT_ANEW).await?;
            }
        });
        Ok(())
    }
}

/// The places of the messages that are not there, or are older there than in the file.
async fn newer<C: ConversationConnection>(
    connection: &mut C,
    no: i64,
    importing: &Importing<'_>,
) -> Result<Vec<usize>, sqlx::Error> {
    let mut newer = Vec::new();
    for (at, (draft, later)) in importing.drafts.iter().zip(importing.later).enumerate() {
        let there = connection.message(no, &draft.id).await?;
        let stays = there.is_some_and(|it| it.role == draft.role && it.updated_at >= later.updated_at);
        newer.extend((!stays).then_some(at));
    }
    Ok(newer)
}

/// A refusal of one of the `wanted` messages, with its place among all.
fn placed(refused: AppendOutcome, wanted: &[usize]) -> AppendOutcome {
    let place = |at: usize| wanted.get(at).copied().unwrap_or(at);
    match refused {
        AppendOutcome::NoParent(at) => AppendOutcome::NoParent(place(at)),
        AppendOutcome::Different(at) => AppendOutcome::Different(place(at)),
        other => other,
    }
}
