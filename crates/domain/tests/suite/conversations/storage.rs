//! How much a reader may store, and how much within a while.

use bytes::Bytes;
use domain::{
    ConversationLimits, Principal, Quota, Settings,
    contract::{Code, Problems, conversations::NewConversation},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;
use tokio::time::Duration;

use super::{Talk, by, change, changed, keyed, new};
use crate::fixtures::book::settings;

fn limited(limits: ConversationLimits) -> Settings {
    Settings { conversations: limits, ..settings() }
}

/// A message of so many bytes of JSON.
fn sized(id: &str, bytes: usize) -> Value {
    let around = r#"[{"type":"text","text":""}]"#.len();
    json!({ "id": id, "role": "user", "parts": [{ "type": "text", "text": "x".repeat(bytes - around) }] })
}

/// What an operation ends in: a code, and the seconds until it is worth another try.
fn refused<T>(outcome: Result<T, domain::ConversationError>) -> Option<(Code, Option<u32>)> {
    let problems = Problems::from(outcome.err()?);
    Some((problems.first().code, problems.first().retry_after))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_writes_too_much_within_a_while_waits(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let written = Some(Quota { count: 1000, seconds: 10 });
    let talk = Talk::with(
        kind.migrated().await,
        limited(ConversationLimits { written, ..ConversationLimits::default() }),
    )
    .await;
    let append = async |id: &str, bytes| {
        let service = talk.service();
        refused(service.append(by(&talk.ada), "c", vec![new(sized(id, bytes))], None).await)
    };
    let wait = |seconds| Some((Code::TooManyRequests, Some(seconds)));
    assert_eq!(append("a", 600).await, None);
    assert_eq!(append("b", 400).await, None);
    assert_eq!(append("c", 100).await, wait(1));
    assert_eq!(append("c", 101).await, wait(2));
    // A change counts with all that it brings, feedback and metadata too.
    let text = "x".repeat(300);
    let service = talk.service();
    let update =
        service.update_message(by(&talk.ada), "c", "a", change(json!({ "content": text.clone() }))).await;
    assert_eq!(refused(update), wait(4));
    let update = service
        .update(Principal::reader(&talk.ada), "c", changed(json!({ "metadata": { "a": text } })))
        .await;
    assert_eq!(refused(update), wait(4));
    // Others are not hit, and what is read, named or deleted is not counted.
    talk.creates(&talk.grace, "g").await;
    let theirs = service.append(by(&talk.grace), "g", vec![new(sized("a", 1000))], None).await;
    assert_eq!(refused(theirs), None);
    assert_eq!(
        refused(
            service.update(Principal::reader(&talk.ada), "c", changed(json!({ "title": "Named" }))).await
        ),
        None
    );
    assert_eq!(refused(service.clear_feedback(Principal::reader(&talk.ada), "c", "a").await), None);
    // What was refused has not been counted, and what was counted is forgotten as time goes by.
    talk.book.ports.clock.advance_seconds(1);
    assert_eq!(append("c", 100).await, None);
    talk.book.ports.clock.advance_seconds(5);
    assert_eq!(append("d", 501).await, wait(1));
    assert_eq!(append("d", 500).await, None);
    // A clock that was set back keeps nobody waiting for longer than it takes.
    talk.book.ports.clock.advance_seconds(-1_000_000);
    assert_eq!(append("e", 100).await, wait(1));
    // Something larger than the whole quota needs all of it.
    talk.book.ports.clock.advance_seconds(10);
    assert_eq!(append("e", 5000).await, None);
    assert_eq!(append("f", 5000).await, wait(10));
    assert_eq!(append("f", 100).await, wait(1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_steady_writer_is_never_refused(#[values(Kind::Sqlite)] kind: Kind) {
    let written = Some(Quota { count: 1000, seconds: 10 });
    let talk = Talk::with(
        kind.migrated().await,
        limited(ConversationLimits { written, ..ConversationLimits::default() }),
    )
    .await;
    for second in 0..50 {
        let message = vec![new(sized(&format!("m{second}"), 100))];
        assert_eq!(refused(talk.service().append(by(&talk.ada), "c", message, None).await), None, "{second}");
        talk.book.ports.clock.advance_seconds(1);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn imports_count_for_what_is_stored_and_not_for_what_is_written(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let limits = ConversationLimits {
        reader_bytes: 3000,
        written: Some(Quota { count: 1000, seconds: 3600 }),
        ..ConversationLimits::default()
    };
    let talk = Talk::with(kind.migrated().await, limited(limits)).await;
    let file = |id: &str, bytes: usize| {
        let mut message = sized("a", bytes);
        let mut conversation = json!({ "id": id });
        for times in [&mut message, &mut conversation] {
            times["createdAt"] = json!("2026-11-01T00:00:00.000Z");
            times["updatedAt"] = json!("2026-11-01T00:00:00.000Z");
        }
        conversation["messages"] = json!([message]);
        json!({ "format": "bookplate-conversations", "version": 1, "conversations": [conversation] })
            .to_string()
    };
    let transfer = &talk.book.services.transfer;
    let import = async |id: &str, bytes| {
        let file = Bytes::from(file(id, bytes));
        let (imported, stop) =
            transfer.import(Principal::reader(&talk.ada), file, Duration::from_mins(1)).await.unwrap();
        assert!(stop.is_none());
        imported
    };
    let first = import("one", 2900).await;
    assert_eq!((first.conversations.len(), first.refused.len()), (1, 0), "{first:?}");
    assert_eq!(talk.service().stored_bytes(&talk.ada).await.unwrap(), 2900);
    let second = import("two", 200).await;
    assert_eq!(second.conversations.len(), 0);
    assert_eq!(second.refused[0].reason, "a reader's conversations take up at most 1 MB together");
    assert_eq!(import("one", 2900).await.conversations[0].added, 0, "the same again");
    let append = talk.service().append(by(&talk.ada), "c", vec![new(sized("m", 101))], None).await;
    assert_eq!(refused(append), Some((Code::StorageFull, None)));
    let append = talk.service().append(by(&talk.ada), "c", vec![new(sized("m", 100))], None).await;
    assert_eq!(refused(append), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_makes_room_when_it_is_purged(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let limits = ConversationLimits { reader_bytes: 1000, ..ConversationLimits::default() };
    let talk = Talk::with(kind.migrated().await, limited(limits)).await;
    let service = talk.service();
    talk.appends("c", &[sized("a", 1000)]).await;
    talk.creates(&talk.ada, "d").await;
    let append = async || refused(service.append(by(&talk.ada), "d", vec![new(sized("a", 500))], None).await);
    let full = Some((Code::StorageFull, None));
    assert_eq!(append().await, full);
    service.delete(Principal::reader(&talk.ada), "c").await.unwrap();
    assert_eq!(append().await, full, "it can be restored");
    talk.book.services.cleanup.run().await.unwrap();
    assert_eq!(append().await, full);
    service.restore(Principal::reader(&talk.ada), "c").await.unwrap();
    assert_eq!(service.stored_bytes(&talk.ada).await.unwrap(), 1000);
    service.delete(Principal::reader(&talk.ada), "c").await.unwrap();
    talk.book.ports.clock.advance_seconds(601);
    talk.book.services.cleanup.run().await.unwrap();
    assert_eq!(service.stored_bytes(&talk.ada).await.unwrap(), 0);
    assert_eq!(append().await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_created_once_for_each_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let talk = Talk::begin(kind.migrated().await).await;
    let service = talk.service();
    let create = async |user_id: &str, key: &str, body: &str| {
        service.create(Principal::reader(user_id), NewConversation::default(), Some(keyed(key, body))).await
    };
    let (made, is_new) = create(&talk.ada, "k", "{}").await.unwrap();
    assert!(is_new);
    let (again, is_new) = create(&talk.ada, "k", "{}").await.unwrap();
    assert_eq!((again.id.to_string(), is_new), (made.id.to_string(), false));
    let reused = Some((Code::IdempotencyKeyReused, None));
    assert_eq!(refused(create(&talk.ada, "k", "{ }").await), reused);
    // The key of a reader is that reader's, and one of messages is none of creating.
    assert!(create(&talk.grace, "k", "{}").await.unwrap().1);
    service.append(by(&talk.ada), "c", vec![new(sized("a", 100))], Some(keyed("m", "x"))).await.unwrap();
    assert!(create(&talk.ada, "m", "x").await.unwrap().1);
    // A day later it is forgotten.
    talk.book.ports.clock.advance_seconds(86_400);
    assert!(create(&talk.ada, "k", "{}").await.unwrap().1);
}
