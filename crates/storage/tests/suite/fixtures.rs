//! Readers and sessions to store.

use std::sync::atomic::{AtomicU32, Ordering};

use contract::{AnswerInput, Answers, Questions, Timestamp};
use storage::conversations::CreateRequest;
use storage::{
    AuditEvent, AuditRecord, Ban, Database, KnownDevice, Link, NewAccount, NewSession, QueuedMail, RecordKey,
    Session, StorageError, User,
};
use testkit::{FixedClock, databases::TestDatabase};

pub(crate) const NOW: Timestamp = FixedClock::START;

/// A reader who is not stored yet, told from others by a number.
pub(crate) fn account(number: u32) -> NewAccount {
    let user = User {
        id: format!("reader-{number}"),
        email: format!("reader{number}@example.com"),
        email_verified: false,
        name: format!("Reader {number}"),
        image: Some("https://example.com/a.png".into()),
        answers: answers("binder"),
        created_at: NOW,
        updated_at: NOW,
        ban: Ban::default(),
    };
    NewAccount {
        user,
        credential_id: format!("credential-{number}"),
        password_hash: Some(hash(number)),
        device: None,
    }
}

/// A conversation without title and metadata, for a user who has no limit of bytes.
pub(crate) fn creating<'a>(user_id: &'a str, id: &'a str, most: i64) -> CreateRequest<'a> {
    CreateRequest {
        user_id,
        scope: storage::conversations::ConversationScope::All,
        client_id: None,
        id,
        title: None,
        metadata: "{}",
        now: NOW,
        most,
        most_bytes: i64::MAX,
        idempotency: None,
    }
}

/// Answers to the questions a book asks by default.
pub(crate) fn answers(role: &str) -> Answers {
    let answers = Answers::accept(&Questions::default(), |question| match question.name.as_str() {
        "experienceLevel" => AnswerInput::Given("beginner".into()),
        "professionalRole" => AnswerInput::Given("other".into()),
        "roleOther" => AnswerInput::Given(role.into()),
        _ => AnswerInput::Absent,
    });
    answers.unwrap()
}

/// What opens the record of the session with this number.
pub(crate) fn key(number: u32) -> RecordKey {
    let mut bytes = [0xA5; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    RecordKey::new(bytes)
}

/// A session of a reader, told from others by a number.
pub(crate) fn session(user_id: &str, number: u32) -> Session {
    Session {
        id: format!("handle-{number}"),
        user_id: user_id.to_owned(),
        record_id: key(number).stored_id(),
        ip_address: "192.0.2.7".into(),
        user_agent: "Browser/1.0".into(),
        remembered: true,
        created_at: NOW,
        renewed_at: NOW,
        expires_at: NOW.plus_seconds(7 * 86_400),
        ends_at: NOW.plus_seconds(90 * 86_400),
        last_seen_at: NOW,
    }
}

/// What stands for the password of the reader with this number.
pub(crate) fn hash(number: u32) -> String {
    format!("$hash${number}")
}

/// A session that replaces none, in a browser that is not noted.
pub(crate) const fn opening(session: &Session) -> NewSession<'_> {
    NewSession { session, replaced: None, device: None }
}

/// A session that takes the place of another.
pub(crate) const fn replacing<'a>(session: &'a Session, replaced: &'a str) -> NewSession<'a> {
    NewSession { session, replaced: Some(replaced), device: None }
}

/// A browser, told from others by a number.
pub(crate) fn device(number: u32) -> KnownDevice {
    KnownDevice {
        id: format!("device-{number}"),
        user_agent: "Browser/1.0".into(),
        first_seen_at: NOW,
        last_seen_at: NOW,
    }
}

/// What a change at this moment leaves behind: an event of its own, and no mail.
pub(crate) fn trace_at(at: Timestamp) -> AuditRecord {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let event = AuditEvent {
        id: format!("event-{}", NEXT.fetch_add(1, Ordering::SeqCst)),
        at,
        kind: "test".into(),
        outcome: "done".into(),
        user_id: None,
        ip_address: None,
        user_agent: None,
    };
    AuditRecord { event, mails: Vec::new() }
}

/// What a change leaves behind at the moment at which everything here was made.
pub(crate) fn record() -> AuditRecord {
    trace_at(NOW)
}

/// The same about a reader, with everything that is noted.
pub(crate) fn trace_of(user_id: &str) -> AuditRecord {
    let mut record = record();
    record.event.user_id = Some(user_id.into());
    record.event.ip_address = Some("192.0.2.7".into());
    record.event.user_agent = Some("Browser/1.0".into());
    record
}

/// A link of a reader that lives for an hour.
pub(crate) fn link(id: &str, user_id: &str, purpose: &str) -> Link {
    Link {
        id: id.into(),
        user_id: user_id.into(),
        purpose: purpose.into(),
        email: user_id.replace("reader-", "reader") + "@example.com",
        new_email: None,
        created_at: NOW,
        expires_at: NOW.plus_seconds(3600),
        used_at: None,
    }
}

/// A mail that is due so many seconds from now.
pub(crate) fn mail(id: &str, user_id: Option<&str>, due_in: i64) -> QueuedMail {
    QueuedMail {
        id: id.into(),
        user_id: user_id.map(Into::into),
        sealed: format!("sealed {id}"),
        created_at: NOW,
        due_at: NOW.plus_seconds(due_in),
        attempts: 0,
    }
}

/// Opens a session of a reader who has the password they signed up with.
pub(crate) async fn open(
    database: &Database,
    session: &Session,
    replaced: Option<&str>,
) -> Result<bool, StorageError> {
    let compared = session.user_id.replace("reader-", "$hash$");
    let opening = NewSession { session, replaced, device: None };
    database.open_session(&opening, &compared, None, &record()).await
}

/// Asks again when the machine is so slow that the queue for a connection was left: that loses nothing. Everything else,
/// "database is locked" above all, is what tests of many at once are to find.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, StorageError>>>(
    mut attempt: impl FnMut() -> F,
) -> T {
    loop {
        match attempt().await {
            Err(StorageError::Unavailable(sqlx::Error::PoolTimedOut)) => {}
            outcome => return outcome.unwrap(),
        }
    }
}

/// Stores the reader with this number, signed in under the session with the same number.
pub(crate) async fn signed_up(database: &TestDatabase, number: u32) -> User {
    let account = account(number);
    let session = session(&account.user.id, number);
    assert!(database.create_account(&account, Some(&opening(&session)), &record()).await.unwrap());
    account.user
}

/// How many rows a table has.
pub(crate) async fn count(database: &TestDatabase, table: &str) -> i64 {
    database.number(&format!("select count(*) from {table}")).await
}
