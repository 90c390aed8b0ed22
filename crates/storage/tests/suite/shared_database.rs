//! Bookplate moves into a database that already serves a book.

use rstest::rstest;
use storage::SessionRecordStore;
use testkit::databases::{Kind, TestDatabase};

use crate::fixtures::{NOW, account, key, record, replacing, session, signed_up};

/// As Better Auth and the chatbots of such books make them, in the types both databases know.
const NEIGHBOURS: &str = r#"
create table "user" (id text primary key, name text not null, email text not null unique,
    "emailVerified" boolean not null, image text, "createdAt" text not null, "updatedAt" text not null);
create table "session" (id text primary key, "expiresAt" text not null, token text not null unique,
    "ipAddress" text, "userAgent" text, "userId" text not null references "user" (id) on delete cascade);
create table "account" (id text primary key, "accountId" text not null, "providerId" text not null,
    "userId" text not null references "user" (id) on delete cascade, password text);
create table "verification" (id text primary key, identifier text not null, value text not null);
create table chat_logs (id integer primary key, user_id text, question text not null, answer text);
insert into "user" values ('u1', 'Ada', 'reader1@example.com', true, null, '2026-01-01', '2026-01-01');
insert into "session" values ('s1', '2027-01-01', 'token', '192.0.2.1', 'Browser', 'u1');
insert into "account" values ('a1', 'u1', 'credential', 'u1', 'salt:hash');
insert into chat_logs values (1, 'u1', 'What is a bookplate?', 'A label of ownership.');
"#;
const NAMES: [&str; 5] = ["account", "chat_logs", "session", "user", "verification"];

async fn neighbours(database: &TestDatabase) -> Vec<String> {
    let rows = database.rows().await;
    rows.into_iter().filter(|row| !row.starts_with("bookplate_")).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_better_auth_and_of_a_chatbot_stay_as_they_are(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    database.arrange(NEIGHBOURS).await;
    let before = neighbours(&database).await;
    assert_eq!(before.len(), 4);

    database.migrate(NOW.millis()).await.unwrap();
    signed_up(&database, 1).await;
    SessionRecordStore::new(&database).await.unwrap().open(key(1)).await.unwrap();
    let second = session("reader-2", 2);
    let opening = replacing(&second, "handle-1");
    assert!(database.create_account(&account(2), Some(&opening), &record()).await.unwrap());
    database.end_session("handle-2").await.unwrap();
    database.arrange("delete from bookplate_users").await;

    assert_eq!(neighbours(&database).await, before);
    let tables = database.tables().await;
    let strangers: Vec<_> = tables.iter().filter(|name| !name.starts_with("bookplate_")).collect();
    assert_eq!(strangers, NAMES);
}
