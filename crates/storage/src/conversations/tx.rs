//! What is asked of a connection while a conversation changes: one text and one body for both databases.

use sqlx::{PgConnection, SqliteConnection};

use super::{
    Content, CreateOutcome, Draft, ForeignConversation, Idempotency, PostImportPatch, StoredConversation,
    StoredMessage, Terms,
    import::{FINISH, LATER},
    list::{COUNT, INSERT, MAKE_ROOM, NewRow, conversation_columns},
    message::{message_columns, number},
    search::{INDEX_POSTGRES, INDEX_SQLITE, INSERT_POSTGRES, INSERT_SQLITE, UNINDEX_SQLITE},
};
use crate::locks::HOLD;

macro_rules! find_conversation {
    () => {
        concat!(
            "select ",
            conversation_columns!(),
            " from bookplate_conversations c where c.user_id = $1 and c.id = $2 and c.deleted_at is null"
        )
    };
}

pub(super) const FIND_CONVERSATION: &str = find_conversation!();
/// Whoever changes a conversation locks its row first. On SQLite, which has one writer at a time, nothing else is locked
/// than everything already.
pub(super) const HOLD_POSTGRES: &str = concat!(find_conversation!(), " for update");
pub(super) const FIND: &str = concat!(
    "select ",
    message_columns!(),
    " from bookplate_messages m where m.conversation_no = $1 and m.id = $2"
);
const EXISTS: &str = "select no from bookplate_messages where conversation_no = $1 and id = $2";
const CHANGE: &str =
    "update bookplate_messages set parts = $2, status = $3, model = $4, usage = $5, format = $6,
    raw = $7, metadata = $8, revision = $9, updated_at = $10 where no = $1";
const SETTLE: &str = "update bookplate_conversations set message_count = $2, revision = $3, head_id = $4,
    last_message_at = $5, active_at = $6, updated_at = $7, opening = $8 where no = $1";
const FIND_REQUEST: &str = "select request, answer from bookplate_idempotency
    where user_id = $1 and id = $2 and expires_at > $3";
const KEEP_REQUEST: &str = "insert into bookplate_idempotency (user_id, id, request, answer, expires_at)
    values ($1, $2, $3, $4, $5)
    on conflict (user_id, id) do update set request = $3, answer = $4, expires_at = $5";

pub(super) const STATEMENTS: &[&str] =
    &[FIND_CONVERSATION, FIND, EXISTS, CHANGE, SETTLE, FIND_REQUEST, KEEP_REQUEST];

/// Where a new message goes, and what is noted with it.
pub(super) struct InsertPosition<'a> {
    pub(super) conversation_no: i64,
    pub(super) seq: i64,
    pub(super) revision: i64,
    pub(super) parent_id: Option<&'a str>,
    pub(super) begun_by: Option<&'a str>,
    /// Unix milliseconds.
    pub(super) at: i64,
}

type SqlResult<T> = Result<T, sqlx::Error>;

/// A connection inside a write transaction.
pub(crate) trait ConversationConnection {
    /// Makes a conversation without messages, unless the reader has one of this name, or too many.
    async fn create(&mut self, new: &NewRow<'_>) -> SqlResult<CreateOutcome>;
    /// Takes a conversation's row until the transaction ends.
    async fn lock_conversation(&mut self, user_id: &str, id: &str) -> SqlResult<Option<StoredConversation>>;
    /// A message of a conversation.
    async fn message(&mut self, conversation_no: i64, id: &str) -> SqlResult<Option<StoredMessage>>;
    /// Whether a conversation has this message.
    async fn has_message(&mut self, conversation_no: i64, id: &str) -> SqlResult<bool>;
    /// Stores a new message and its terms.
    async fn insert_message(&mut self, draft: &Draft, place: &InsertPosition<'_>) -> SqlResult<()>;
    /// Writes other content into a message; `now` is in Unix milliseconds.
    async fn change_message(&mut self, no: i64, content: &Content, revision: i64, now: i64) -> SqlResult<()>;
    /// Stores other terms for a message.
    async fn replace_terms(&mut self, no: i64, terms: &Terms) -> SqlResult<()>;
    /// Stores what messages have changed about their conversation.
    async fn save_conversation(&mut self, conversation: &StoredConversation) -> SqlResult<()>;
    /// Writes what a conversation from elsewhere was there into one that was made for it.
    async fn finish_import(&mut self, no: i64, foreign: &ForeignConversation, revision: i64)
    -> SqlResult<()>;
    /// Writes what came to a message from elsewhere afterwards.
    async fn apply_post_import_patch(&mut self, no: i64, later: &PostImportPatch) -> SqlResult<()>;
    /// What a request under this key was, and what came of it.
    async fn find_idempotency_key(
        &mut self,
        user_id: &str,
        id: &str,
        now: i64,
    ) -> SqlResult<Option<(String, String)>>;
    /// Remembers a request and what came of it.
    async fn save_idempotency_key(
        &mut self,
        user_id: &str,
        request: &Idempotency,
        answer: &str,
    ) -> SqlResult<()>;
}

macro_rules! bind_message {
    ($statement:expr, $draft:ident, $place:ident) => {
        sqlx::query($statement)
            .bind(number($place.conversation_no, $place.seq))
            .bind($place.conversation_no)
            .bind(&$draft.id)
            .bind($place.parent_id)
            .bind(&$draft.role)
            .bind(&$draft.content.parts)
            .bind(&$draft.content.status)
            .bind(&$draft.content.model)
            .bind(&$draft.content.usage)
            .bind(&$draft.content.format)
            .bind(&$draft.content.raw)
            .bind(&$draft.content.metadata)
            .bind($place.begun_by)
            .bind($place.revision)
            .bind($place.at)
    };
}

/// What both databases are asked in the same words.
macro_rules! same_words {
    ($hold:ident) => {
        async fn create(&mut self, new: &NewRow<'_>) -> SqlResult<CreateOutcome> {
            let &NewRow { user_id, id, title, metadata, now, most } = new;
            // Whoever asks again, as a chatbot does with each question, waits for nobody.
            let find = || sqlx::query_as(FIND_CONVERSATION).bind(user_id).bind(id);
            if let Some(found) = find().fetch_optional(&mut *self).await? {
                return Ok(CreateOutcome::Found(found));
            }
            let reader = sqlx::query(HOLD).bind(user_id).execute(&mut *self).await?;
            if reader.rows_affected() == 0 {
                return Ok(CreateOutcome::NoReader);
            }
            // Somebody may have made it while this waited. From here on nobody makes or restores one of this reader.
            if let Some(found) = find().fetch_optional(&mut *self).await? {
                return Ok(CreateOutcome::Found(found));
            }
            let (count,): (i64,) = sqlx::query_as(COUNT).bind(user_id).fetch_one(&mut *self).await?;
            if count >= most {
                return Ok(CreateOutcome::TooMany);
            }
            sqlx::query(MAKE_ROOM).bind(user_id).bind(id).execute(&mut *self).await?;
            sqlx::query(INSERT)
                .bind(user_id)
                .bind(id)
                .bind(title)
                .bind(metadata)
                .bind(now.millis())
                .execute(&mut *self)
                .await?;
            find().fetch_one(&mut *self).await.map(CreateOutcome::Created)
        }

        async fn lock_conversation(
            &mut self,
            user_id: &str,
            id: &str,
        ) -> SqlResult<Option<StoredConversation>> {
            sqlx::query_as($hold).bind(user_id).bind(id).fetch_optional(&mut *self).await
        }

        async fn message(&mut self, conversation_no: i64, id: &str) -> SqlResult<Option<StoredMessage>> {
            sqlx::query_as(FIND).bind(conversation_no).bind(id).fetch_optional(&mut *self).await
        }

        async fn has_message(&mut self, conversation_no: i64, id: &str) -> SqlResult<bool> {
            let found = sqlx::query(EXISTS).bind(conversation_no).bind(id).fetch_optional(&mut *self).await?;
            Ok(found.is_some())
        }

        async fn change_message(
            &mut self,
            no: i64,
            content: &Content,
            revision: i64,
            now: i64,
        ) -> SqlResult<()> {
            sqlx::query(CHANGE)
                .bind(no)
                .bind(&content.parts)
                .bind(&content.status)
                .bind(&content.model)
                .bind(&content.usage)
                .bind(&content.format)
                .bind(&content.raw)
                .bind(&content.metadata)
                .bind(revision)
                .bind(now)
                .execute(&mut *self)
                .await
                .map(drop)
        }

        async fn save_conversation(&mut self, conversation: &StoredConversation) -> SqlResult<()> {
            sqlx::query(SETTLE)
                .bind(conversation.no)
                .bind(conversation.message_count)
                .bind(conversation.revision)
                .bind(&conversation.head_id)
                .bind(conversation.last_message_at)
                .bind(conversation.active_at.millis())
                .bind(conversation.updated_at.millis())
                .bind(&conversation.opening)
                .execute(&mut *self)
                .await
                .map(drop)
        }

        async fn finish_import(
            &mut self,
            no: i64,
            foreign: &ForeignConversation,
            revision: i64,
        ) -> SqlResult<()> {
            sqlx::query(FINISH)
                .bind(no)
                .bind(&foreign.opening)
                .bind(&foreign.status)
                .bind(&foreign.head_id)
                .bind(revision)
                .bind(foreign.created_at.millis())
                .bind(foreign.updated_at.millis())
                .bind(foreign.last_message_at.map(contract::Timestamp::millis))
                .bind(foreign.last_message_at.unwrap_or(foreign.created_at).millis())
                .execute(&mut *self)
                .await
                .map(drop)
        }

        async fn apply_post_import_patch(&mut self, no: i64, later: &PostImportPatch) -> SqlResult<()> {
            let finish = sqlx::query(LATER).bind(no).bind(&later.feedback);
            finish.bind(later.updated_at.millis()).execute(&mut *self).await.map(drop)
        }

        async fn find_idempotency_key(
            &mut self,
            user_id: &str,
            id: &str,
            now: i64,
        ) -> SqlResult<Option<(String, String)>> {
            sqlx::query_as(FIND_REQUEST).bind(user_id).bind(id).bind(now).fetch_optional(&mut *self).await
        }

        async fn save_idempotency_key(
            &mut self,
            user_id: &str,
            request: &Idempotency,
            answer: &str,
        ) -> SqlResult<()> {
            sqlx::query(KEEP_REQUEST)
                .bind(user_id)
                .bind(&request.id)
                .bind(&request.request)
                .bind(answer)
                .bind(request.expires_at.millis())
                .execute(&mut *self)
                .await
                .map(drop)
        }
    };
}

impl ConversationConnection for SqliteConnection {
    same_words!(FIND_CONVERSATION);

    async fn insert_message(&mut self, draft: &Draft, place: &InsertPosition<'_>) -> SqlResult<()> {
        bind_message!(INSERT_SQLITE, draft, place).execute(&mut *self).await?;
        if draft.terms.0.is_empty() {
            return Ok(());
        }
        let no = number(place.conversation_no, place.seq);
        sqlx::query(INDEX_SQLITE).bind(no).bind(&draft.terms.0).execute(&mut *self).await.map(drop)
    }

    async fn replace_terms(&mut self, no: i64, terms: &Terms) -> SqlResult<()> {
        sqlx::query(UNINDEX_SQLITE).bind(no).execute(&mut *self).await?;
        if terms.0.is_empty() {
            return Ok(());
        }
        sqlx::query(INDEX_SQLITE).bind(no).bind(&terms.0).execute(&mut *self).await.map(drop)
    }
}

impl ConversationConnection for PgConnection {
    same_words!(HOLD_POSTGRES);

    async fn insert_message(&mut self, draft: &Draft, place: &InsertPosition<'_>) -> SqlResult<()> {
        let insert = bind_message!(INSERT_POSTGRES, draft, place).bind(&draft.terms.0);
        insert.execute(&mut *self).await.map(drop)
    }

    async fn replace_terms(&mut self, no: i64, terms: &Terms) -> SqlResult<()> {
        sqlx::query(INDEX_POSTGRES).bind(no).bind(&terms.0).execute(&mut *self).await.map(drop)
    }
}
