//! Hiding, showing again, and what is gone for good.

use rstest::rstest;
use storage::conversations::{
    AppendRequest, ClientFilter, CreateOutcome, CreateRequest, ListFilter, Owner, RestoreOutcome,
};
use testkit::databases::{Kind, TestDatabase};

use super::{
    ADA, GRACE, MOST, all, append_one, appending, begun, created, draft, found, idempotency, wanted,
};
use crate::fixtures::{NOW, count, creating, record};

async fn hits(database: &TestDatabase, user_id: &str) -> usize {
    database
        .search_messages(Owner::all(user_id), &wanted(database, "paper"), i64::MAX, 99)
        .await
        .unwrap()
        .len()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_soft_deleted_conversation_is_found_nowhere_until_it_is_restored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    append_one(&database, "c", "m1", "paper").await;
    let before = found(&database, "c").await;
    let hidden = database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap();
    assert_eq!(hidden, Some((before.no, before.revision + 1)));
    assert!(database.find_conversation(Owner::all(ADA), "c").await.unwrap().is_none());
    assert!(
        database
            .list_conversations(
                ADA,
                ListFilter { status: "active", client: ClientFilter::All },
                (i64::MAX, i64::MAX),
                9
            )
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(hits(&database, ADA).await, 0);
    assert_eq!(database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap(), None, "once");

    let since = NOW.plus_seconds(-1);
    let show =
        async |since, most| database.restore_conversation(Owner::all(ADA), "c", since, most).await.unwrap();
    assert_eq!(show(NOW, 100).await, RestoreOutcome::NoConversation, "too late");
    assert_eq!(show(since, 0).await, RestoreOutcome::TooMany);
    assert_eq!(show(since, 1).await, RestoreOutcome::Restored(before.no, before.revision + 2));
    let after = found(&database, "c").await;
    assert_eq!(
        storage::conversations::StoredConversation { revision: before.revision, ..after.clone() },
        before
    );
    assert_eq!(all(&database, &after).await.len(), 1);
    assert_eq!(hits(&database, ADA).await, 1);
    assert_eq!(show(since, 100).await, RestoreOutcome::NoConversation, "it is not hidden");
    assert_eq!(
        show(since, 1).await,
        RestoreOutcome::NoConversation,
        "it is not hidden, and there are as many as may be"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_soft_deleted_conversation_is_free(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let first = begun(&database).await;
    append_one(&database, "c", "m1", "paper").await;
    database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap().unwrap();
    let made = database
        .create_conversation(&CreateRequest { title: Some("New"), ..creating(ADA, "c", MOST) })
        .await
        .unwrap();
    let CreateOutcome::Created(second) = made else { panic!("{made:?}") };
    assert_ne!(second.no, first.no);
    assert_eq!((second.message_count, second.revision), (0, 0));
    assert_eq!((count(&database, "bookplate_messages").await, hits(&database, ADA).await), (0, 0));
    let since = NOW.plus_seconds(-1);
    let shown = database.restore_conversation(Owner::all(ADA), "c", since, 100).await.unwrap();
    assert_eq!(shown, RestoreOutcome::NoConversation, "there is nothing to show");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_number_is_never_reused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let first = begun(&database).await;
    database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap().unwrap();
    assert_eq!(database.purge_deleted_conversations(NOW).await.unwrap(), 1);
    assert!(created(&database, GRACE, "g").await.no > first.no);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_purged_with_its_messages_after_its_retention(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    for id in (0..45).map(|number| format!("h{number}")) {
        created(&database, ADA, &id).await;
        append_one(&database, &id, "m1", "paper").await;
        database.soft_delete_conversation(Owner::all(ADA), &id, NOW).await.unwrap().unwrap();
    }
    append_one(&database, "c", "m1", "paper").await;
    created(&database, ADA, "later").await;
    database.soft_delete_conversation(Owner::all(ADA), "later", NOW.plus_seconds(1)).await.unwrap().unwrap();
    assert_eq!(database.purge_deleted_conversations(NOW.plus_seconds(-1)).await.unwrap(), 0);
    assert_eq!(database.purge_deleted_conversations(NOW).await.unwrap(), 45);
    assert_eq!(count(&database, "bookplate_conversations").await, 2);
    assert_eq!(count(&database, "bookplate_messages").await, 1);
    assert_eq!(hits(&database, ADA).await, 1);
    assert_eq!(database.purge_deleted_conversations(NOW.plus_seconds(1)).await.unwrap(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_deleted_user(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, GRACE, "c").await;
    let request = idempotency("key", "r");
    for user_id in [ADA, GRACE] {
        let drafts = [draft(&database, "m1", "paper")];
        let appending = AppendRequest { user_id, idempotency: Some(&request), ..appending("c", &drafts) };
        database.append_messages(&appending).await.unwrap();
    }
    assert!(database.delete_user(ADA, &record()).await.unwrap());
    for table in ["bookplate_conversations", "bookplate_messages", "bookplate_idempotency"] {
        assert_eq!(count(&database, table).await, 1, "{table}");
    }
    assert_eq!((hits(&database, ADA).await, hits(&database, GRACE).await), (0, 1));
    if database.kind() == testkit::databases::Kind::Sqlite {
        assert_eq!(count(&database, "bookplate_search_docsize").await, 1, "the terms are gone too");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn all_conversations_are_exported_a_page_at_a_time(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, GRACE, "g").await;
    for id in ["d", "e", "f"] {
        created(&database, ADA, id).await;
    }
    database.soft_delete_conversation(Owner::all(ADA), "d", NOW).await.unwrap().unwrap();
    let (mut taken, mut after) = (Vec::new(), 0);
    loop {
        let piece = database.export_conversations(Owner::all(ADA), after, 2).await.unwrap();
        assert!(piece.len() <= 2);
        let Some(last) = piece.last() else { break };
        after = last.conversation.no;
        taken.extend(piece.into_iter().map(|it| (it.conversation.id, it.deleted_at)));
    }
    let hidden = Some(NOW.millis());
    assert_eq!(taken, [("c".into(), None), ("d".into(), hidden), ("e".into(), None), ("f".into(), None)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys_are_purged_when_they_expire(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    let request = idempotency("key", "r");
    let drafts = [draft(&database, "m1", "x")];
    let appending = AppendRequest { idempotency: Some(&request), ..appending("c", &drafts) };
    database.append_messages(&appending).await.unwrap();
    assert_eq!(database.count_requests(ADA).await.unwrap(), 1);
    assert_eq!(database.purge_idempotency_keys(NOW.plus_seconds(59)).await.unwrap(), 0);
    assert_eq!(database.purge_idempotency_keys(NOW.plus_seconds(60)).await.unwrap(), 1);
    assert_eq!(database.count_requests(ADA).await.unwrap(), 0);
}
