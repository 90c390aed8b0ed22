//! The audit log. Events and the mails they cause are stored in the transaction of the change itself.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, QueuedMail, StorageError, connection::Transaction, mail_queue::insert_mail};

/// An event of an account.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditEvent {
    /// The id, a UUID.
    pub id: String,
    /// The time.
    #[sqlx(try_from = "i64")]
    pub at: Timestamp,
    /// The kind.
    pub kind: String,
    /// `done`, or why it was refused.
    pub outcome: String,
    /// The user; `None` when no account is concerned, or it has been deleted.
    pub user_id: Option<String>,
    /// The client's network address.
    pub ip_address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// An event, and the mails about it.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// The event.
    pub event: AuditEvent,
    /// The mails to queue.
    pub mails: Vec<QueuedMail>,
}

/// Stores nothing of a user who has been deleted since the request began.
const INSERT: &str = "insert into bookplate_events (id, at, kind, outcome, user_id, ip_address, user_agent)
    values ($1, $2, $3, $4, (select u.id from bookplate_users u where u.id = $5),
    case when $5 is null or exists (select 1 from bookplate_users u where u.id = $5) then $6 end,
    case when $5 is null or exists (select 1 from bookplate_users u where u.id = $5) then $7 end)";
/// The events of a deleted user stay, to be counted, without user, address and user agent.
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
    /// Stores an event and queues its mails.
    pub async fn record(&self, record: &AuditRecord) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        insert_audit_record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A user's events, the latest first.
    pub async fn events_of(&self, user_id: &str, limit: i64) -> Result<Vec<AuditEvent>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).bind(limit).fetch_all().await?)
    }
}
