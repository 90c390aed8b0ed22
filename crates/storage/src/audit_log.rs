//! What happened, and the mail it causes: both are stored in the transaction of the change itself.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, QueuedMail, StorageError, connection::Transaction, mail_queue::insert_mail};

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditEvent {
    /// UUID.
    pub id: String,
    /// When.
    #[sqlx(try_from = "i64")]
    pub at: Timestamp,
    /// What.
    pub kind: String,
    /// `done`, or why not.
    pub outcome: String,
    /// The reader; `None` when no account is concerned, or it has been erased.
    pub user_id: Option<String>,
    /// Network address of the client.
    pub ip_address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// What a change leaves behind besides itself.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// What happened.
    pub event: AuditEvent,
    /// Whom it is told to.
    pub mails: Vec<QueuedMail>,
}

/// What is recorded about a reader who was erased meanwhile, by a request that had begun before, says nothing of them.
const INSERT: &str = "insert into bookplate_events (id, at, kind, outcome, user_id, ip_address, user_agent)
    values ($1, $2, $3, $4, (select u.id from bookplate_users u where u.id = $5),
    case when $5 is null or exists (select 1 from bookplate_users u where u.id = $5) then $6 end,
    case when $5 is null or exists (select 1 from bookplate_users u where u.id = $5) then $7 end)";
/// The rows of an erased reader stay, for counting, without whom, where and with what.
pub(crate) const FORGET: &str =
    "update bookplate_events set user_id = null, ip_address = null, user_agent = null where user_id = $1";
const OF_USER: &str = "select id, at, kind, outcome, user_id, ip_address, user_agent from bookplate_events
    where user_id = $1 order by at desc, id limit $2";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, FORGET, OF_USER];

async fn insert_event(tx: &mut Transaction, event: &AuditEvent) -> Result<(), sqlx::Error> {
    tx.query(INSERT)
        .bind(&event.id)
        .bind(event.at.millis())
        .bind(&event.kind)
        .bind(&event.outcome)
        .bind(&event.user_id)
        .bind(&event.ip_address)
        .bind(&event.user_agent)
        .execute()
        .await?;
    Ok(())
}

/// Stores an event and queues its mails.
pub(crate) async fn insert_audit_record(
    tx: &mut Transaction,
    record: &AuditRecord,
) -> Result<(), sqlx::Error> {
    insert_event(tx, &record.event).await?;
    for mail in &record.mails {
        insert_mail(tx, mail).await?;
    }
    Ok(())
}

impl Database {
    /// Stores something that happened, and the mail it causes.
    pub async fn record(&self, record: &AuditRecord) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What happened to a reader's account, the latest first.
    pub async fn events_of(&self, user_id: &str, limit: i64) -> Result<Vec<AuditEvent>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).bind(limit).fetch_all().await?)
    }
}
