//! Many at once.

use rstest::rstest;
use std::collections::BTreeSet;

use storage::{
    Database,
    conversations::{
        AppendOutcome, AppendRequest, ContentUpdate, ConversationUpdate, CreateOutcome, Draft, MessageUpdate,
        Owner, RestoreOutcome, UpdateOutcome,
    },
};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{ADA, MOST, all, append_one, appending, begun, created, draft, found, idempotency, writer};
use crate::fixtures::{NOW, count, creating, patiently, record, signed_up};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_concurrent_messages_each_get_a_place(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let drafts = [draft(&database, &format!("m{number}"), "hello")];
            let appending = appending("c", &drafts);
            match patiently(|| database.append_messages(&appending)).await {
                AppendOutcome::Done(mut written) => written.remove(0).message,
                other => panic!("{other:?}"),
            }
        });
    }
    let mut written = tasks.join_all().await;
    written.sort_by_key(|message| message.no);
    assert!(written.iter().map(storage::conversations::StoredMessage::seq).eq(1..=200));
    assert!(written.iter().map(|message| message.revision).eq(1..=200));
    assert_eq!(all(&database, &conversation).await, written, "what was answered is what is stored");
    for pair in written.windows(2) {
        assert_eq!(pair[1].parent_id.as_ref(), Some(&pair[0].id), "each follows the one before");
    }
    let after = found(&database, "c").await;
    assert_eq!((after.message_count, after.revision), (200, 200));
    assert_eq!(after.head_id.as_ref(), written.last().map(|last| &last.id));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_of_one_id_one_creates_the_message_and_the_other_finds_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    for number in 0..20 {
        let mut tasks = JoinSet::new();
        for text in ["one", "other"] {
            let database = Database::clone(&database);
            tasks.spawn(async move {
                let drafts = [draft(&database, &format!("m{number}"), text)];
                let appending = appending("c", &drafts);
                match patiently(|| database.append_messages(&appending)).await {
                    AppendOutcome::Done(mut written) => written.remove(0),
                    other => panic!("{other:?}"),
                }
            });
        }
        let mut written = tasks.join_all().await;
        written.sort_by_key(|written| written.message.revision);
        assert_eq!(written.iter().map(|it| it.is_new).collect::<Vec<_>>(), [true, false], "{number:?}");
        assert_eq!(written[0].message.no, written[1].message.no, "{number:?}");
        let stored = all(&database, &conversation).await;
        assert_eq!(stored.last(), Some(&written[1].message), "the later one has the last word");
    }
    assert_eq!(found(&database, "c").await.revision, 40);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_many_times_concurrently_is_carried_out_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let unnamed = Draft { chosen: false, ..draft(&database, &format!("m{number}"), "hello") };
            let (drafts, request) = ([unnamed], idempotency("key", "r"));
            let appending = AppendRequest { idempotency: Some(&request), ..appending("c", &drafts) };
            match patiently(|| database.append_messages(&appending)).await {
                AppendOutcome::Done(mut written) => (written.remove(0).message, true),
                AppendOutcome::Repeated(mut messages) => (messages.remove(0), false),
                other => panic!("{other:?}"),
            }
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|(_, is_first)| *is_first).count(), 1);
    assert!(answers.iter().all(|(message, _)| *message == answers[0].0));
    assert_eq!(count(&database, "bookplate_messages").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_created_many_times_concurrently_is_created_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let creating = creating(ADA, "c", MOST);
            match patiently(|| database.create_conversation(&creating)).await {
                CreateOutcome::Created(stored) => (stored.no, true),
                CreateOutcome::Found(stored) => (stored.no, false),
                other => panic!("{other:?}"),
            }
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|(_, is_first)| *is_first).count(), 1);
    assert_eq!(answers.iter().map(|(no, _)| *no).collect::<BTreeSet<_>>().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_each_get_a_revision(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m", "x").await;
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let model = Some(format!("model {number}"));
            let content = MessageUpdate::Content(ContentUpdate { model, ..ContentUpdate::default() });
            let rated = MessageUpdate::Feedback(Some(format!("{{\"value\":{number}}}")));
            let title = Some(Some(format!("title {number}")));
            let named = ConversationUpdate { title, ..ConversationUpdate::default() };
            let update = if number % 3 == 0 { &content } else { &rated };
            if number % 3 == 2 {
                match patiently(|| database.update_conversation(Owner::all(ADA), "c", &named, NOW, i64::MAX))
                    .await
                {
                    UpdateOutcome::Done(stored) => stored.revision,
                    other => panic!("{other:?}"),
                }
            } else {
                match patiently(|| {
                    database.update_message(Owner::all(ADA), "c", "m", update, writer(), false)
                })
                .await
                {
                    UpdateOutcome::Done((conversation, message)) => {
                        assert_eq!(conversation.revision, message.revision, "{number:?}");
                        message.revision
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let revisions: BTreeSet<i64> = tasks.join_all().await.into_iter().collect();
    assert!(revisions.into_iter().eq(2..=61));
    assert_eq!(found(&database, "c").await.revision, 61);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_concurrent_writers_do_not_exceed_the_message_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let drafts = [0, 1].map(|at| draft(&database, &format!("m{number}-{at}"), "x"));
            let appending = AppendRequest { most: 15, ..appending("c", &drafts) };
            matches!(patiently(|| database.append_messages(&appending)).await, AppendOutcome::Done(_))
        });
    }
    let stored = tasks.join_all().await.into_iter().filter(|stored| *stored).count();
    assert_eq!((stored, found(&database, "c").await.message_count), (7, 14));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_created_deleted_and_restored_concurrently_stays_consistent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            for _ in 0..15 {
                let outcome = match number % 3 {
                    0 => database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.map(|_| None),
                    1 => database
                        .restore_conversation(Owner::all(ADA), "c", NOW.plus_seconds(-9), MOST)
                        .await
                        .map(|_| None),
                    _ => database.create_conversation(&creating(ADA, "c", MOST)).await.map(Some),
                };
                match outcome.unwrap() {
                    None | Some(CreateOutcome::Created(_) | CreateOutcome::Found(_)) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(count(&database, "bookplate_conversations").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_restores_do_not_exceed_the_conversation_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for number in 0..9 {
        created(&database, ADA, &format!("c{number}")).await;
        if number > 1 {
            database
                .soft_delete_conversation(Owner::all(ADA), &format!("c{number}"), NOW)
                .await
                .unwrap()
                .unwrap();
        }
    }
    let mut tasks = JoinSet::new();
    for number in 2..9 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let id = format!("c{number}");
            database.restore_conversation(Owner::all(ADA), &id, NOW.plus_seconds(-9), 5).await.unwrap()
        });
    }
    let shown = tasks.join_all().await;
    assert_eq!(shown.iter().filter(|shown| matches!(shown, RestoreOutcome::Restored(..))).count(), 3);
    assert_eq!(shown.iter().filter(|shown| **shown == RestoreOutcome::TooMany).count(), 4);
    let left = "select count(*) from bookplate_conversations where deleted_at is null";
    assert_eq!(database.number(left).await, 5);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_deleted_while_requests_with_keys_go_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    for _ in 0..8 {
        signed_up(&database, 1).await;
        let mut tasks = JoinSet::new();
        for writer in 0..4 {
            let name = format!("c{writer}");
            created(&database, ADA, &name).await;
            let database = Database::clone(&database);
            tasks.spawn(async move {
                for number in 0.. {
                    let drafts = [draft(&database, &format!("m{number}"), "hello")];
                    let request = idempotency(&format!("{name}-{number}"), "r");
                    let appending =
                        AppendRequest { idempotency: Some(&request), ..appending(&name, &drafts) };
                    match database.append_messages(&appending).await.unwrap() {
                        AppendOutcome::Done(_) => {}
                        AppendOutcome::NoConversation => break,
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        while count(&database, "bookplate_idempotency").await < 8 {
            tokio::task::yield_now().await;
        }
        assert!(database.delete_user(ADA, &record()).await.unwrap());
        tasks.join_all().await;
        assert_eq!(count(&database, "bookplate_messages").await, 0);
    }
}
