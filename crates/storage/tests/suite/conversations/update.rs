//! Changing what is there.

use rstest::rstest;
use storage::conversations::{
    ContentUpdate, ConversationUpdate, MessageUpdate, Owner, RestoreOutcome, StoredConversation,
    StoredMessage, UpdateOutcome, Writer,
};
use testkit::databases::{Kind, TestDatabase};

use super::{
    ADA, GRACE, all, append, append_one, begun, content, created, draft, found, names, terms, wanted, writer,
};
use crate::fixtures::NOW;

type Changed = UpdateOutcome<(StoredConversation, StoredMessage)>;

async fn change(database: &TestDatabase, id: &str, update: ContentUpdate) -> Changed {
    let update = MessageUpdate::Content(update);
    database.update_message(Owner::all(ADA), "c", id, &update, writer(), false).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn omitted_fields_of_a_conversation_stay(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    let mut expected = found(&database, "c").await;
    let later = NOW.plus_seconds(9);
    let updates = [
        ConversationUpdate { title: Some(Some("T".into())), ..ConversationUpdate::default() },
        ConversationUpdate { status: Some("archived".into()), ..ConversationUpdate::default() },
        ConversationUpdate { metadata: Some("{ }".into()), ..ConversationUpdate::default() },
        ConversationUpdate { title: Some(None), ..ConversationUpdate::default() },
    ];
    for update in updates {
        let ConversationUpdate { title, status, metadata, .. } = update.clone();
        expected.title = title.unwrap_or(expected.title);
        expected.status = status.unwrap_or(expected.status);
        if let Some(metadata) = metadata {
            // The empty object, in no bytes of its own, was there before.
            expected.bytes += i64::try_from(metadata.len()).unwrap();
            expected.metadata = metadata;
        }
        (expected.revision, expected.updated_at) = (expected.revision + 1, later);
        let outcome =
            database.update_conversation(Owner::all(ADA), "c", &update, later, i64::MAX).await.unwrap();
        assert!(matches!(&outcome, UpdateOutcome::Done(it) if *it == expected), "{outcome:?} {expected:?}");
        assert_eq!(found(&database, "c").await, expected);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_a_message_of_the_conversation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, ADA, "d").await;
    append(&database, "c", &[draft(&database, "m1", "x"), draft(&database, "m2", "x")]).await;
    append_one(&database, "d", "elsewhere", "x").await;
    let head = |id: &str| ConversationUpdate { head_id: Some(id.into()), ..ConversationUpdate::default() };
    let before = found(&database, "c").await;
    for id in ["elsewhere", "nobody"] {
        let outcome =
            database.update_conversation(Owner::all(ADA), "c", &head(id), NOW, i64::MAX).await.unwrap();
        assert!(matches!(outcome, UpdateOutcome::NoMessage), "{id}");
    }
    assert_eq!(found(&database, "c").await, before);
    let outcome =
        database.update_conversation(Owner::all(ADA), "c", &head("m1"), NOW, i64::MAX).await.unwrap();
    assert!(matches!(outcome, UpdateOutcome::Done(it) if it.head_id.as_deref() == Some("m1")));
    let next = append_one(&database, "c", "m3", "x").await;
    assert_eq!(next.parent_id.as_deref(), Some("m1"), "what comes next follows what is shown");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn omitted_fields_of_a_message_stay(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let mut expected = append_one(&database, "c", "m1", "one").await;
    let updates = [
        ContentUpdate {
            parts: Some((content("two").parts, terms(&database, "two"))),
            ..ContentUpdate::default()
        },
        ContentUpdate { status: Some("error".into()), ..ContentUpdate::default() },
        ContentUpdate { model: Some("m".into()), ..ContentUpdate::default() },
        ContentUpdate { usage: Some("{\"a\": 1}".into()), ..ContentUpdate::default() },
        ContentUpdate { format: Some("f".into()), ..ContentUpdate::default() },
        ContentUpdate { raw: Some(" [1.0] ".into()), ..ContentUpdate::default() },
        ContentUpdate { metadata: Some("{}".into()), ..ContentUpdate::default() },
    ];
    for update in updates {
        let ContentUpdate { parts, status, model, usage, format, raw, metadata, .. } = update.clone();
        let content = &mut expected.content;
        content.parts = parts.map_or(content.parts.clone(), |(parts, _)| parts);
        content.status = status.unwrap_or(content.status.clone());
        for (field, new) in [
            (&mut content.model, model),
            (&mut content.usage, usage),
            (&mut content.format, format),
            (&mut content.raw, raw),
            (&mut content.metadata, metadata),
        ] {
            if new.is_some() {
                *field = new;
            }
        }
        expected.revision += 1;
        let outcome = change(&database, "m1", update).await;
        let UpdateOutcome::Done((conversation, message)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(message, expected);
        assert_eq!(conversation, found(&database, "c").await);
        assert_eq!(conversation.revision, expected.revision);
    }
    assert_eq!(all(&database, &conversation).await, [expected]);
    for (word, hits) in [("one", 0), ("two", 1)] {
        let found =
            database.search_messages(Owner::all(ADA), &wanted(&database, word), i64::MAX, 9).await.unwrap();
        assert_eq!(found.len(), hits, "{word}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_update_without_a_difference_leaves_the_revision(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    let before = database.rows().await;
    let same = ContentUpdate {
        parts: Some((content("one").parts, terms(&database, "one"))),
        status: Some("complete".into()),
        ..ContentUpdate::default()
    };
    let outcome = change(&database, "m1", same).await;
    assert!(matches!(outcome, UpdateOutcome::Done((_, message)) if message.revision == 1));
    assert_eq!(database.rows().await, before);
    let outcome = change(&database, "m2", ContentUpdate::default()).await;
    assert!(matches!(outcome, UpdateOutcome::NoMessage), "{outcome:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_replaced_and_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    for (revision, feedback) in [(2, Some("{\"value\":1}")), (3, Some("{\"value\":-1}")), (4, None)] {
        let update = MessageUpdate::Feedback(feedback.map(str::to_owned));
        let later = Writer { now: NOW.plus_seconds(9), ..writer() };
        let outcome =
            database.update_message(Owner::all(ADA), "c", "m1", &update, later, false).await.unwrap();
        let UpdateOutcome::Done((conversation, message)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            (message.feedback.as_deref(), message.revision),
            (feedback, revision),
            "{revision:?} {feedback:?}"
        );
        assert_eq!(
            (conversation.revision, conversation.updated_at),
            (revision, NOW.plus_seconds(9)),
            "{revision:?} {feedback:?}"
        );
        assert_eq!(message.updated_at, NOW, "what is said has not changed");
        assert_eq!(all(&database, &conversation).await, [message], "{revision:?} {feedback:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_finishes_its_own_message_and_nothing_else(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    let mut begun = draft(&database, "own", "x");
    begun.content.status = "in_progress".into();
    append(&database, "c", &[begun.clone(), draft(&database, "whole", "x")]).await;
    begun.id = "by cookie".into();
    let by_cookie = storage::conversations::AppendRequest {
        writer: Writer { token_id: None, now: NOW, most_bytes: i64::MAX },
        drafts: std::slice::from_ref(&begun),
        ..super::appending("c", &[])
    };
    database.append_messages(&by_cookie).await.unwrap();
    let late = async |id: &str, token_id: Option<&str>, status: &str| {
        let update = ContentUpdate { status: Some(status.into()), ..ContentUpdate::default() };
        let writer = Writer { token_id, now: NOW, most_bytes: i64::MAX };
        let update = MessageUpdate::Content(update);
        let outcome = database.update_message(Owner::all(ADA), "c", id, &update, writer, true).await.unwrap();
        match outcome {
            UpdateOutcome::Done(_) => "done",
            UpdateOutcome::NotBegunByToken => "not begun",
            UpdateOutcome::NoMessage => "no message",
            UpdateOutcome::TooLarge => "too large",
            UpdateOutcome::StorageFull => "storage full",
            UpdateOutcome::NoConversation => "no conversation",
        }
    };
    assert_eq!(late("own", Some("another"), "complete").await, "not begun");
    assert_eq!(late("own", None, "complete").await, "not begun");
    assert_eq!(late("whole", Some("token"), "error").await, "not begun");
    assert_eq!(late("by cookie", Some("token"), "complete").await, "not begun");
    assert_eq!(late("by cookie", None, "complete").await, "not begun");
    assert_eq!(late("nobody", Some("token"), "complete").await, "no message");
    assert_eq!(late("own", Some("token"), "in_progress").await, "done");
    assert_eq!(late("own", Some("token"), "complete").await, "done");
    assert_eq!(late("own", Some("token"), "error").await, "not begun", "it is finished");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_nobody_updates_another_users_messages(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    let before = database.rows().await;
    let update = ConversationUpdate { title: Some(None), ..ConversationUpdate::default() };
    let rated = MessageUpdate::Feedback(Some("{}".into()));
    for (user_id, id) in [(GRACE, "c"), (ADA, "d"), ("nobody", "c")] {
        let outcome =
            database.update_conversation(Owner::all(user_id), id, &update, NOW, i64::MAX).await.unwrap();
        assert!(matches!(outcome, UpdateOutcome::NoConversation), "{user_id} {id}");
        let outcome =
            database.update_message(Owner::all(user_id), id, "m1", &rated, writer(), false).await.unwrap();
        assert!(matches!(outcome, UpdateOutcome::NoConversation), "{user_id} {id}");
        assert!(
            database.soft_delete_conversation(Owner::all(user_id), id, NOW).await.unwrap().is_none(),
            "{user_id:?} {id:?}"
        );
        let since = NOW.plus_seconds(-9);
        let shown = database.restore_conversation(Owner::all(user_id), id, since, 100).await.unwrap();
        assert_eq!(shown, RestoreOutcome::NoConversation, "{user_id:?} {id:?}");
    }
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn changes_are_read_in_their_order_each_message_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    for id in ["m1", "m2", "m3"] {
        append_one(&database, "c", id, "x").await;
    }
    let finished = ContentUpdate { status: Some("error".into()), ..ContentUpdate::default() };
    change(&database, "m1", finished.clone()).await;
    change(&database, "m2", finished).await;
    created(&database, ADA, "d").await;
    append_one(&database, "d", "elsewhere", "x").await;
    let each = content("x").bytes();
    for (after, most, expected) in [
        (0, (9, 999), "m3 m1 m2"),
        (0, (2, 999), "m3 m1"),
        (3, (9, 999), "m1 m2"),
        (4, (9, 999), "m2"),
        (5, (9, 999), ""),
        (99, (9, 999), ""),
        (0, (9, 2 * each), "m3 m1 m2"),
        (0, (9, 2 * each - 1), "m3 m1"),
        (0, (9, 0), "m3"),
    ] {
        let changed = database.changed_messages(conversation.no, after, most).await.unwrap();
        assert_eq!(names(&changed).join(" "), expected, "{after} {most:?}");
    }
}
