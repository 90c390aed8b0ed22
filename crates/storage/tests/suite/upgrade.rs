//! A database of the release before this one, brought up to date.

use contract::Timestamp;
use rstest::rstest;
use sqlx::migrate::Migrator;
use testkit::databases::{Kind, TestDatabase};

use crate::{
    conversations::spoken,
    fixtures::{NOW, answers, count, key},
};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// The schema of the first release, with its record of that.
async fn first_release(database: &TestDatabase) {
    let records =
        "create table bookplate_migrations (version bigint not null primary key, name text not null,
        checksum text not null, applied_at bigint not null);";
    database.arrange(records).await;
    migrated(database, 1).await;
}

/// The step of this number, as an older program has taken it.
async fn migrated(database: &TestDatabase, version: i64) {
    let migrator = if database.kind() == Kind::Sqlite { &SQLITE } else { &POSTGRES };
    let step = migrator.iter().find(|step| step.version == version).unwrap();
    database.arrange(&step.sql).await;
    let checksum = hex::encode(&step.checksum);
    let record = format!(
        "insert into bookplate_migrations values ({version}, '{}', '{checksum}', 1)",
        step.description.replace('_', " ")
    );
    database.arrange(&record).await;
}

/// Two readers, one of whom has proved the address, in two browsers, one of which was used later; and a key.
async fn data(database: &TestDatabase) {
    let (made, used, ends) = (NOW.millis(), NOW.millis() + 86_400_000, NOW.millis() + 900_000_000);
    let record = key(1).stored_id();
    let answers = r#"{"experienceLevel":"beginner","professionalRole":"other","roleOther":"binder"}"#;
    database
        .arrange(&format!(
            "insert into bookplate_users (id, email, email_verified, name, image, answers, created_at, updated_at)
                values ('u1', 'ada@example.com', false, 'Ada', null, '{answers}', {made}, {used}),
                ('u2', 'grace@example.com', true, '', 'https://example.com/g.png', '{{}}', {made}, {made});
            insert into bookplate_accounts
                (id, user_id, provider_id, account_id, password_hash, created_at, updated_at)
                values ('c1', 'u1', 'credential', 'u1', '$argon2id$one', {made}, {made}),
                ('c2', 'u2', 'credential', 'u2', '$argon2id$two', {made}, {made});
            insert into bookplate_sessions (id, user_id, record_id, ip_address, user_agent, remembered, created_at,
                renewed_at, expires_at, ends_at)
                values ('s1', 'u1', '{record}', '192.0.2.7', 'Browser', true, {made}, {used}, {ends}, {ends}),
                ('s2', 'u2', 'another', '', '', false, {made}, {made}, {ends}, {ends});
            insert into bookplate_signing_keys
                (id, algorithm, generation, public_jwk, sealed_private_key, created_at)
                values ('k1', 'ES256', 1, '{{}}', 'sealed', {made});"
        ))
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn data_of_the_first_release_is_there_after_the_upgrade(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    first_release(&database).await;
    data(&database).await;
    assert!(database.migrate(NOW.millis()).await.unwrap() >= 1);
    assert_eq!(database.migrate(NOW.millis()).await.unwrap(), 0);

    let (made, used) = (NOW, NOW.plus_seconds(86_400));
    let ada = database.find_credentials("ada@example.com", None).await.unwrap().unwrap();
    assert_eq!((ada.user.id.as_str(), ada.user.name.as_str()), ("u1", "Ada"));
    assert_eq!((ada.user.email_verified, ada.user.answers), (false, answers("binder")));
    assert_eq!((ada.user.created_at, ada.user.updated_at), (made, used));
    assert_eq!(ada.password_hash, "$argon2id$one");
    let grace = database.find_user("u2").await.unwrap().unwrap();
    assert!(grace.email_verified);
    assert_eq!(grace.image.as_deref(), Some("https://example.com/g.png"));
    for user in [ada.user.ban, grace.ban] {
        assert!(!user.holds(Timestamp::from_millis(i64::MAX)), "{user:?}");
    }
    let since = "select unverified_since from bookplate_users where id = 'u1'";
    assert_eq!(database.number(since).await, made.millis(), "since the account was made");
    let proved = "select count(*) from bookplate_users where id = 'u2' and unverified_since is null";
    assert_eq!(database.number(proved).await, 1);

    for (id, seen) in [("s1", used), ("s2", made)] {
        let session = database.find_session(id).await.unwrap().unwrap().session;
        assert_eq!((session.last_seen_at, session.renewed_at), (seen, seen), "{id}");
        assert_eq!(session.created_at, made, "{id:?} {seen:?}");
    }
    let keys = database.signing_keys().await.unwrap();
    assert_eq!((keys[0].id.as_str(), keys[0].signs_from), ("k1", 0), "it goes on signing");
    storage::SessionRecordStore::new(&database).await.unwrap().open(key(1)).await.unwrap();
    assert_eq!(count(&database, "bookplate_session_records").await, 1);
    assert!(database.delete_user("u1", &crate::fixtures::record()).await.unwrap());
    assert_eq!(count(&database, "bookplate_sessions").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn data_from_before_conversations_is_there_after_the_upgrade(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    first_release(&database).await;
    data(&database).await;
    migrated(&database, 2).await;
    let (new, ends) = (NOW.millis() + 1, NOW.millis() + 900_000_000);
    database
        .arrange(&format!(
            "insert into bookplate_devices (user_id, id, user_agent, first_seen_at, last_seen_at)
                values ('u1', 'd1', 'Browser', {new}, {new});
            insert into bookplate_links (id, user_id, purpose, email, created_at, expires_at)
                values ('l1', 'u1', 'reset', 'ada@example.com', {new}, {ends});
            insert into bookplate_mails (id, user_id, sealed, created_at, due_at, attempts)
                values ('m1', 'u1', 'sealed', {new}, {new}, 0);
            insert into bookplate_events (id, at, kind, outcome, user_id, ip_address, user_agent)
                values ('e1', {new}, 'sign-up', 'done', 'u1', '192.0.2.7', 'Browser');
            insert into bookplate_limits (id, count, last_at, expires_at) values ('hash', 3, {new}, {ends});"
        ))
        .await;
    let before = database.rows().await;

    let later = SQLITE.iter().filter(|step| step.version > 2).count();
    assert_eq!(database.migrate(NOW.millis()).await.unwrap(), later);
    let is_record = |row: &String| row.starts_with("bookplate_migrations: ");
    // Users have more columns.
    let is_of_user = |row: &String| row.starts_with("bookplate_users: ");
    let after = database.rows().await;
    for row in before.iter().filter(|row| !is_of_user(row)) {
        assert!(after.contains(row), "{row}");
    }
    let (made, used) = (NOW.millis(), NOW.millis() + 86_400_000);
    let active = format!(
        "select count(*) from bookplate_users where (id = 'u1' and last_active_at = {used})
        or (id = 'u2' and last_active_at = {made})"
    );
    assert_eq!(database.number(&active).await, 2, "an account was last active when a session was last used");
    let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
    let is_of_search = |row: &String| row.starts_with("bookplate_search");
    assert!(new.iter().all(|row| is_record(row) || is_of_search(row) || is_of_user(row)), "{new:?}");
    spoken(&database, "u1", 1).await;
    assert!(database.delete_user("u1", &crate::fixtures::record()).await.unwrap());
    for table in ["bookplate_conversations", "bookplate_messages", "bookplate_idempotency"] {
        assert_eq!(count(&database, table).await, 0, "{table}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_stored_before_they_were_counted_are_counted_by_the_upgrade(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.empty().await;
    first_release(&database).await;
    data(&database).await;
    for version in [2, 3] {
        migrated(&database, version).await;
    }
    let conversations = [("1", "u1", "c1", "{}"), ("2", "u1", "c2", r#"{"é":1}"#), ("3", "u1", "c3", "{}")];
    for (no, user, id, metadata) in conversations {
        database
            .arrange(&format!(
                "insert into bookplate_conversations (no, user_id, id, status, metadata, message_count, revision,
                    created_at, updated_at, active_at, deleted_at)
                    values ({no}, '{user}', '{id}', 'active', '{metadata}', 0, 0, 1, 1, 1,
                    case when {no} = 3 then 5 end)"
            ))
            .await;
    }
    // Two bytes for é, in each of the texts that count.
    database
        .arrange(
            "insert into bookplate_messages (no, conversation_no, id, role, parts, status, usage, raw, metadata,
                feedback, model, format, revision, created_at, updated_at)
                values (1048577, 1, 'a', 'user', '[\"é\"]', 'complete', '{\"u\":1}', '\"é\"', '{\"m\":1}', '{\"f\":1}',
                'not counted', 'neither', 1, 1, 1),
                (1048578, 1, 'b', 'user', '[]', 'complete', null, null, null, null, null, null, 1, 1, 1),
                (3145729, 3, 'd', 'user', '[1]', 'complete', null, null, null, null, null, null, 1, 1, 1)",
        )
        .await;
    assert!(database.migrate(NOW.millis()).await.unwrap() >= 1);
    let bytes = database.numbers("select bytes from bookplate_conversations order by no").await;
    assert_eq!(bytes, [6 + 7 + 4 + 7 + 7 + 2, 8, 3]);
    assert_eq!(database.stored_bytes("u1").await.unwrap(), 33 + 8 + 3);
    assert_eq!(database.stored_bytes("u2").await.unwrap(), 0);
    assert!(database.delete_user("u1", &crate::fixtures::record()).await.unwrap());
    assert_eq!(count(&database, "bookplate_storage").await, 0);
}
