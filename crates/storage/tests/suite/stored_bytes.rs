//! How many bytes each user's conversations take up, and what is refused beyond.

use std::{fmt::Write, sync::Arc};

use rstest::rstest;
use storage::{
    Database, StorageError,
    conversations::{
        AppendOutcome, AppendRequest, Content, ContentUpdate, ConversationImport, ConversationUpdate,
        CreateOutcome, CreateRequest, Draft, ForeignConversation, Idempotency, MessageUpdate, MessageWriter,
        Owner, PostImportPatch, Terms, UpdateOutcome, Writer,
    },
};
use testkit::databases::{Kind, TestDatabase};
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, creating, patiently, record, signed_up};

const USERS: [&str; 2] = ["reader-1", "reader-2"];
/// The JSON around a text.
const AROUND: usize = r#"[{"type":"text","text":""}]"#.len();

/// A message whose content is so many bytes of JSON.
fn sized(id: &str, bytes: usize) -> Draft {
    let text = "x".repeat(bytes - AROUND);
    Draft {
        id: id.to_owned(),
        chosen: true,
        parent: None,
        role: "user".into(),
        content: Content {
            parts: format!(r#"[{{"type":"text","text":"{text}"}}]"#),
            status: "complete".into(),
            model: Some("a model".into()),
            usage: None,
            format: None,
            raw: None,
            metadata: None,
        },
        terms: Terms(String::new()),
        opening: None,
        created_at: None,
    }
}

fn writer(most_bytes: i64) -> Writer<'static> {
    Writer { token_id: None, now: NOW, most_bytes }
}

fn appending<'a>(user_id: &'a str, id: &'a str, drafts: &'a [Draft], most_bytes: i64) -> AppendRequest<'a> {
    AppendRequest {
        user_id,
        scope: storage::conversations::ConversationScope::All,
        conversation_id: id,
        writer: writer(most_bytes),
        drafts,
        most: 1000,
        idempotency: None,
    }
}

/// Compares what is counted with what is stored.
async fn recount(database: &TestDatabase, after: &str) {
    let messages = "coalesce((select sum(octet_length(m.parts) + coalesce(octet_length(m.usage), 0)
        + coalesce(octet_length(m.raw), 0) + coalesce(octet_length(m.metadata), 0)
        + coalesce(octet_length(m.feedback), 0)) from bookplate_messages m where m.conversation_no = c.no), 0)
        + case when c.metadata = '{}' then 0 else octet_length(c.metadata) end";
    let wrong = format!("select count(*) from bookplate_conversations c where c.bytes <> {messages}");
    assert_eq!(database.number(&wrong).await, 0, "a conversation, after {after}");
    for user in USERS {
        let stored = format!(
            "select cast(coalesce(sum({messages}), 0) as bigint) from bookplate_conversations c
                where c.user_id = '{user}'"
        );
        let counted = database.stored_bytes(user).await.unwrap();
        assert_eq!(counted, database.number(&stored).await, "{user}, after {after}");
    }
}

/// Numbers that follow from the one before (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// One operation by chance. Refusals are part of it.
async fn operate(
    database: &TestDatabase,
    messages: &MessageWriter,
    numbers: &mut Numbers,
    step: usize,
) -> String {
    let (user, id) = (*USERS.get(numbers.below(2)).unwrap(), format!("c{}", numbers.below(3)));
    let (message, size) = (format!("m{}", numbers.below(6)), AROUND + numbers.below(300));
    let most = if numbers.below(4) == 0 { 1500 } else { 5000 };
    let metadata = format!(r#"{{"é":{}}}"#, numbers.below(1000));
    let operation = numbers.below(13);
    match operation {
        0 | 1 => {
            let metadata = if operation == 0 { "{}" } else { metadata.as_str() };
            let request = CreateRequest { metadata, most_bytes: most, ..creating(user, &id, 10) };
            database.create_conversation(&request).await.map(drop).unwrap();
        }
        2..=4 => {
            let drafts = [sized(&message, size)];
            messages.append(&appending(user, &id, &drafts, most)).await.map(drop).unwrap();
        }
        5 => {
            let parent = Some((numbers.below(2) == 0).then(|| message.clone()));
            let drafts = [
                Draft { parent, ..sized(&format!("n{step}"), size) },
                sized(&format!("o{step}"), AROUND + 1),
                sized(&message, size),
            ];
            messages.append(&appending(user, &id, &drafts, most)).await.map(drop).unwrap();
        }
        6 => {
            let drafts = [sized(&format!("k{}", numbers.below(3)), size)];
            let idempotency = Idempotency {
                id: format!("{user} {id} {}", numbers.below(3)),
                request: "r".into(),
                expires_at: NOW.plus_seconds(60),
            };
            let request =
                AppendRequest { idempotency: Some(&idempotency), ..appending(user, &id, &drafts, most) };
            messages.append(&request).await.map(drop).unwrap();
        }
        7 => {
            let change = ContentUpdate {
                parts: (numbers.below(2) == 0).then(|| (sized("", size).content.parts, Terms(String::new()))),
                usage: Some(metadata.clone()),
                raw: Some(format!("\"{}\"", "ü".repeat(numbers.below(50)))),
                metadata: Some(metadata),
                ..ContentUpdate::default()
            };
            let update = MessageUpdate::Content(change);
            database
                .update_message(Owner::all(user), &id, &message, &update, writer(most), false)
                .await
                .map(drop)
                .unwrap();
        }
        8 => {
            let update = MessageUpdate::Feedback((numbers.below(2) == 0).then_some(metadata));
            database
                .update_message(Owner::all(user), &id, &message, &update, writer(most), false)
                .await
                .map(drop)
                .unwrap();
        }
        9 => {
            let update = ConversationUpdate { metadata: Some(metadata), ..ConversationUpdate::default() };
            database.update_conversation(Owner::all(user), &id, &update, NOW, most).await.map(drop).unwrap();
        }
        10 => {
            database.soft_delete_conversation(Owner::all(user), &id, NOW).await.map(drop).unwrap();
            if numbers.below(2) == 0 {
                database
                    .restore_conversation(Owner::all(user), &id, NOW.plus_seconds(-1), 10)
                    .await
                    .map(drop)
                    .unwrap();
            }
        }
        11 => drop(database.purge_deleted_conversations(NOW).await.unwrap()),
        _ => import(database, user, &id, &[sized(&message, size), sized("i", AROUND)], most).await,
    }
    format!("step {step}, {operation} of {user} on {id} {message}")
}

async fn import(database: &Database, user_id: &str, id: &str, drafts: &[Draft], most_bytes: i64) {
    let conversation = ForeignConversation {
        id: id.into(),
        title: None,
        opening: None,
        status: "active".into(),
        head_id: None,
        metadata: r#"{"a":"é"}"#.into(),
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
        last_message_at: None,
    };
    let feedback = Some(r#"{"value":1}"#.to_owned());
    let patch = PostImportPatch { feedback, updated_at: NOW.plus_seconds(1) };
    let import = ConversationImport {
        user_id,
        scope: storage::conversations::ConversationScope::All,
        client_id: None,
        now: NOW,
        conversation: &conversation,
        drafts,
        patches: &[patch.clone(), patch],
        most_conversations: 10,
        most_messages: 1000,
        most_bytes,
    };
    database.import_conversation(&import).await.map(drop).unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_what_is_stored_after_every_operation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(1, 2, 3)] seed: u64,
) {
    let database = kind.migrated().await;
    for number in [1, 2] {
        signed_up(&database, number).await;
    }
    let messages = MessageWriter::new(&database, |_, _| {});
    let (mut numbers, mut most, mut history) = (Numbers(seed), 0, String::new());
    for step in 0..150 {
        let operation = operate(&database, &messages, &mut numbers, step).await;
        writeln!(history, "{operation}").unwrap();
        recount(&database, &operation).await;
        for user in USERS {
            most = most.max(database.stored_bytes(user).await.unwrap());
        }
    }
    assert!(
        (1000..=5000).contains(&most),
        "the operations come to the limit, and not over it: {most}\n{history}"
    );
    for user in USERS {
        assert!(database.delete_user(user, &record()).await.unwrap());
    }
    assert_eq!(count(&database, "bookplate_storage").await, 0);
}

/// Conversations `0` to `number` of the first user.
async fn conversations(database: &TestDatabase, number: usize) -> String {
    let user = signed_up(database, 1).await.id;
    for at in 0..number {
        let made = database.create_conversation(&creating(&user, &at.to_string(), 1000)).await.unwrap();
        assert!(matches!(made, CreateOutcome::Created(_)));
    }
    user
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_at_once_are_stored_up_to_the_limit_and_not_over_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = conversations(&database, 60).await;
    let messages = Arc::new(MessageWriter::new(&database, |_, _| {}));
    let mut tasks = JoinSet::new();
    for at in 0..60 {
        let (messages, user) = (Arc::clone(&messages), user.clone());
        tasks.spawn(async move {
            let (id, drafts) = (at.to_string(), [sized("m", 100)]);
            let request = appending(&user, &id, &drafts, 2050);
            patiently(|| messages.append(&request)).await
        });
    }
    let (mut stored, mut refused) = (0, 0);
    for outcome in tasks.join_all().await {
        match outcome {
            AppendOutcome::Done(_) => stored += 1,
            AppendOutcome::StorageFull => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((stored, refused), (20, 40));
    assert_eq!(database.stored_bytes(&user).await.unwrap(), 2000);
    recount(&database, "many at once").await;
}

/// Each process has a connection pool and a queue of its own.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_for_one_user_at_once_count_together() {
    let database = Kind::Postgres.migrated().await;
    let user = conversations(&database, 40).await;
    let mut tasks = JoinSet::new();
    for process in 0..2 {
        let (other, user) = (database.reopen().await, user.clone());
        let messages = Arc::new(MessageWriter::new(&other, |_, _| {}));
        for at in 0..40 {
            let (messages, user) = (Arc::clone(&messages), user.clone());
            tasks.spawn(async move {
                let (id, drafts) = (at.to_string(), [sized(&format!("m{process}"), 100)]);
                let request = appending(&user, &id, &drafts, 5000);
                patiently(|| messages.append(&request)).await
            });
        }
    }
    let outcomes = tasks.join_all().await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, AppendOutcome::Done(_))).count();
    assert_eq!(stored, 50);
    assert_eq!(database.stored_bytes(&user).await.unwrap(), 5000);
    recount(&database, "two processes").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_only_what_needs_more_room_is_refused(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = conversations(&database, 2).await;
    let messages = MessageWriter::new(&database, |_, _| {});
    let append =
        async |draft: Draft, most| messages.append(&appending(&user, "0", &[draft], most)).await.unwrap();
    assert!(matches!(append(sized("m", 300), 300).await, AppendOutcome::Done(_)), "exactly as much");
    assert!(matches!(append(sized("n", AROUND), 300).await, AppendOutcome::StorageFull));
    // A limit that was lowered since.
    assert!(matches!(append(sized("m", 301), 200).await, AppendOutcome::StorageFull));
    assert!(matches!(append(sized("m", 300), 200).await, AppendOutcome::Done(_)), "nothing changes");
    assert!(matches!(append(sized("m", 290), 200).await, AppendOutcome::Done(_)), "it takes up less");
    let update = async |update: MessageUpdate| {
        database.update_message(Owner::all(&user), "0", "m", &update, writer(200), false).await.unwrap()
    };
    let parts = |bytes| Some((sized("m", bytes).content.parts, Terms(String::new())));
    let content =
        |bytes| MessageUpdate::Content(ContentUpdate { parts: parts(bytes), ..ContentUpdate::default() });
    assert!(matches!(update(content(291)).await, UpdateOutcome::StorageFull));
    assert!(matches!(update(content(280)).await, UpdateOutcome::Done(_)));
    let finished = ContentUpdate { status: Some("complete".into()), ..ContentUpdate::default() };
    assert!(matches!(update(MessageUpdate::Content(finished)).await, UpdateOutcome::Done(_)));
    assert!(matches!(update(MessageUpdate::Feedback(Some("{}".into()))).await, UpdateOutcome::StorageFull));
    assert!(matches!(update(MessageUpdate::Feedback(None)).await, UpdateOutcome::Done(_)));
    let change = |metadata: &str| ConversationUpdate {
        metadata: Some(metadata.into()),
        ..ConversationUpdate::default()
    };
    let named = ConversationUpdate { title: Some(Some("Title".into())), ..ConversationUpdate::default() };
    for (change, fits) in [(change("{\"a\":1}"), false), (change("{}"), true), (named, true)] {
        let outcome = database.update_conversation(Owner::all(&user), "0", &change, NOW, 200).await.unwrap();
        assert_eq!(matches!(outcome, UpdateOutcome::Done(_)), fits, "{outcome:?}");
    }
    let create = |id, metadata| CreateRequest { metadata, most_bytes: 200, ..creating(&user, id, 10) };
    let made = database.create_conversation(&create("2", "{}")).await.unwrap();
    assert!(matches!(made, CreateOutcome::Created(_)), "{made:?}");
    let made = database.create_conversation(&create("3", "{\"a\":1}")).await.unwrap();
    assert!(matches!(made, CreateOutcome::StorageFull), "{made:?}");
    assert!(database.find_conversation(Owner::all(&user), "3").await.unwrap().is_none());
    assert_eq!(count(&database, "bookplate_messages").await, 1);
    recount(&database, "refusals").await;

    // What is deleted counts until it is purged.
    database.soft_delete_conversation(Owner::all(&user), "0", NOW).await.unwrap().unwrap();
    let other = async || messages.append(&appending(&user, "1", &[sized("m", 150)], 200)).await.unwrap();
    assert!(matches!(other().await, AppendOutcome::StorageFull));
    assert_eq!(database.purge_deleted_conversations(NOW).await.unwrap(), 1);
    assert!(matches!(other().await, AppendOutcome::Done(_)));
    assert_eq!(database.stored_bytes(&user).await.unwrap(), 150);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_over_the_limit_stores_nothing_of_the_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await.id;
    let drafts = [sized("a", 100), sized("b", 100)];
    // The metadata, both messages, and the feedback on each.
    let whole = 10 + 200 + 22;
    import(&database, &user, "c", &drafts, whole - 1).await;
    assert_eq!(count(&database, "bookplate_conversations").await, 0);
    assert_eq!(database.stored_bytes(&user).await.unwrap(), 0);
    import(&database, &user, "c", &drafts, whole).await;
    assert_eq!(database.stored_bytes(&user).await.unwrap(), whole);
    recount(&database, "an import").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_from_a_fault(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let user = conversations(&database, 1).await;
    database.fill_up(&[("insert", "bookplate_messages"), ("insert", "bookplate_conversations")]).await;
    let messages = MessageWriter::new(&database, |_, _| {});
    let refused = messages.append(&appending(&user, "0", &[sized("m", 100)], i64::MAX)).await;
    assert!(matches!(refused, Err(StorageError::Full(_))), "{refused:?}");
    let refused = database.create_conversation(&creating(&user, "1", 10)).await;
    assert!(matches!(refused, Err(StorageError::Full(_))), "{refused:?}");
    assert!(database.find_conversation(Owner::all(&user), "0").await.unwrap().is_some());
    recount(&database, "a full disk").await;
    database.soft_delete_conversation(Owner::all(&user), "0", NOW).await.unwrap().unwrap();
    assert_eq!(database.purge_deleted_conversations(NOW).await.unwrap(), 1);
}

/// A file that may not grow, as on a full disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_grow_is_read_and_deleted_from_and_has_room_again() {
    let test = Kind::Sqlite.migrated().await;
    let user = conversations(&test, 3).await;
    let database = Database::connect(test.url(), 1).await.unwrap();
    let Database::Sqlite(pool) = &database else { panic!("asked for SQLite") };
    let pages = test.number("pragma page_count").await;
    {
        let connection = pool.acquire_sqlx_pool().await.unwrap();
        sqlx::raw_sql(&format!("pragma max_page_count = {}", pages + 20))
            .execute(&*connection)
            .await
            .unwrap();
    }
    let append = async |id: &str, at: usize| {
        let drafts = [sized(&format!("m{at}"), 5000)];
        database.append_messages(&appending(&user, id, &drafts, i64::MAX)).await
    };
    let mut stored = 0;
    let refused = loop {
        match append("0", stored).await {
            Ok(AppendOutcome::Done(_)) => stored += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StorageError::Full(_)), "{refused:?}");
    assert!(stored > 0);
    let found = database.find_conversation(Owner::all(&user), "0").await.unwrap().unwrap();
    assert_eq!(database.read_messages(found.no, (0, i64::MAX), false, 99).await.unwrap().len(), stored);
    database.soft_delete_conversation(Owner::all(&user), "0", NOW).await.unwrap().unwrap();
    assert_eq!(database.purge_deleted_conversations(NOW).await.unwrap(), 1);
    assert!(matches!(append("1", 0).await, Ok(AppendOutcome::Done(_))), "there is room again");
    recount(&test, "a file that cannot grow").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_where_nothing_can_be_recorded(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = conversations(&database, 2).await;
    database.fill_up(&[("insert", "bookplate_events"), ("insert", "bookplate_mails")]).await;
    assert!(database.delete_user(&user, &record()).await.unwrap());
    for table in ["bookplate_users", "bookplate_conversations", "bookplate_storage"] {
        assert_eq!(count(&database, table).await, 0, "{table}");
    }
}

/// A key that came with a request to create a conversation.
fn key(id: &str, request: &str) -> Idempotency {
    Idempotency { id: id.into(), request: request.into(), expires_at: NOW.plus_seconds(60) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_create_with_a_key_is_carried_out_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await.id;
    let create = async |id: &str, key: &Idempotency| {
        let request = CreateRequest { idempotency: Some(key), ..creating(&user, id, 2) };
        database.create_conversation(&request).await.unwrap()
    };
    let first = key("k", "r");
    let CreateOutcome::Created(made) = create("random-1", &first).await else { panic!("it is new") };
    // Each repetition comes with another random id.
    let again = create("random-2", &first).await;
    assert!(matches!(&again, CreateOutcome::Found(found) if *found == made), "{again:?}");
    assert!(matches!(create("random-3", &key("k", "other")).await, CreateOutcome::KeyReused));
    assert!(matches!(create("random-4", &key("l", "r")).await, CreateOutcome::Created(_)), "another key");
    assert!(matches!(create("random-5", &key("m", "r")).await, CreateOutcome::TooMany));
    assert_eq!(count(&database, "bookplate_conversations").await, 2);
    assert_eq!(count(&database, "bookplate_idempotency").await, 2);
    // One that was deleted since is created anew.
    database.soft_delete_conversation(Owner::all(&user), "random-1", NOW).await.unwrap().unwrap();
    assert!(matches!(create("random-6", &first).await, CreateOutcome::Created(_)));
    let again = create("random-7", &first).await;
    assert!(matches!(&again, CreateOutcome::Found(found) if found.id == "random-6"), "{again:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_create_that_is_sent_many_times_at_once_is_carried_out_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await.id;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (database, user) = (Database::clone(&database), user.clone());
        tasks.spawn(async move {
            let (id, key) = (format!("random-{number}"), key("k", "r"));
            let request = CreateRequest { idempotency: Some(&key), ..creating(&user, &id, 100) };
            match patiently(|| database.create_conversation(&request)).await {
                CreateOutcome::Created(made) => (made.id, true),
                CreateOutcome::Found(found) => (found.id, false),
                other => panic!("{other:?}"),
            }
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(outcomes.iter().all(|(id, _)| *id == outcomes[0].0), "{outcomes:?}");
    assert_eq!(count(&database, "bookplate_conversations").await, 1);
}
