//! Soft delete, restore and purge.

use domain::Principal;
use domain::contract::Code;
use rstest::rstest;
use testkit::databases::Kind;

use super::{Talk, code, first};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_conversation_can_be_restored_within_ten_minutes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper").await;
    let (before, messages) = (talk.find("c").await, talk.messages("c").await);
    let service = talk.service();
    assert_eq!(
        code(service.restore(Principal::reader(&talk.ada), "c").await).0,
        Code::ConversationNotFound,
        "it is not deleted"
    );
    for seconds in [0, 599] {
        service.delete(Principal::reader(&talk.ada), "c").await.unwrap();
        assert_eq!(
            code(service.delete(Principal::reader(&talk.ada), "c").await).0,
            Code::ConversationNotFound,
            "once"
        );
        assert_eq!(talk.list(&talk.ada).await, Vec::<String>::new(), "{seconds:?}");
        assert!(
            service.search(Principal::reader(&talk.ada), "paper", first(9)).await.unwrap().items.is_empty(),
            "{seconds:?}"
        );
        talk.book.ports.clock.advance_seconds(seconds);
        talk.book.services.run_maintenance().await.unwrap();
        let restored = service.restore(Principal::reader(&talk.ada), "c").await.unwrap();
        assert_eq!(restored, talk.find("c").await, "{seconds:?}");
        assert_eq!(
            (&restored.head_id, restored.updated_at),
            (&before.head_id, before.updated_at),
            "{seconds:?}"
        );
        assert!(restored.revision > before.revision, "{seconds:?}");
        assert_eq!(
            (talk.messages("c").await, talk.list(&talk.ada).await),
            (messages.clone(), vec!["c".to_owned()]),
            "{seconds:?}"
        );
        assert_eq!(
            service.search(Principal::reader(&talk.ada), "paper", first(9)).await.unwrap().items.len(),
            1,
            "{seconds:?}"
        );
    }
    service.delete(Principal::reader(&talk.ada), "c").await.unwrap();
    talk.book.ports.clock.advance_seconds(600);
    assert_eq!(
        code(service.restore(Principal::reader(&talk.ada), "c").await).0,
        Code::ConversationNotFound,
        "too late"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_conversation_cannot_be_restored_after_ten_minutes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.ada, "stays").await;
    talk.says("stays", "m", "paper").await;
    talk.says("c", "m", "a secret").await;
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    talk.book.ports.clock.advance_seconds(599);
    talk.book.services.run_maintenance().await.unwrap();
    assert_eq!(talk.book.count("bookplate_conversations").await, 2);
    talk.book.ports.clock.advance_seconds(1);
    talk.book.services.run_maintenance().await.unwrap();
    assert_eq!(talk.book.count("bookplate_conversations").await, 1);
    assert_eq!(talk.book.database.rows_holding("a secret").await, Vec::<String>::new());
    assert_eq!(
        talk.service().search(Principal::reader(&talk.ada), "paper", first(9)).await.unwrap().items.len(),
        1
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn id_of_a_deleted_conversation_can_be_used_again(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper").await;
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    let again = talk.creates(&talk.ada, "c").await;
    assert_eq!((again.message_count, again.revision, again.opening), (0, 0, None));
    assert_eq!(
        code(talk.service().restore(Principal::reader(&talk.ada), "c").await).0,
        Code::ConversationNotFound
    );
    assert!(talk.messages("c").await.is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys_expire_after_a_day(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.service()
        .append(super::by(&talk.ada), "c", vec![super::said("x")], Some(super::keyed("key", "x")))
        .await
        .unwrap();
    talk.book.ports.clock.advance_seconds(86_399);
    talk.book.services.run_maintenance().await.unwrap();
    assert_eq!(talk.book.count("bookplate_idempotency").await, 1);
    talk.book.ports.clock.advance_seconds(1);
    talk.book.services.run_maintenance().await.unwrap();
    assert_eq!(talk.book.count("bookplate_idempotency").await, 0);
}
