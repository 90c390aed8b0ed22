//! Importing a conversation with all its messages.

use contract::Timestamp;

use super::{
    AppendOutcome, AppendRequest, ConversationScope, CreateOutcome, CreateRequest, Draft, Writer,
    append::append,
    create::create,
    message::{find_message, number},
    stored_bytes::{add_bytes, length},
};
use crate::{Database, StorageError, connection::Transaction};

/// A conversation from another system, as it was there.
#[derive(Debug, Clone)]
pub struct ForeignConversation {
    /// Its id among the user's conversations.
    pub id: String,
    /// The title.
    pub title: Option<String>,
    /// The beginning; `None` takes it from the messages.
    pub opening: Option<String>,
    /// `active` or `archived`.
    pub status: String,
    /// The last message of the branch that is shown: one of its own.
    pub head_id: Option<String>,
    /// A JSON object.
    pub metadata: String,
    /// How often it had changed. At least the number of its messages is taken.
    pub revision: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When its last message was added.
    pub last_message_at: Option<Timestamp>,
}

/// What happened to a message after it was added.
#[derive(Debug, Clone)]
pub struct PostImportPatch {
    /// The user's feedback: a JSON object.
    pub feedback: Option<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A conversation to import, whole or not at all.
#[derive(Debug)]
pub struct ConversationImport<'a> {
    /// The user who imports it.
    pub user_id: &'a str,
    /// The conversations that it may add to.
    pub scope: ConversationScope<'a>,
    /// The OAuth client that a new conversation belongs to, if any.
    pub client_id: Option<&'a str>,
    /// The time of the import.
    pub now: Timestamp,
    /// The conversation.
    pub conversation: &'a ForeignConversation,
    /// Its messages in this order, no two of one id; each counts as [`Draft::chosen`].
    pub drafts: &'a [Draft],
    /// What happened to each of them afterwards.
    pub patches: &'a [PostImportPatch],
    /// How many conversations a user may have.
    pub most_conversations: i64,
    /// How many messages a conversation may have.
    pub most_messages: i64,
    /// How many bytes of JSON a user's conversations may take up.
    pub most_bytes: i64,
}

/// The outcome of importing a conversation. Nothing is stored unless it is [`ImportOutcome::Done`].
#[derive(Debug)]
pub enum ImportOutcome {
    /// It is stored.
    Done {
        /// Its number.
        no: i64,
        /// Whether the user did not have it.
        is_new: bool,
        /// How many messages were added.
        added: usize,
        /// The revision after it, when anything has changed.
        revision: Option<i64>,
    },
    /// The user has as many as one may have.
    TooMany,
    /// The user's conversations would take up more bytes than they may.
    StorageFull,
    /// The user does not exist any more.
    NoReader,
    /// The user has a conversation of this id outside the scope.
    IdTaken,
    /// The user has it with a message that conflicts, or a parent is missing; positions are those in the import.
    Message(AppendOutcome),
}

const FINISH: &str = "update bookplate_conversations set opening = coalesce($2, opening),
    status = $3, head_id = $4, revision = $5, created_at = $6, updated_at = $7, last_message_at = $8,
    active_at = $9, bytes = bytes + $10 where no = $1";
const PATCH_MESSAGE: &str = "update bookplate_messages set feedback = $2, updated_at = $3 where no = $1";
const SET_HEAD: &str = "update bookplate_conversations set head_id = $2 where no = $1";

pub(super) const STATEMENTS: &[&str] = &[FINISH, PATCH_MESSAGE, SET_HEAD];

/// The number of messages that PostgreSQL's planner assumes; -1 when it has never counted.
const ASSUMED_ROWS: &str =
    "select cast(reltuples as bigint) from pg_class where oid = to_regclass('bookplate_messages')";
/// Gives way to an `analyze` that is under way already.
const ANALYZE: &str = "analyze (skip_locked) bookplate_messages";
/// Fewer messages are read quickly whatever the plan.
const MANY: i64 = 500;

pub(super) const POSTGRES: &[&str] = &[ASSUMED_ROWS];

impl Database {
    /// Imports a conversation. When the user has one of this id, its messages are added to that one, as
    /// [`Database::append_messages`] does; its title, status and metadata stay as they are.
    pub async fn import_conversation(
        &self,
        import: &ConversationImport<'_>,
    ) -> Result<ImportOutcome, StorageError> {
        let ConversationImport { user_id, scope, now, conversation: foreign, drafts, most_bytes, .. } =
            *import;
        let new = CreateRequest {
            user_id,
            scope,
            client_id: import.client_id,
            id: &foreign.id,
            title: foreign.title.as_deref(),
            metadata: &foreign.metadata,
            now,
            most: import.most_conversations,
            most_bytes,
            idempotency: None,
        };
        let mut tx = self.begin().await?;
        let (no, is_new) = match create(&mut tx, &new).await? {
            CreateOutcome::Created(stored) => (stored.no, true),
            CreateOutcome::Found(stored) => (stored.no, false),
            CreateOutcome::TooMany => return Ok(ImportOutcome::TooMany),
            CreateOutcome::StorageFull => return Ok(ImportOutcome::StorageFull),
            CreateOutcome::KeyReused => return Err(sqlx::Error::RowNotFound.into()),
            CreateOutcome::NoReader => return Ok(ImportOutcome::NoReader),
            CreateOutcome::IdTaken => return Ok(ImportOutcome::IdTaken),
        };
        let positions = if is_new { (0..drafts.len()).collect() } else { newer(&mut tx, no, import).await? };
        let wanted: Vec<Draft> = positions.iter().filter_map(|at| drafts.get(*at)).cloned().collect();
        let request = AppendRequest {
            user_id,
            scope,
            conversation_id: &foreign.id,
            writer: Writer { token_id: None, now, most_bytes },
            drafts: &wanted,
            most: import.most_messages,
            idempotency: None,
        };
        let appended = match append(&mut tx, &request).await? {
            AppendOutcome::Done(appended) => appended,
            AppendOutcome::StorageFull => return Ok(ImportOutcome::StorageFull),
            refused => return Ok(ImportOutcome::Message(with_position(refused, &positions))),
        };
        let added = appended.iter().filter(|appended| appended.is_new).count();
        let mut revision = appended.iter().filter(|it| it.changed).map(|it| it.message.revision).max();
        if is_new {
            let Some(finished) = finish(&mut tx, no, import).await? else {
                return Ok(ImportOutcome::StorageFull);
            };
            revision = Some(finished);
        } else if added > 0 && foreign.head_id.is_some() {
            tx.query(SET_HEAD).bind(no).bind(&foreign.head_id).execute().await?;
        }
        tx.commit().await?;
        Ok(ImportOutcome::Done { no, is_new, added, revision })
    }

    /// To be called after `added` messages were imported. Plans that PostgreSQL has made for a small table read all of it
    /// for each message of a branch, and it keeps them until the table is analyzed: within a minute by itself, and at once
    /// here, by the threshold of its own (a tenth more than before).
    pub async fn update_statistics(&self, added: i64) -> Result<(), StorageError> {
        if matches!(self, Self::Sqlite(_)) || added < MANY {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let (assumed,): (i64,) = connection.query(ASSUMED_ROWS).fetch_one().await?;
        if assumed < added.saturating_mul(10) {
            connection.execute_raw(ANALYZE).await?;
        }
        Ok(())
    }
}

/// Gives a conversation that was created by this import what it was in the other system; its revision, or `None` when the
/// user has no room for it.
async fn finish(
    tx: &mut Transaction,
    no: i64,
    import: &ConversationImport<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    let ConversationImport { user_id, conversation: foreign, drafts, patches, most_bytes, .. } = *import;
    let feedback = patches.iter().filter_map(|patch| patch.feedback.as_deref()).map(length).sum();
    if !add_bytes(tx, user_id, feedback, most_bytes).await? {
        return Ok(None);
    }
    let revision = foreign.revision.max(i64::try_from(drafts.len()).unwrap_or(i64::MAX));
    tx.query(FINISH)
        .bind(no)
        .bind(&foreign.opening)
        .bind(&foreign.status)
        .bind(&foreign.head_id)
        .bind(revision)
        .bind(foreign.created_at.millis())
        .bind(foreign.updated_at.millis())
        .bind(foreign.last_message_at.map(Timestamp::millis))
        .bind(foreign.last_message_at.unwrap_or(foreign.created_at).millis())
        .bind(feedback)
        .execute()
        .await?;
    for (seq, (draft, patch)) in (1..).zip(drafts.iter().zip(patches)) {
        if patch.feedback.is_none() && Some(patch.updated_at) == draft.created_at {
            continue;
        }
        tx.query(PATCH_MESSAGE)
            .bind(number(no, seq))
            .bind(&patch.feedback)
            .bind(patch.updated_at.millis())
            .execute()
            .await?;
    }
    Ok(Some(revision))
}

/// The positions of the messages that are not stored, or are older there than in the import.
async fn newer(
    tx: &mut Transaction,
    no: i64,
    import: &ConversationImport<'_>,
) -> Result<Vec<usize>, sqlx::Error> {
    let mut newer = Vec::new();
    for (at, (draft, patch)) in import.drafts.iter().zip(import.patches).enumerate() {
        let stored = find_message(tx, no, &draft.id).await?;
        let stays = stored.is_some_and(|it| it.role == draft.role && it.updated_at >= patch.updated_at);
        newer.extend((!stays).then_some(at));
    }
    Ok(newer)
}

/// A refusal of one of the messages at `positions`, with its position among all.
fn with_position(refused: AppendOutcome, positions: &[usize]) -> AppendOutcome {
    let among_all = |at: usize| positions.get(at).copied().unwrap_or(at);
    match refused {
        AppendOutcome::NoParent(at) => AppendOutcome::NoParent(among_all(at)),
        AppendOutcome::Different(at) => AppendOutcome::Different(among_all(at)),
        other => other,
    }
}
