//! Fills the peer's own tables with the same readers, conversations and texts.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use sqlx::PgPool;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    POSTGRES, Progress, conversations, plan,
    postgres::{copy_in, once, row},
    stamp,
};
use crate::{
    Common,
    cluster::Cluster,
    data::{self, Conversation, Plan},
};

/// Batches per COPY.
const BATCHES: u64 = 20;

/// The name of the filled database, created if missing. `folder` contains the peer and its schema.
pub(super) async fn ensure(
    common: &Common,
    folder: &Path,
    messages: u64,
    cluster: &Cluster,
) -> Result<String> {
    let read = |name: &str| {
        let path = folder.join("seed").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let (tables, indexes) = (read("schema.pg.sql")?, read("indexes.pg.sql")?);
    let name = format!("peer_seed_{}_{messages}", common.readers);
    once(cluster, &name, &stamp(&POSTGRES), async |url| {
        fill(url, plan(common, messages), &tables, &indexes).await
    })
    .await
}

async fn fill(url: &str, plan: Plan, tables: &str, indexes: &str) -> Result<()> {
    let mut progress = Progress::new(format!("the peer with {} messages", plan.messages));
    let pool = PgPool::connect(url).await?;
    sqlx::raw_sql(tables).execute(&pool).await?;
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
            for conversation in &batch {
                write(conversation, &mut rows, &mut messages)?;
            }
            progress.add(&batch);
        }
        copy_in(&pool, "conversations", rows).await?;
        copy_in(&pool, "messages", messages).await?;
    }
    // VACUUM cannot run in a multi-statement query.
    for statement in indexes.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        sqlx::raw_sql(statement).execute(&pool).await?;
    }
    pool.close().await;
    progress.done();
    Ok(())
}

async fn readers(pool: &PgPool, plan: Plan) -> Result<()> {
    let mut users = String::new();
    let at = time(data::BEGINNING)?;
    for reader in 0..=plan.heavy() {
        let (id, email) = (data::reader_id(reader), data::email(reader));
        let rest = [Some(at.as_str()), Some(&at), Some("beginner"), Some("student")];
        row(&mut users, &[&[Some(id.as_str()), Some("Reader"), Some(&email)][..], &rest].concat());
    }
    let into = "\"user\" (id, name, email, created_at, updated_at, experience_level, professional_role)";
    copy_in(pool, into, users).await
}

fn write(conversation: &Conversation, rows: &mut String, messages: &mut String) -> Result<()> {
    let id = Some(conversation.id.as_str());
    let last = conversation.messages.last().map_or(conversation.begun_at, |last| last.at);
    let (begun_at, last) = (time(conversation.begun_at)?, time(last)?);
    let named = [id, Some(&conversation.user_id), Some(&conversation.title)];
    row(rows, &[&named[..], &[Some(&begun_at), Some(&last)]].concat());
    for message in &conversation.messages {
        let at = time(message.at)?;
        row(messages, &[Some(&message.id), id, Some(message.role), Some(&message.text), Some(&at)]);
    }
    Ok(())
}

/// A time in PostgreSQL's input format.
fn time(millis: i64) -> Result<String> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)?;
    Ok(at.format(&Rfc3339)?)
}
