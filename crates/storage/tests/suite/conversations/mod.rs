//! Conversations and their messages.

mod append;
mod clients;
mod concurrency;
mod list;
mod search;
mod soft_delete;
mod update;

use storage::{
    Database,
    conversations::{
        AppendOutcome, AppendRequest, AppendedMessage, Content, CreateOutcome, CreateRequest, Draft,
        Idempotency, Owner, StoredConversation, StoredMessage, Terms, Writer,
    },
};
use testkit::databases::TestDatabase;

use crate::fixtures::{NOW, creating, signed_up};

const ADA: &str = "reader-1";
const GRACE: &str = "reader-2";
const MOST: i64 = 1000;

/// Two readers, and a conversation `c` of the first.
async fn begun(database: &TestDatabase) -> StoredConversation {
    signed_up(database, 1).await;
    signed_up(database, 2).await;
    created(database, ADA, "c").await
}

async fn created(database: &Database, user_id: &str, id: &str) -> StoredConversation {
    created_at(database, user_id, id, 0).await
}

/// Made so many seconds from now.
async fn created_at(database: &Database, user_id: &str, id: &str, seconds: i64) -> StoredConversation {
    let at = NOW.plus_seconds(seconds);
    match database
        .create_conversation(&CreateRequest { now: at, ..creating(user_id, id, MOST) })
        .await
        .unwrap()
    {
        CreateOutcome::Created(stored) => stored,
        other => panic!("{other:?}"),
    }
}

async fn found(database: &Database, id: &str) -> StoredConversation {
    database.find_conversation(Owner::all(ADA), id).await.unwrap().unwrap()
}

const fn writer() -> Writer<'static> {
    Writer { token_id: Some("token"), now: NOW, most_bytes: i64::MAX }
}

fn content(text: &str) -> Content {
    Content {
        parts: format!("[{{\"type\": \"text\",\"text\":\"{text}\"}}]"),
        status: "complete".into(),
        model: None,
        usage: None,
        format: None,
        raw: None,
        metadata: None,
    }
}

/// The terms of a text of plain words.
fn terms(database: &Database, words: &str) -> Terms {
    Terms(match database {
        Database::Sqlite(_) => words.to_owned(),
        Database::Postgres(_) => {
            let word = |(at, word): (usize, &str)| format!("'{word}':{}", at + 1);
            words.split_whitespace().enumerate().map(word).collect::<Vec<_>>().join(" ")
        }
    })
}

/// What finds this word.
fn wanted(database: &Database, word: &str) -> Terms {
    Terms(match database {
        Database::Sqlite(_) => format!("\"{word}\""),
        Database::Postgres(_) => format!("'{word}'"),
    })
}

/// A message under a name of the client's choice, found by its words.
fn draft(database: &Database, id: &str, text: &str) -> Draft {
    Draft {
        id: id.to_owned(),
        chosen: true,
        parent: None,
        role: "user".into(),
        content: content(text),
        terms: terms(database, text),
        opening: Some(text.to_owned()),
        created_at: None,
    }
}

fn appending<'a>(id: &'a str, drafts: &'a [Draft]) -> AppendRequest<'a> {
    AppendRequest {
        user_id: ADA,
        scope: storage::conversations::ConversationScope::All,
        conversation_id: id,
        writer: writer(),
        drafts,
        most: MOST,
        idempotency: None,
    }
}

async fn append(database: &Database, id: &str, drafts: &[Draft]) -> Vec<AppendedMessage> {
    match database.append_messages(&appending(id, drafts)).await.unwrap() {
        AppendOutcome::Done(written) => written,
        other => panic!("{other:?}"),
    }
}

/// Appends a message that is new.
async fn append_one(database: &Database, id: &str, message_id: &str, text: &str) -> StoredMessage {
    let mut written = append(database, id, &[draft(database, message_id, text)]).await;
    let written = written.remove(0);
    assert!(written.is_new && written.changed);
    written.message
}

async fn all(database: &Database, conversation: &StoredConversation) -> Vec<StoredMessage> {
    database.read_messages(conversation.no, (0, i64::MAX), false, MOST).await.unwrap()
}

fn names<'a>(messages: impl IntoIterator<Item = &'a StoredMessage>) -> Vec<&'a str> {
    messages.into_iter().map(|message| message.id.as_str()).collect()
}

fn idempotency(key: &str, request: &str) -> Idempotency {
    Idempotency { id: key.into(), request: request.into(), expires_at: NOW.plus_seconds(60) }
}

/// A conversation of a reader with a message in it, asked for with a key; all are told from others by a number.
pub(crate) async fn spoken(database: &Database, user_id: &str, number: u32) {
    let id = format!("talk-{number}");
    created(database, user_id, &id).await;
    let drafts = [draft(database, &format!("said-{number}"), "paper")];
    let request = idempotency(&format!("request-{number}"), "r");
    let appending = AppendRequest { user_id, idempotency: Some(&request), ..appending(&id, &drafts) };
    assert!(matches!(database.append_messages(&appending).await.unwrap(), AppendOutcome::Done(_)));
}
