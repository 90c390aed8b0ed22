//! Making, finding and listing.

use rstest::rstest;
use storage::conversations::{
    ClientFilter, ConversationUpdate, CreateOutcome, CreateRequest, ListFilter, Owner,
};
use testkit::databases::Kind;

use super::{ADA, GRACE, MOST, all, append, append_one, begun, created, created_at, draft, found, names};
use crate::fixtures::{NOW, creating, signed_up};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_stored_as_it_was_created(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let made = database
        .create_conversation(&CreateRequest {
            title: Some("On “paper”"),
            metadata: "{ \"a\":1.0}",
            ..creating(ADA, "c", MOST)
        })
        .await;
    let CreateOutcome::Created(made) = made.unwrap() else { panic!("it is new") };
    assert_eq!((made.id.as_str(), made.title.as_deref()), ("c", Some("On “paper”")));
    assert_eq!((made.metadata.as_str(), made.status.as_str()), ("{ \"a\":1.0}", "active"));
    assert_eq!((made.message_count, made.revision, &made.head_id, &made.opening), (0, 0, &None, &None));
    assert_eq!((made.created_at, made.updated_at, made.active_at), (NOW, NOW, NOW));
    assert_eq!(made.last_message_at, None);
    assert_eq!(found(&database, "c").await, made);
    assert!(database.find_conversation(Owner::all(GRACE), "c").await.unwrap().is_none());
    assert!(database.find_conversation(Owner::all(ADA), "C").await.unwrap().is_none(), "names are exact");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn creating_an_existing_id_finds_the_conversation_unchanged(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let made = begun(&database).await;
    let again = database
        .create_conversation(&CreateRequest {
            title: Some("Another"),
            now: NOW.plus_seconds(9),
            ..creating(ADA, "c", MOST)
        })
        .await;
    assert!(matches!(again.unwrap(), CreateOutcome::Found(found) if found == made));
    // Another reader's has nothing to do with it.
    let other = created(&database, GRACE, "c").await;
    assert_ne!(other.no, made.no);
    assert_eq!(found(&database, "c").await, made);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_no_more_conversations_than_the_limit(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    let create = async |user_id: &str, id: &str| {
        database.create_conversation(&creating(user_id, id, 2)).await.unwrap()
    };
    assert!(matches!(create(ADA, "d").await, CreateOutcome::Created(_)));
    assert!(matches!(create(ADA, "e").await, CreateOutcome::TooMany));
    assert!(matches!(create(ADA, "d").await, CreateOutcome::Found(_)), "it is there");
    assert!(matches!(create(GRACE, "e").await, CreateOutcome::Created(_)), "each reader for themselves");
    database.soft_delete_conversation(Owner::all(ADA), "d", NOW).await.unwrap().unwrap();
    assert!(matches!(create(ADA, "e").await, CreateOutcome::Created(_)), "what is hidden does not count");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_creates_no_conversation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let made = database.create_conversation(&creating("nobody", "c", MOST)).await.unwrap();
    assert!(matches!(made, CreateOutcome::NoReader));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_sorted_by_activity_and_then_by_number(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for (id, seconds) in [("a", 0), ("b", 5), ("c", 5), ("d", 5), ("e", 1)] {
        created_at(&database, ADA, id, seconds).await;
    }
    let page = async |before: (i64, i64), limit: i64| {
        let found = database
            .list_conversations(
                ADA,
                ListFilter { status: "active", client: ClientFilter::All },
                before,
                limit,
            )
            .await
            .unwrap();
        let last = found.last().map(|last| (last.active_at.millis(), last.no));
        (found.into_iter().map(|it| it.id).collect::<Vec<_>>(), last)
    };
    let (ids, _) = page((i64::MAX, i64::MAX), 99).await;
    assert_eq!(ids, ["d", "c", "b", "e", "a"], "of those made at one moment, the last made first");
    let (first, last) = page((i64::MAX, i64::MAX), 2).await;
    assert_eq!(first, ["d", "c"]);
    let (second, last) = page(last.unwrap(), 2).await;
    assert_eq!(second, ["b", "e"]);
    let (third, last) = page(last.unwrap(), 2).await;
    assert_eq!(third, ["a"]);
    assert_eq!(page(last.unwrap(), 2).await.0, Vec::<String>::new());
    // Whoever speaks brings a conversation to the front; a change of its name does not.
    let update = ConversationUpdate { title: Some(Some("e".into())), ..ConversationUpdate::default() };
    database
        .update_conversation(Owner::all(ADA), "e", &update, NOW.plus_seconds(50), i64::MAX)
        .await
        .unwrap();
    let mut later = draft(&database, "m", "hello");
    later.created_at = Some(NOW.plus_seconds(6));
    append(&database, "a", &[later]).await;
    assert_eq!(page((i64::MAX, i64::MAX), 3).await.0, ["a", "d", "c"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_list_holds_one_status(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, GRACE, "g").await;
    for id in ["archived", "hidden"] {
        created(&database, ADA, id).await;
    }
    let update = ConversationUpdate { status: Some("archived".into()), ..ConversationUpdate::default() };
    database.update_conversation(Owner::all(ADA), "archived", &update, NOW, i64::MAX).await.unwrap();
    database.soft_delete_conversation(Owner::all(ADA), "hidden", NOW).await.unwrap().unwrap();
    for (user_id, status, expected) in
        [(ADA, "active", ["c"].as_slice()), (ADA, "archived", &["archived"]), (GRACE, "archived", &[])]
    {
        let found = database
            .list_conversations(
                user_id,
                ListFilter { status, client: ClientFilter::All },
                (i64::MAX, i64::MAX),
                9,
            )
            .await
            .unwrap();
        assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), expected, "{user_id} {status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn messages_are_read_from_either_end_and_in_between(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    created(&database, ADA, "d").await;
    for number in 1..=5 {
        append_one(&database, "c", &format!("m{number}"), "hello").await;
        append_one(&database, "d", &format!("d{number}"), "hello").await;
    }
    let read = async |between: (i64, i64), newest_first: bool, limit: i64| {
        let found = database.read_messages(conversation.no, between, newest_first, limit).await.unwrap();
        let named = database
            .read_messages_of(Owner::all(ADA), "c", between, newest_first, (limit, 9999))
            .await
            .unwrap();
        assert_eq!(named, found, "by its name, {between:?}");
        names(&found).join(" ")
    };
    for (between, newest_first, limit, expected) in [
        ((0, i64::MAX), false, 9, "m1 m2 m3 m4 m5"),
        ((0, i64::MAX), true, 9, "m5 m4 m3 m2 m1"),
        ((0, i64::MAX), false, 2, "m1 m2"),
        ((2, i64::MAX), false, 2, "m3 m4"),
        ((0, 4), true, 2, "m3 m2"),
        ((1, 4), false, 9, "m2 m3"),
        ((4, 2), false, 9, ""),
        ((i64::MIN, 2), false, 9, "m1"),
        ((5, i64::MAX), false, 9, ""),
        ((0, 0), true, 9, ""),
    ] {
        assert_eq!(read(between, newest_first, limit).await, expected, "{between:?} {newest_first}");
    }
    assert_eq!(names(&all(&database, &conversation).await).len(), 5, "its own alone");
    let found = database.find_message(conversation.no, "m3").await.unwrap().unwrap();
    let named = async |user_id: &str, id: &str| {
        database
            .read_messages_of(Owner::all(user_id), id, (0, i64::MAX), false, (9, 9999))
            .await
            .unwrap()
            .len()
    };
    assert_eq!((named(ADA, "d").await, named(ADA, "e").await, named(GRACE, "c").await), (5, 0, 0));
    let bytes = found.content.bytes();
    for (most, expected) in [(0, 1), (bytes - 1, 1), (bytes, 2), (4 * bytes, 5)] {
        let page =
            database.read_messages_of(Owner::all(ADA), "c", (0, i64::MAX), true, (9, most)).await.unwrap();
        assert_eq!(page.len(), expected, "{most} bytes");
    }
    database.soft_delete_conversation(Owner::all(ADA), "d", NOW).await.unwrap().unwrap();
    assert_eq!(named(ADA, "d").await, 0, "hidden");
    assert_eq!((found.seq(), found.role.as_str()), (3, "user"));
    assert!(database.find_message(conversation.no, "d3").await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_page_together_is_the_whole_list(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for number in 0..23 {
        created_at(&database, ADA, &format!("c{number}"), number % 4).await;
    }
    let whole = database
        .list_conversations(
            ADA,
            ListFilter { status: "active", client: ClientFilter::All },
            (i64::MAX, i64::MAX),
            99,
        )
        .await
        .unwrap();
    assert_eq!(whole.len(), 23);
    for limit in [1, 2, 5, 23] {
        let (mut pages, mut before) = (Vec::new(), (i64::MAX, i64::MAX));
        loop {
            let page = database
                .list_conversations(
                    ADA,
                    ListFilter { status: "active", client: ClientFilter::All },
                    before,
                    limit,
                )
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            before = (last.active_at.millis(), last.no);
            pages.extend(page);
        }
        assert_eq!(pages, whole, "{limit} at a time");
    }
}
