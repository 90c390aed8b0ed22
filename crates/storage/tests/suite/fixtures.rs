//! Readers and sessions to store.

use contract::{AnswerInput, Answers, Questions, Timestamp};
use storage::{NewAccount, RecordKey, Session, User};
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
    };
    NewAccount {
        user,
        credential_id: format!("credential-{number}"),
        password_hash: format!("$hash${number}"),
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
        record_id: key(number).stored_name(),
        ip_address: "192.0.2.7".into(),
        user_agent: "Browser/1.0".into(),
        remembered: true,
        created_at: NOW,
        renewed_at: NOW,
        expires_at: NOW.plus_seconds(7 * 86_400),
        ends_at: NOW.plus_seconds(90 * 86_400),
    }
}

/// Stores the reader with this number, signed in under the session with the same number.
pub(crate) async fn signed_up(database: &TestDatabase, number: u32) -> User {
    let account = account(number);
    let stored = database.create_account(&account, &session(&account.user.id, number), None).await;
    assert!(stored.unwrap());
    account.user
}

/// How many rows a table has.
pub(crate) async fn count(database: &TestDatabase, table: &str) -> i64 {
    database.number(&format!("select count(*) from {table}")).await
}
