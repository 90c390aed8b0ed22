//! Subscriptions to a conversation.

use rstest::rstest;
use std::{collections::BTreeMap, time::Duration};

use domain::{
    ConversationEvent, Conversations, Principal, Subscriber, Subscription,
    contract::{Code, Problems, conversations::read_json},
};
use serde_json::json;
use testkit::databases::{Kind, on_migrated};
use tokio::time::timeout;

use super::{Talk, by, code, named, subscriber};
use crate::fixtures::book::settings;

/// What has happened, as short words.
async fn seen(watch: &mut Subscription) -> Vec<String> {
    let events = watch.poll_changes().await.unwrap();
    events
        .into_iter()
        .map(|(revision, event)| match event {
            ConversationEvent::Message(message) => {
                format!("{revision} {}={}", message.id, super::words(&message))
            }
            ConversationEvent::Conversation(it) => {
                format!("{revision} title={}", it.title.unwrap_or_default())
            }
            ConversationEvent::Deleted => format!("{revision} deleted"),
        })
        .collect()
}

async fn is_woken(watch: &mut Subscription) -> bool {
    timeout(Duration::from_secs(20), watch.changed()).await.unwrap()
}

async fn stays_asleep(watch: &mut Subscription) -> bool {
    timeout(Duration::from_millis(100), watch.changed()).await.is_err()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_subscriptions_of_one_user_are_limited(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let mut watches = Vec::new();
    for _ in 0..10 {
        watches.push(talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap());
    }
    let refused =
        Problems::from(talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap_err());
    assert_eq!((refused.first().code, refused.first().retry_after), (Code::TooManyRequests, Some(15)));
    talk.creates(&talk.grace, "hers").await;
    drop(talk.service().subscribe(subscriber(&talk.grace), "hers", None).await.unwrap());
    watches.pop();
    watches.push(talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap());
    talk.says("c", "m1", "new").await;
    for watch in &mut watches {
        assert_eq!(seen(watch).await, ["1 m1=new"]);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_subscriptions_of_one_network_and_of_all_are_limited(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.grace, "c").await;
    talk.service().set_max_subscriptions(3);
    let from = |user_id, network| Subscriber {
        user_id,
        scope: domain::ConversationScope::All,
        network: Some(network),
    };
    let mut watches = Vec::new();
    for network in ["192.0.2.1", "2001:db8::/64", "192.0.2.1"] {
        watches.push(talk.service().subscribe(from(&talk.ada, network), "c", None).await.unwrap());
    }
    let refused = talk.service().subscribe(from(&talk.grace, "192.0.2.2"), "c", None).await;
    assert_eq!(code(refused).0, Code::TooManyRequests);
    // A conversation that is not there takes no place for longer than it takes to look for it.
    watches.pop();
    let missing = talk.service().subscribe(from(&talk.grace, "192.0.2.2"), "missing", None).await;
    assert_eq!(code(missing).0, Code::ConversationNotFound);
    watches.push(talk.service().subscribe(from(&talk.grace, "192.0.2.2"), "c", None).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn large_messages_come_a_few_at_a_time(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let large = "x".repeat(40_000);
    for id in ["m1", "m2"] {
        talk.says("c", id, &large).await;
    }
    for id in ["m3", "m4", "m5", "m6"] {
        talk.says("c", id, &"y".repeat(5000)).await;
    }
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", Some(0)).await.unwrap();
    let mut revisions = Vec::new();
    loop {
        let events = watch.poll_changes().await.unwrap();
        if events.is_empty() {
            break;
        }
        revisions.push(events.iter().map(|(revision, _)| *revision).collect::<Vec<_>>());
    }
    assert_eq!(revisions, [vec![1], vec![2], vec![3, 4, 5], vec![6, 6]]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn subscription_returns_changes_from_now_on(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "before").await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    assert_eq!((watch.revision(), seen(&mut watch).await), (1, Vec::new()));
    talk.says("c", "m2", "new").await;
    assert_eq!(seen(&mut watch).await, ["2 m2=new"]);
    talk.says("c", "m1", "changed").await;
    talk.says("c", "m2", "changed").await;
    talk.says("c", "m1", "again").await;
    assert_eq!(seen(&mut watch).await, ["4 m2=changed", "5 m1=again"], "each as it is now");
    talk.changes("c", json!({ "title": "T" })).await;
    assert_eq!(seen(&mut watch).await, ["6 title=T"]);
    let good = || read_json(br#"{"value":1}"#).unwrap();
    talk.service().set_feedback(Principal::reader(&talk.ada), "c", "m1", good()).await.unwrap();
    talk.changes("c", json!({ "title": "U" })).await;
    assert_eq!(seen(&mut watch).await, ["7 m1=again", "8 title=U"]);
    for change in
        [json!({ "status": "archived" }), json!({ "metadata": {"a": 1} }), json!({ "headId": "m1" })]
    {
        talk.changes("c", change).await;
        assert_eq!(seen(&mut watch).await.len(), 1);
    }
    assert_eq!((watch.revision(), seen(&mut watch).await), (11, Vec::new()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn subscription_resumes_after_a_revision(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    for (id, text) in [("m1", "one"), ("m2", "two"), ("m3", "three")] {
        talk.says("c", id, text).await;
    }
    for (after, known, expected) in [
        (0, 0, ["1 m1=one", "2 m2=two", "3 m3=three", "3 title="].as_slice()),
        (2, 2, &["3 m3=three", "3 title="]),
        (3, 3, &[]),
        // That belongs to a conversation that had this name before.
        (99, 3, &[]),
    ] {
        let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", Some(after)).await.unwrap();
        assert_eq!(
            (watch.revision(), seen(&mut watch).await.as_slice()),
            (known, expected.map_to_strings().as_slice()),
            "after {after}"
        );
        assert_eq!((watch.revision(), seen(&mut watch).await), (3, Vec::new()), "after {after}");
    }
}

trait MapToStrings {
    fn map_to_strings(&self) -> Vec<String>;
}

impl MapToStrings for [&str] {
    fn map_to_strings(&self) -> Vec<String> {
        self.iter().map(|&text| text.to_owned()).collect()
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unchanged_update_sends_no_event(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "one").await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    talk.says("c", "m1", "one").await;
    let same = super::change(json!({ "content": "one", "status": "complete" }));
    talk.service().update_message(by(&talk.ada), "c", "m1", same).await.unwrap();
    assert_eq!(seen(&mut watch).await, Vec::<String>::new());
    assert_eq!(talk.find("c").await.revision, 1);
}

/// Looks until there is nothing more to see; what is known then: the texts, and the title last told.
async fn replayed(watch: &mut Subscription) -> (BTreeMap<String, String>, Option<String>, Vec<i64>) {
    let (mut messages, mut title, mut revisions) = (BTreeMap::new(), None, Vec::new());
    loop {
        let events = watch.poll_changes().await.unwrap();
        if events.is_empty() {
            return (messages, title, revisions);
        }
        for (revision, event) in events {
            revisions.push(revision);
            match event {
                ConversationEvent::Message(message) => {
                    messages.insert(message.id.to_string(), super::words(&message));
                }
                ConversationEvent::Conversation(it) => title = it.title,
                ConversationEvent::Deleted => panic!("it is there"),
            }
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_missed_among_many(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let mut watches = Vec::new();
    for count in [99, 100, 101, 250] {
        watches.push((count, talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap()));
        let messages: Vec<_> = (0..count)
            .map(|at| json!({ "id": format!("{count}-{at}"), "role": "user", "content": "x" }))
            .collect();
        for some in messages.chunks(100) {
            talk.appends("c", some).await;
        }
        talk.changes("c", json!({ "title": format!("of {count}") })).await;
    }
    let mut expected = 550 + 4;
    for (count, mut watch) in watches {
        let (messages, title, revisions) = replayed(&mut watch).await;
        let told = revisions.len();
        assert_eq!((title.as_deref(), watch.revision()), (Some("of 250"), 554), "from {count} on");
        assert!(revisions.is_sorted(), "{revisions:?}");
        assert!(told >= messages.len() && *revisions.last().unwrap() == 554, "{count:?}");
        assert_eq!(messages.len(), expected - titles_left(count), "from {count} on");
        expected -= count + 1;
    }
}

/// Titles that are still given from this number on.
const fn titles_left(count: usize) -> usize {
    match count {
        99 => 4,
        100 => 3,
        101 => 2,
        _ => 1,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn head_change_is_sent_beside_new_messages(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "one").await;
    talk.says("c", "m2", "two").await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    talk.says("c", "m3", "three").await;
    talk.changes("c", json!({ "headId": "m1" })).await;
    let events = watch.poll_changes().await.unwrap();
    let heads: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match event {
            ConversationEvent::Conversation(it) => it.head_id.as_ref().map(ToString::to_string),
            _ => None,
        })
        .collect();
    assert_eq!(heads, ["m1"], "{events:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deletion_is_sent_to_subscribers(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "one").await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", Some(0)).await.unwrap();
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    assert!(is_woken(&mut watch).await);
    assert_eq!(seen(&mut watch).await, ["0 deleted"]);
    let outcome = talk.service().subscribe(subscriber(&talk.ada), "c", None).await;
    assert_eq!(code(outcome).0, Code::ConversationNotFound);
    talk.service().restore(Principal::reader(&talk.ada), "c").await.unwrap();
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", Some(1)).await.unwrap();
    assert_eq!(seen(&mut watch).await, ["3 title="]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn new_conversation_of_the_same_id_is_another_one(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    for at in 0..5 {
        talk.says("c", &format!("m{at}"), "old").await;
    }
    let mut old = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    talk.creates(&talk.ada, "c").await;
    let mut new = talk.service().subscribe(subscriber(&talk.ada), "c", Some(5)).await.unwrap();
    assert_eq!(new.revision(), 0);
    talk.says("c", "n1", "new").await;
    assert!(is_woken(&mut new).await, "although somebody still looks at the old one");
    assert_eq!(seen(&mut new).await, ["1 n1=new"]);
    assert_eq!(seen(&mut old).await, ["5 deleted"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn change_wakes_subscribers(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let mut watches = Vec::new();
    for _ in 0..3 {
        watches.push(talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap());
    }
    for at in 0..3 {
        for watch in &mut watches {
            assert!(stays_asleep(watch).await);
        }
        talk.says("c", &format!("m{at}"), "x").await;
        for watch in &mut watches {
            assert!(is_woken(watch).await);
            assert_eq!(watch.poll_changes().await.unwrap().len(), 1);
        }
        // The others go on when one looks away.
        watches.pop();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn change_of_another_conversation_wakes_no_subscriber(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.ada, "d").await;
    talk.creates(&talk.grace, "c").await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    talk.says("d", "m", "x").await;
    talk.service().append(by(&talk.grace), "c", vec![super::said("x")], None).await.unwrap();
    assert!(stays_asleep(&mut watch).await);
    assert!(watch.poll_changes().await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn server_shutdown_ends_every_subscription(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let mut watch = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    talk.service().close();
    assert!(!is_woken(&mut watch).await);
    let mut later = talk.service().subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
    assert!(!is_woken(&mut later).await, "who comes later too");
}

/// Two processes on one PostgreSQL.
#[test]
fn subscription_receives_changes_of_other_processes() {
    on_migrated(Kind::Postgres, async |database| {
        let talk = Talk::begin(database).await;
        let restarted = talk.book.restarted(settings()).await;
        let (other, mail) = (restarted.conversations, restarted.mail);
        let hearing = other.clone();
        let url = talk.book.database.url().to_owned();
        let listening = tokio::spawn(async move { hearing.listen(&url, &mail).await });
        let mut watch = other.subscribe(subscriber(&talk.ada), "c", None).await.unwrap();
        // Until it listens, nothing is heard; then everything is.
        let is_heard = async |watch: &mut Subscription, at: u32| {
            talk.says("c", &format!("m{at}"), "x").await;
            talk.service().publish_changes().await.unwrap();
            timeout(Duration::from_millis(500), watch.changed()).await.is_ok()
        };
        let mut at = 0;
        while !is_heard(&mut watch, at).await {
            at += 1;
            assert!(at < 40, "it never listens");
        }
        assert!(!watch.poll_changes().await.unwrap().is_empty());
        // Very many conversations do not fit into one notice.
        let many: Vec<String> = (0..600).map(|number| format!("many-{number}")).collect();
        for id in &many {
            tells(talk.service(), &talk.ada, id).await;
        }
        let mut last = other.subscribe(subscriber(&talk.ada), "many-599", None).await.unwrap();
        let mut first = other.subscribe(subscriber(&talk.ada), "many-0", None).await.unwrap();
        for id in &many {
            talk.says(id, "m", "x").await;
        }
        talk.service().publish_changes().await.unwrap();
        for watch in [&mut last, &mut first] {
            assert!(is_woken(watch).await);
            assert_eq!(watch.poll_changes().await.unwrap().len(), 1);
        }
        listening.abort();
    });
}

async fn tells(service: &Conversations, user_id: &str, id: &str) {
    service.create(Principal::reader(user_id), named(id), None).await.unwrap();
}
