//! Fills PostgreSQL with COPY.

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection, postgres::PgPoolCopyExt};
use storage::conversations::SEQ_BITS;

use super::{POSTGRES, Progress, conversations, migrate, password_hash, plan, stamp};
use crate::{
    Common,
    cluster::Cluster,
    data::{self, BEGINNING, Conversation, Plan},
    vocabulary::Rng,
};

/// Batches per COPY.
const BATCHES: u64 = 20;

/// The name of the filled database, created if missing.
pub(super) async fn ensure(common: &Common, messages: u64, cluster: &Cluster) -> Result<String> {
    let name = format!("seed_{}_{messages}", common.readers);
    once(cluster, &name, &stamp(&POSTGRES), async |url| {
        migrate(url).await?;
        fill(url, plan(common, messages)).await
    })
    .await
}

/// Creates and fills a database unless one with this name and stamp exists.
pub(super) async fn once(
    cluster: &Cluster,
    name: &str,
    stamp: &str,
    fill: impl AsyncFnOnce(&str) -> Result<()>,
) -> Result<String> {
    let mut maintenance = PgConnection::connect(&cluster.url("postgres")).await?;
    let filled = format!("{name}_{stamp}");
    let there: Vec<(String,)> =
        sqlx::query_as("select datname from pg_database where datname like $1 || '\\_%'")
            .bind(name)
            .fetch_all(&mut maintenance)
            .await?;
    if there.iter().any(|(there,)| *there == filled) {
        return Ok(filled);
    }
    for (old,) in there {
        sqlx::raw_sql(&format!("drop database {old} with (force)")).execute(&mut maintenance).await?;
    }
    let partial = format!("{name}_partial");
    sqlx::raw_sql(&format!("create database {partial}")).execute(&mut maintenance).await?;
    fill(&cluster.url(&partial)).await?;
    sqlx::raw_sql(&format!("alter database {partial} rename to {filled}")).execute(&mut maintenance).await?;
    Ok(filled)
}

/// Copies the filled database for measuring.
pub(super) async fn copy(cluster: &Cluster, filled: &str, name: &str) -> Result<String> {
    let mut maintenance = PgConnection::connect(&cluster.url("postgres")).await?;
    let drop = format!("drop database if exists {name} with (force)");
    sqlx::raw_sql(&drop).execute(&mut maintenance).await?;
    let copy = format!("create database {name} template {filled} strategy file_copy");
    sqlx::raw_sql(&copy).execute(&mut maintenance).await?;
    sqlx::raw_sql("checkpoint").execute(&mut maintenance).await?;
    Ok(name.to_owned())
}

async fn fill(url: &str, plan: Plan) -> Result<()> {
    let mut progress = Progress::new(format!("PostgreSQL with {} messages", plan.messages));
    let pool = sqlx::PgPool::connect(url).await?;
    // Let the GIN index merge its pending list in large batches.
    let database = url.rsplit('/').next().context("an address without a database")?;
    for setting in ["gin_pending_list_limit = '512MB'", "work_mem = '1GB'", "synchronous_commit = off"] {
        sqlx::raw_sql(&format!("alter database {database} set {setting}")).execute(&pool).await?;
    }
    pool.close().await;
    let pool = sqlx::PgPool::connect(url).await?;
    readers(&pool, plan).await?;
    let mut source = conversations(plan);
    let mut over = false;
    while !over {
        let (mut rows, mut messages) = (String::new(), String::new());
        for _ in 0..BATCHES {
            let Some(batch) = source.recv().await else {
                over = true;
                break;
            };
            batch.iter().for_each(|it| write(it, &mut rows, &mut messages));
            progress.add(&batch);
        }
        copy_in(&pool, CONVERSATIONS, rows).await?;
        copy_in(&pool, MESSAGES, messages).await?;
    }
    sqlx::raw_sql(
        "select setval('bookplate_conversations_no', (select max(no) from bookplate_conversations))",
    )
    .execute(&pool)
    .await?;
    sqlx::raw_sql(&format!("alter database {database} reset all")).execute(&pool).await?;
    sqlx::raw_sql("vacuum analyze").execute(&pool).await?;
    sqlx::raw_sql("checkpoint").execute(&pool).await?;
    pool.close().await;
    progress.done();
    Ok(())
}

const CONVERSATIONS: &str =
    "bookplate_conversations (no, user_id, id, title, opening, status, head_id, metadata,
    message_count, revision, created_at, updated_at, last_message_at, active_at)";
const MESSAGES: &str =
    "bookplate_messages (no, conversation_no, id, parent_id, role, parts, status, model, usage,
    revision, created_at, updated_at, terms)";
const USERS: &str = "bookplate_users (id, email, email_verified, name, answers, created_at, updated_at)";
const ACCOUNTS: &str =
    "bookplate_accounts (id, user_id, provider_id, account_id, password_hash, created_at, updated_at)";
const SESSIONS: &str =
    "bookplate_sessions (id, user_id, record_id, ip_address, user_agent, remembered, created_at,
    renewed_at, expires_at, ends_at, last_seen_at)";

pub(super) async fn copy_in(pool: &sqlx::PgPool, into: &str, rows: String) -> Result<()> {
    let mut copy = pool.copy_in_raw(&format!("copy {into} from stdin")).await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

async fn readers(pool: &sqlx::PgPool, plan: Plan) -> Result<()> {
    let hash = password_hash()?;
    let (mut users, mut accounts, mut sessions) = (String::new(), String::new(), String::new());
    for reader in 0..=plan.heavy() {
        let id = data::reader_id(reader);
        let (at, end) = (BEGINNING.to_string(), (BEGINNING * 2).to_string());
        let (email, name) = (data::email(reader), format!("Reader {reader}"));
        row(&mut users, &[Some(&id), Some(&email), Some("t"), Some(&name), Some("{}"), Some(&at), Some(&at)]);
        let account = Rng::at("account", reader, 0).uuid();
        let rest = [Some("credential"), Some(id.as_str()), Some(hash.as_str()), Some(&at), Some(&at)];
        row(&mut accounts, &[&[Some(account.as_str()), Some(&id)][..], &rest].concat());
        let (session, record) = (Rng::at("session", reader, 0).uuid(), Rng::at("record", reader, 0).uuid());
        let rest = [
            Some("127.0.0.1"),
            Some("bench"),
            Some("t"),
            Some(at.as_str()),
            Some(&at),
            Some(&end),
            Some(&end),
            Some(&at),
        ];
        row(&mut sessions, &[&[Some(session.as_str()), Some(&id), Some(&record)][..], &rest].concat());
    }
    copy_in(pool, USERS, users).await?;
    copy_in(pool, ACCOUNTS, accounts).await?;
    copy_in(pool, SESSIONS, sessions).await
}

fn write(conversation: &Conversation, rows: &mut String, messages: &mut String) {
    let no = conversation.no.to_string();
    let count = conversation.messages.len().to_string();
    let begun_at = conversation.begun_at.to_string();
    let last = conversation.messages.last();
    let at = last.map_or(conversation.begun_at, |last| last.at).to_string();
    let named = [Some(no.as_str()), Some(&conversation.user_id), Some(&conversation.id)];
    let said = [Some(conversation.title.as_str()), Some(&conversation.opening), Some("active")];
    let head = [last.map(|last| last.id.as_str()), Some("{}"), Some(&count), Some(&count)];
    row(rows, &[&named[..], &said, &head, &[Some(&begun_at), Some(&at), Some(&at), Some(&at)]].concat());
    let mut parent = None;
    for (message, seq) in conversation.messages.iter().zip(1..) {
        let place = (conversation.no << SEQ_BITS | seq).to_string();
        let (seq, at) = (u64::to_string(&seq), message.at.to_string());
        let terms = message.terms.tsvector();
        let named = [Some(place.as_str()), Some(&no), Some(&message.id), parent, Some(message.role)];
        let said = [Some(message.parts.as_str()), Some("complete"), message.model, message.usage.as_deref()];
        row(messages, &[&named[..], &said, &[Some(&seq), Some(&at), Some(&at), Some(&terms)]].concat());
        parent = Some(message.id.as_str());
    }
}

/// Writes a row in COPY's text format.
pub(super) fn row(to: &mut String, values: &[Option<&str>]) {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            to.push('\t');
        }
        let Some(value) = value else {
            to.push_str("\\N");
            continue;
        };
        for c in value.chars() {
            match c {
                '\\' => to.push_str("\\\\"),
                '\n' => to.push_str("\\n"),
                '\r' => to.push_str("\\r"),
                '\t' => to.push_str("\\t"),
                c => to.push(c),
            }
        }
    }
    to.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_columns_and_rows_is_escaped() {
        let mut to = String::new();
        row(&mut to, &[Some("a\tb\\c"), None, Some("")]);
        assert_eq!(to, "a\\tb\\\\c\t\\N\t\n");
    }
}
