//! Lists of conversations.

use domain::contract::conversations::ConversationStatus;
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{Talk, whole};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_the_last_active_first(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    for id in ["d", "e"] {
        talk.book.ports.clock.advance_seconds(1);
        talk.creates(&talk.ada, id).await;
    }
    assert_eq!(talk.list(&talk.ada).await, ["e", "d", "c"]);
    talk.book.ports.clock.advance_seconds(1);
    talk.says("c", "m", "x").await;
    assert_eq!(talk.list(&talk.ada).await, ["c", "e", "d"]);
    talk.book.ports.clock.advance_seconds(1);
    talk.changes("d", json!({ "title": "D" })).await;
    talk.says("c", "m", "changed").await;
    assert_eq!(talk.list(&talk.ada).await, ["c", "e", "d"], "only what is said moves a conversation");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn archived_conversations_have_their_own_list(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "x").await;
    talk.changes("c", json!({ "status": "archived" })).await;
    assert_eq!(talk.list(&talk.ada).await, Vec::<String>::new());
    let archived = talk
        .service()
        .list(
            domain::Principal::reader(&talk.ada),
            ConversationStatus::Archived,
            domain::ClientFilter::All,
            whole(),
        )
        .await
        .unwrap();
    assert_eq!(archived.items, [talk.find("c").await]);
    assert_eq!(talk.messages("c").await.len(), 1, "it can be read");
    talk.says("c", "n", "x").await;
    assert_eq!(talk.find("c").await.status, ConversationStatus::Archived, "and goes on where it is");
    talk.changes("c", json!({ "status": "active" })).await;
    assert_eq!(talk.list(&talk.ada).await, ["c"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn conversation_has_counts_head_and_times(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let made = talk.find("c").await;
    assert_eq!((made.message_count, made.revision, &made.head_id), (0, 0, &None));
    assert_eq!((made.last_message_at, made.metadata.as_str()), (None, "{}"));
    talk.book.ports.clock.advance_seconds(5);
    talk.says("c", "m", "x").await;
    talk.book.ports.clock.advance_seconds(5);
    let metadata = json!({ "folder": "a" });
    let now = talk.changes("c", json!({ "title": " On  paper ", "metadata": metadata })).await;
    assert_eq!((now.title.as_deref(), now.metadata.as_str()), (Some("On  paper"), r#"{"folder":"a"}"#));
    assert_eq!((now.message_count, now.revision), (1, 2));
    assert_eq!(now.created_at, made.created_at);
    assert_eq!(now.last_message_at, Some(made.created_at.plus_seconds(5)));
    assert_eq!(now.updated_at, made.created_at.plus_seconds(10));
    assert_eq!(talk.changes("c", json!({ "title": null })).await.title, None);
}
