//! Concurrent requests of one user.

use rstest::rstest;
use std::collections::BTreeSet;

use domain::Database;
use serde_json::json;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{Talk, by, new, said};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_messages_get_distinct_positions(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let (service, ada) = (talk.service().clone(), talk.ada.clone());
        tasks.spawn(async move {
            let messages = vec![said("one"), said("two"), said("three")];
            service.append(by(&ada), "c", messages, None).await.unwrap().0.messages
        });
    }
    let mut places = BTreeSet::new();
    for messages in tasks.join_all().await {
        let seqs: Vec<i64> = messages.iter().map(|message| message.seq).collect();
        assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "what is sent together stays together");
        places.extend(seqs);
    }
    assert!(places.into_iter().eq(1..=120));
    assert_eq!((talk.find("c").await.message_count, talk.find("c").await.revision), (120, 120));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_duplicate_request_is_executed_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    for number in 0..10 {
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (service, ada) = (talk.service().clone(), talk.ada.clone());
            tasks.spawn(async move {
                let key = format!("key {number}");
                service.append(by(&ada), "c", vec![said("x")], Some(super::keyed(&key, "x"))).await.unwrap()
            });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|(_, is_new)| *is_new).count(), 1, "{number:?}");
        assert!(answers.iter().all(|(appended, _)| *appended == answers[0].0), "{number:?}");
    }
    assert_eq!(talk.find("c").await.message_count, 10);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_append_to_one_conversation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let other = domain::Services::open(
        Database::clone(&talk.book.database.reopen().await),
        testkit::TestPorts::seeded(7).ports(),
        crate::fixtures::book::settings(),
    );
    let other = other.await.unwrap().conversations;
    let mut tasks = JoinSet::new();
    for (service, name) in [(talk.service().clone(), "a"), (other, "b")] {
        for number in 0..20 {
            let (service, ada) = (service.clone(), talk.ada.clone());
            tasks.spawn(async move {
                let shared = new(json!({ "id": format!("m{number}"), "role": "user", "content": name }));
                service.append(by(&ada), "c", vec![shared], None).await.unwrap().1
            });
        }
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|is_new| *is_new).count(), 20);
    let messages = talk.messages("c").await;
    assert!(messages.iter().map(|message| message.seq).eq(1..=20));
    assert_eq!(talk.find("c").await.revision, 40, "each has said something of its own");
}
