//! Messages that come in at once, by the door they come in by.

use rstest::rstest;
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, Mutex},
    task::Waker,
    time::Duration,
};

use sqlx::PgConnection;
use storage::{
    Database,
    conversations::{
        AppendOutcome, AppendRequest, Content, CreateOutcome, Draft, Idempotency, MessageWriter, Owner,
        Terms, Writer,
    },
};
use testkit::databases::{Kind, TestDatabase, with_paused_time};

use crate::fixtures::{NOW, count, creating, patiently, signed_up};

fn draft(id: &str, words: &str) -> Draft {
    Draft {
        id: id.to_owned(),
        chosen: true,
        parent: None,
        role: "user".into(),
        content: Content {
            parts: format!("[{{\"type\":\"text\",\"text\":\"{words}\"}}]"),
            status: "complete".into(),
            model: None,
            usage: None,
            format: None,
            raw: None,
            metadata: None,
        },
        terms: Terms("found".into()),
        opening: Some(words.to_owned()),
        created_at: None,
    }
}

fn appending<'a>(user_id: &'a str, conversation_id: &'a str, drafts: &'a [Draft]) -> AppendRequest<'a> {
    let writer = Writer { token_id: Some("token-1"), now: NOW, most_bytes: i64::MAX };
    let scope = storage::conversations::ConversationScope::All;
    AppendRequest { user_id, scope, conversation_id, writer, drafts, most: 1000, idempotency: None }
}

async fn conversation(database: &TestDatabase) -> (String, i64) {
    let user = signed_up(database, 1).await;
    let made = database.create_conversation(&creating(&user.id, "talk", 10)).await.unwrap();
    let CreateOutcome::Created(stored) = made else { panic!("{made:?}") };
    (user.id, stored.no)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_concurrent_appends_each_get_a_place(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let (user_id, no) = conversation(&database).await;
    let appender = Arc::new(MessageWriter::new(&database, |_, _| {}));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (appender, user_id) = (Arc::clone(&appender), user_id.clone());
        tasks.spawn(async move {
            let drafts = [draft(&format!("m{number}"), "hello")];
            let wanted = appending(&user_id, "talk", &drafts);
            let outcome = patiently(|| appender.append(&wanted)).await;
            let AppendOutcome::Done(written) = outcome else { panic!("{outcome:?}") };
            (written[0].message.seq(), written[0].message.revision, written[0].message.parent_id.clone())
        });
    }
    let told: BTreeSet<_> =
        tasks.join_all().await.into_iter().map(|(seq, revision, _)| (seq, revision)).collect();
    assert_eq!(told, (1..=200).map(|at| (at, at)).collect());
    let stored = database.read_messages(no, (0, i64::MAX), false, 500).await.unwrap();
    let mut before = None;
    for (at, message) in (1..).zip(&stored) {
        assert_eq!((message.seq(), message.revision), (at, at), "{at:?} {message:?}");
        assert_eq!(message.parent_id, before, "each follows the one before");
        before = Some(message.id.clone());
    }
    let found = database.find_conversation(Owner::all(&user_id), "talk").await.unwrap().unwrap();
    assert_eq!((found.message_count, found.revision, found.head_id), (200, 200, before));
    assert_eq!(found.last_message_at, Some(NOW.millis()));
    assert_eq!(found.opening.as_deref(), Some("hello"));
}

/// A conversation gets one message with each batch.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_conversation_does_not_delay_others(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let (user_id, talk_no) = conversation(&database).await;
    let made = database.create_conversation(&creating(&user_id, "quiet", 10)).await.unwrap();
    assert!(matches!(made, CreateOutcome::Created(_)));
    // In the order in which they are stored, whenever this test comes to look.
    let stored = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&stored);
    let appender = Arc::new(MessageWriter::new(&database, move |no, _| noting.lock().unwrap().push(no)));
    let mut busy: Vec<_> = (0..400)
        .map(|number| {
            let (appender, user_id) = (Arc::clone(&appender), user_id.clone());
            Box::pin(async move {
                let drafts = [draft(&format!("m{number}"), "hello")];
                appender.append(&appending(&user_id, "talk", &drafts)).await
            })
        })
        .collect();
    // All of them have asked before the other one does.
    for appended in &mut busy {
        let mut asked = std::task::Context::from_waker(Waker::noop());
        assert!(appended.as_mut().poll(&mut asked).is_pending());
    }
    let drafts = [draft("q", "hello")];
    appender.append(&appending(&user_id, "quiet", &drafts)).await.unwrap();
    let before = stored.lock().unwrap().iter().take_while(|no| **no == talk_no).count();
    assert!(before < 100, "{before} went before");
    for appended in busy {
        assert!(matches!(appended.await.unwrap(), AppendOutcome::Done(_)));
    }
    let talk = database.find_conversation(Owner::all(&user_id), "talk").await.unwrap().unwrap();
    assert_eq!((talk.message_count, talk.revision), (400, 400));
}

/// A statement that is not answered in time may be carried out all the same, before its message is tried once more.
#[test]
fn a_message_whose_statement_times_out_is_stored_once_and_announced() {
    with_paused_time(Kind::Postgres, async |database| {
        let (user_id, no) = conversation(&database).await;
        let announced = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&announced);
        let appender =
            MessageWriter::new(&database, move |no, revision| heard.lock().unwrap().push((no, revision)));
        let Database::Postgres(pool) = &*database else { panic!("asked for PostgreSQL") };
        let mut holding = pool.acquire_sqlx_pool().await.unwrap().acquire().await.unwrap();
        for statement in ["begin", "lock table bookplate_messages in share mode"] {
            sqlx::query(statement).execute(&mut *holding).await.unwrap();
        }
        let appended = tokio::spawn(async move {
            let drafts = [draft("a", "hello")];
            appender.append(&appending(&user_id, "talk", &drafts)).await
        });
        wait_for_writers(&mut holding, 1).await;
        tokio::time::advance(Duration::from_secs(16)).await;
        wait_for_writers(&mut holding, 2).await;
        sqlx::query("rollback").execute(&mut *holding).await.unwrap();
        let outcome = appended.await.unwrap().unwrap();
        let AppendOutcome::Done(written) = outcome else { panic!("{outcome:?}") };
        assert_eq!((written[0].message.seq(), written[0].message.revision), (1, 1));
        assert_eq!(count(&database, "bookplate_messages").await, 1);
        assert_eq!(*announced.lock().unwrap(), [(no, 1)]);
    });
}

/// Waits until so many statements wait for a lock.
async fn wait_for_writers(connection: &mut PgConnection, writers: i64) {
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..20_000 {
        if sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *connection).await.unwrap() >= writers {
            return;
        }
        // What one transaction knows of others' doings stays as it was first asked for.
        sqlx::query("select pg_stat_clear_snapshot()").execute(&mut *connection).await.unwrap();
    }
    panic!("{writers} never waited");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_does_not_fit_says_why_and_stores_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let (user_id, _) = conversation(&database).await;
    let appender = MessageWriter::new(&database, |_, _| {});
    let drafts = [draft("a", "one")];
    let none = appender.append(&appending(&user_id, "another", &drafts)).await.unwrap();
    assert!(matches!(none, AppendOutcome::NoConversation), "{none:?}");
    let stranger = appender.append(&appending("reader-2", "talk", &drafts)).await.unwrap();
    assert!(matches!(stranger, AppendOutcome::NoConversation), "{stranger:?}");
    let full = AppendRequest { most: 0, ..appending(&user_id, "talk", &drafts) };
    let full = appender.append(&full).await.unwrap();
    assert!(matches!(full, AppendOutcome::Full), "{full:?}");
    assert_eq!(count(&database, "bookplate_messages").await, 0);
    let found = database.find_conversation(Owner::all(&user_id), "talk").await.unwrap().unwrap();
    assert_eq!((found.message_count, found.revision), (0, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_taken_message_id_leaves_the_conversation_consistent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let (user_id, no) = conversation(&database).await;
    let appender = MessageWriter::new(&database, |_, _| {});
    for (words, is_new, changed, seq) in
        [("one", true, true, 1), ("one", false, false, 1), ("two", false, true, 1)]
    {
        let drafts = [draft("a", words)];
        let outcome = appender.append(&appending(&user_id, "talk", &drafts)).await.unwrap();
        let AppendOutcome::Done(written) = outcome else { panic!("{outcome:?}") };
        assert_eq!((written[0].is_new, written[0].changed, written[0].message.seq()), (is_new, changed, seq));
    }
    let drafts = [Draft { role: "assistant".into(), ..draft("a", "two") }];
    let outcome = appender.append(&appending(&user_id, "talk", &drafts)).await.unwrap();
    assert!(matches!(outcome, AppendOutcome::Different(0)), "{outcome:?}");
    let drafts = [draft("b", "three")];
    appender.append(&appending(&user_id, "talk", &drafts)).await.unwrap();
    let stored = database.read_messages(no, (0, i64::MAX), false, 9).await.unwrap();
    let places: Vec<_> = stored.iter().map(|it| (it.id.as_str(), it.seq(), it.revision)).collect();
    assert_eq!(places, [("a", 1, 2), ("b", 2, 3)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_request_does_not_fail_the_others_of_its_batch(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let (user_id, _) = conversation(&database).await;
    let appender = Arc::new(MessageWriter::new(&database, |_, _| {}));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (appender, user_id) = (Arc::clone(&appender), user_id.clone());
        tasks.spawn(async move {
            // PostgreSQL knows no NUL in a text. On SQLite a name is taken that is not chosen; and when it is looked
            // for after that, somebody else speaks in it.
            let id = if number % 4 == 0 { "taken\0".to_owned() } else { format!("m{number}") };
            let role = if number % 4 == 0 { format!("role{number}") } else { "user".to_owned() };
            let drafts = [Draft { chosen: number % 4 != 0, role, ..draft(&id, "hello") }];
            let idempotency = (number % 4 == 0).then(|| Idempotency {
                id: format!("key-{number}"),
                request: "r".into(),
                expires_at: NOW.plus_seconds(60),
            });
            let appending =
                AppendRequest { idempotency: idempotency.as_ref(), ..appending(&user_id, "talk", &drafts) };
            patiently_or_refused(&appender, &appending).await
        });
    }
    let done = tasks.join_all().await.into_iter().filter(|done| *done).count();
    assert!((30..=31).contains(&done), "{done}");
    let stored = count(&database, "bookplate_messages").await;
    assert_eq!(usize::try_from(stored).unwrap(), done);
    let found = database.find_conversation(Owner::all(&user_id), "talk").await.unwrap().unwrap();
    assert_eq!((found.message_count, found.revision), (stored, stored));
}

/// Messages for many conversations at once, of which some do not fit.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn requests_of_one_batch_are_checked_one_by_one(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let (user_id, _) = conversation(&database).await;
    let appender = Arc::new(MessageWriter::new(&database, |_, _| {}));
    for number in 0..60 {
        let name = format!("talk{number}");
        database.create_conversation(&creating(&user_id, &name, 100)).await.unwrap();
        if number % 3 == 0 {
            let drafts = [draft("a", "before")];
            appender.append(&appending(&user_id, &name, &drafts)).await.unwrap();
        }
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..80 {
        let (appender, user_id) = (Arc::clone(&appender), user_id.clone());
        tasks.spawn(async move {
            let drafts = [draft("a", "\"hello\" \\ 本 \u{1F4D6}")];
            let name = format!("talk{number}");
            let most = if number % 5 == 1 { 0 } else { 1000 };
            let wanted = AppendRequest { most, ..appending(&user_id, &name, &drafts) };
            (number, patiently(|| appender.append(&wanted)).await)
        });
    }
    for (number, outcome) in tasks.join_all().await {
        let name = format!("talk{number}");
        let taken = number % 3 == 0;
        match outcome {
            AppendOutcome::NoConversation => assert!(number >= 60, "{name}"),
            AppendOutcome::Full => assert!(number < 60 && !taken && number % 5 == 1, "{name}"),
            AppendOutcome::Done(written) => {
                assert!(number < 60 && (taken || number % 5 != 1), "{name}");
                assert_eq!((written[0].is_new, written[0].changed), (!taken, true), "{name}");
                let found = database.find_conversation(Owner::all(&user_id), &name).await.unwrap().unwrap();
                let stored = database.read_messages(found.no, (0, i64::MAX), false, 9).await.unwrap();
                assert_eq!(stored, [written[0].message.clone()], "what is told is what is stored");
                assert_eq!(stored[0].content.parts, drafted(), "{number:?}");
                assert_eq!((found.message_count, found.head_id.as_deref()), (1, Some("a")), "{name}");
                assert_eq!(found.revision, if taken { 2 } else { 1 }, "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(count(&database, "bookplate_messages").await, 20 + 32);
    let wanted = Terms("found".into());
    let found = database.search_messages(Owner::all(&user_id), &wanted, i64::MAX, 100).await.unwrap();
    assert_eq!(found.len(), 20 + 32, "each is indexed once");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_do_not_exceed_the_conversation_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (database, user_id) = ((*database).clone(), user.id.clone());
        tasks.spawn(async move {
            let name = format!("talk{number}");
            let creating = creating(&user_id, &name, 5);
            let made = patiently(|| database.create_conversation(&creating)).await;
            matches!(made, CreateOutcome::Created(_))
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|made| *made).count(), 5);
    assert_eq!(count(&database, "bookplate_conversations").await, 5);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_caller_is_gone_is_stored_and_announced(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let (user_id, no) = conversation(&database).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let appender = MessageWriter::new(&database, move |no, revision| told.send((no, revision)).unwrap());
    let key = Idempotency { id: "key".into(), request: "r".into(), expires_at: NOW.plus_seconds(60) };
    for (at, idempotency) in [(1, None), (2, Some(&key))] {
        let drafts = [draft(&format!("m{at}"), "hello")];
        let wanted = AppendRequest { idempotency, ..appending(&user_id, "talk", &drafts) };
        tokio::select! {
            biased;
            outcome = appender.append(&wanted) => panic!("{outcome:?} at once"),
            () = async {} => {}
        }
        assert_eq!(heard.recv().await, Some((no, at)), "{at:?} {idempotency:?}");
        assert_eq!(count(&database, "bookplate_messages").await, at, "{at:?} {idempotency:?}");
    }
}

fn drafted() -> String {
    draft("a", "\"hello\" \\ 本 \u{1F4D6}").content.parts
}

/// Whether it was done; a fault of the database is what the test is about.
async fn patiently_or_refused(appender: &MessageWriter, appending: &AppendRequest<'_>) -> bool {
    loop {
        match appender.append(appending).await {
            Ok(AppendOutcome::Done(_)) => return true,
            Err(storage::StorageError::Unavailable(sqlx::Error::PoolTimedOut)) => {}
            _ => return false,
        }
    }
}
