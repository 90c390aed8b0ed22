//! Fills SQLite.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sqlx::{
    ConnectOptions, Connection, QueryBuilder, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use storage::conversations::SEQ_BITS;

use super::{Progress, SQLITE, conversations, migrate, number, password_hash, plan, stamp};
use crate::{
    Common,
    data::{self, BEGINNING, Conversation, Message, Plan},
    vocabulary::Rng,
};

/// Rows per statement.
const ROWS: usize = 100;
/// Batches per transaction.
const BATCHES: usize = 20;

/// The filled database, created if missing.
pub(super) async fn ensure(common: &Common, messages: u64) -> Result<PathBuf> {
    let folder = common.work.join("seeds");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let name = format!("sqlite-{}-{messages}-", common.readers);
    let filled = folder.join(format!("{name}{}.db", stamp(&SQLITE)));
    if filled.exists() {
        return Ok(filled);
    }
    // Databases of an older schema are of no use any more.
    for entry in fs::read_dir(&folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    let partial = folder.join(format!("{name}partial.db"));
    migrate(&format!("sqlite://{}", partial.display())).await?;
    fill(&partial, plan(common, messages)).await?;
    fs::rename(&partial, &filled)?;
    Ok(filled)
}

/// Copies the filled database for measuring.
pub(super) fn copy(filled: &Path, common: &Common, messages: u64) -> Result<PathBuf> {
    let folder = common.work.join("sqlite");
    fs::create_dir_all(&folder)?;
    let copy = folder.join(format!("{messages}.db"));
    for end in ["", "-wal", "-shm"] {
        let mut path = copy.clone().into_os_string();
        path.push(end);
        let _ = fs::remove_file(path);
    }
    fs::copy(filled, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
    fs::File::open(&copy)?.sync_all()?;
    Ok(copy)
}

async fn fill(path: &Path, plan: Plan) -> Result<()> {
    let mut progress = Progress::new(format!("SQLite with {} messages", plan.messages));
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-400000")
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    begin(&mut connection).await?;
    readers(&mut connection, plan).await?;
    let mut source = conversations(plan);
    let mut batches = 0;
    while let Some(batch) = source.recv().await {
        for chunk in batch.chunks(ROWS) {
            insert_conversations(&mut connection, chunk).await?;
        }
        for conversation in &batch {
            insert_messages(&mut connection, conversation).await?;
        }
        batches += 1;
        if batches % BATCHES == 0 {
            commit(&mut connection).await?;
            begin(&mut connection).await?;
        }
        progress.add(&batch);
    }
    commit(&mut connection).await?;
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
    connection.close().await?;
    progress.done();
    Ok(())
}

async fn begin(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query("begin immediate").execute(connection).await?;
    Ok(())
}

async fn commit(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query("commit").execute(connection).await?;
    Ok(())
}

async fn readers(connection: &mut SqliteConnection, plan: Plan) -> Result<()> {
    let hash = password_hash()?;
    for reader in 0..=plan.heavy() {
        let id = data::reader_id(reader);
        sqlx::query("insert into bookplate_users (id, email, email_verified, name, answers, created_at, updated_at) values ($1, $2, true, $3, '{}', $4, $4)")
            .bind(&id).bind(data::email(reader)).bind(format!("Reader {reader}")).bind(BEGINNING)
            .execute(&mut *connection).await?;
        sqlx::query("insert into bookplate_accounts (id, user_id, provider_id, account_id, password_hash, created_at, updated_at) values ($1, $2, 'credential', $2, $3, $4, $4)")
            .bind(Rng::at("account", reader, 0).uuid()).bind(&id).bind(&hash).bind(BEGINNING)
            .execute(&mut *connection).await?;
        sqlx::query("insert into bookplate_sessions (id, user_id, record_id, ip_address, user_agent, remembered, created_at, renewed_at, expires_at, ends_at, last_seen_at) values ($1, $2, $3, '127.0.0.1', 'bench', true, $4, $4, $5, $5, $4)")
            .bind(Rng::at("session", reader, 0).uuid()).bind(&id).bind(Rng::at("record", reader, 0).uuid())
            .bind(BEGINNING).bind(BEGINNING * 2)
            .execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert_conversations(connection: &mut SqliteConnection, rows: &[Conversation]) -> Result<()> {
    let mut query: QueryBuilder<'_, Sqlite> = QueryBuilder::new(
        "insert into bookplate_conversations (no, user_id, id, title, opening, status, head_id, metadata,
        message_count, revision, created_at, updated_at, last_message_at, active_at) ",
    );
    let numbered = rows.iter().map(|row| Ok((row, number(row.no)?, i64::try_from(row.messages.len())?)));
    query.push_values(numbered.collect::<Result<Vec<_>>>()?, |mut to, (row, no, count)| {
        let last = row.messages.last();
        let at = last.map_or(row.begun_at, |last| last.at);
        to.push_bind(no).push_bind(&row.user_id).push_bind(&row.id).push_bind(&row.title);
        to.push_bind(&row.opening).push_bind("active").push_bind(last.map(|last| &last.id)).push_bind("{}");
        to.push_bind(count)
            .push_bind(count)
            .push_bind(row.begun_at)
            .push_bind(at)
            .push_bind(at)
            .push_bind(at);
    });
    query.build().execute(connection).await?;
    Ok(())
}

async fn insert_messages(connection: &mut SqliteConnection, conversation: &Conversation) -> Result<()> {
    let no = number(conversation.no)?;
    let rows: Vec<(i64, &Message, Option<&str>)> = conversation
        .messages
        .iter()
        .scan(None, |before, message| Some((message, before.replace(message.id.as_str()))))
        .zip(1..)
        .map(|((message, parent), seq)| (seq, message, parent))
        .collect();
    for rows in rows.chunks(ROWS) {
        let mut query: QueryBuilder<'_, Sqlite> = QueryBuilder::new(
            "insert into bookplate_messages (no, conversation_no, id, parent_id, role, parts, status, model, usage,
            revision, created_at, updated_at) ",
        );
        query.push_values(rows, |mut to, (seq, message, parent)| {
            to.push_bind(no << SEQ_BITS | seq).push_bind(no).push_bind(&message.id).push_bind(*parent);
            to.push_bind(message.role).push_bind(&message.parts).push_bind("complete");
            to.push_bind(message.model).push_bind(&message.usage).push_bind(*seq);
            to.push_bind(message.at).push_bind(message.at);
        });
        query.build().execute(&mut *connection).await?;
        let mut query: QueryBuilder<'_, Sqlite> =
            QueryBuilder::new("insert into bookplate_search (rowid, terms) ");
        query.push_values(rows, |mut to, (seq, message, _)| {
            to.push_bind(no << SEQ_BITS | seq).push_bind(message.terms.fts5());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
