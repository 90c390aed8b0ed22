//! Adding messages: once, however often they are sent.

use domain::{
    ConversationLimits, Principal, Settings,
    contract::{
        Code,
        conversations::{NewConversation, NewMessage, Role},
    },
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{Talk, by, changed, code, keyed, names, new, said, told, words};
use crate::fixtures::book::settings;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_what_is_sent_is_what_is_stored(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let parts = r#"[{"type":"text","text":"<b>&amp;\u0000\ud83d\ude00</b>", "z" : 1.0 },{"a":2,"type":"data-x","A":[ ]}]"#;
    let body = format!(
        r#"{{"id":"m","role":"assistant","parts":{parts},"model":"gpt-5","usage":{{"outputTokens":100,"cost":1e2}},"format":"openai","raw":[1.50,"\u00e9"],"metadata":{{"b":1,"a":1,"b":2}}}}"#
    );
    let message: NewMessage = domain::contract::conversations::read_json(body.as_bytes()).unwrap();
    let (appended, _) = talk.service().append(by(&talk.ada), "c", vec![message], None).await.unwrap();
    let stored = talk.service().message(Principal::reader(&talk.ada), "c", "m").await.unwrap();
    assert_eq!(appended.messages, std::slice::from_ref(&stored));
    assert_eq!(stored.parts.as_str(), parts);
    assert_eq!(stored.raw.unwrap().as_str(), r#"[1.50,"\u00e9"]"#);
    assert_eq!(stored.metadata.as_str(), r#"{"b":1,"a":1,"b":2}"#);
    assert_eq!(stored.usage.unwrap().as_str(), r#"{"outputTokens":100,"cost":1e2}"#);
    assert_eq!((stored.model.as_deref(), stored.format.as_deref()), (Some("gpt-5"), Some("openai")));
    assert_eq!((stored.role, stored.seq, stored.feedback), (Role::Assistant, 1, None));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn message_without_an_id_gets_one(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let messages = talk
        .appends("c", &[json!({ "role": "user", "content": "x" }), json!({ "role": "user", "content": "x" })])
        .await;
    assert_ne!(messages[0].id, messages[1].id);
    for message in &messages {
        assert_eq!(
            (message.id.as_str().len(), message.id.as_str().matches('-').count()),
            (36, 4),
            "{message:?}"
        );
    }
    assert_eq!(messages[1].parent_id.as_ref(), Some(&messages[0].id));
    let (made, is_new) =
        talk.service().create(Principal::reader(&talk.ada), NewConversation::default(), None).await.unwrap();
    assert!(is_new && made.id.as_str().len() == 36);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_messages_sent_again_change_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let sent = [
        json!({ "id": "m1", "role": "user", "content": "one" }),
        json!({ "id": "m2", "role": "assistant", "content": "two" }),
    ];
    let first = talk.appends("c", &sent).await;
    let conversation = talk.find("c").await;
    talk.book.ports.clock.advance_seconds(9);
    let messages = || sent.iter().cloned().map(new).collect::<Vec<_>>();
    for key in [None, Some(keyed("key", "body")), Some(keyed("key", "body"))] {
        let (again, is_new) = talk.service().append(by(&talk.ada), "c", messages(), key).await.unwrap();
        assert!(!is_new, "{key:?}");
        assert_eq!(again.messages, first, "{key:?}");
        assert_eq!(talk.find("c").await, conversation, "{key:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn streamed_message_is_updated_in_place(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let sent = |text: &str, status: &str| json!({ "id": "m", "role": "assistant", "content": text, "status": status });
    talk.appends("c", &[sent("He", "in_progress")]).await;
    talk.book.ports.clock.advance_seconds(9);
    let message = talk.appends("c", &[sent("Hello", "complete")]).await.remove(0);
    assert_eq!((words(&message).as_str(), message.status.name(), message.seq), ("Hello", "complete", 1));
    assert_eq!(message.updated_at, message.created_at.plus_seconds(9));
    let conversation = talk.find("c").await;
    assert_eq!((conversation.message_count, conversation.revision), (1, 2));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn message_cannot_change_its_role_or_parent(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "one").await;
    talk.says("c", "m2", "two").await;
    let append = async |messages: &[Value]| {
        let messages = messages.iter().cloned().map(new).collect();
        code(talk.service().append(by(&talk.ada), "c", messages, None).await)
    };
    let other_role = json!({ "id": "m2", "role": "assistant", "content": "two" });
    let other_parent = json!({ "id": "m2", "role": "user", "content": "two", "parentId": null });
    for other in [other_role, other_parent] {
        assert_eq!(
            append(std::slice::from_ref(&other)).await,
            (Code::MessageConflict, "id".into()),
            "{other:?}"
        );
        let several = [json!({ "role": "user", "content": "x" }), other.clone()];
        assert_eq!(append(&several).await, (Code::MessageConflict, "messages[1].id".into()), "{other:?}");
    }
    assert_eq!(talk.messages("c").await.len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_parent_is_a_message_of_the_conversation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.ada, "d").await;
    talk.says("d", "elsewhere", "x").await;
    for parent in ["elsewhere", "never"] {
        let message = json!({ "role": "user", "content": "x", "parentId": parent });
        let outcome = talk.service().append(by(&talk.ada), "c", vec![new(message.clone())], None).await;
        assert_eq!(code(outcome), (Code::ValidationError, "parentId".into()), "{parent:?}");
        let outcome = talk.service().append(by(&talk.ada), "c", vec![said("x"), new(message)], None).await;
        assert_eq!(code(outcome), (Code::ValidationError, "messages[1].parentId".into()), "{parent:?}");
        let head = talk
            .service()
            .update(Principal::reader(&talk.ada), "c", changed(json!({ "headId": parent })))
            .await;
        assert_eq!(code(head), (Code::ValidationError, "headId".into()), "{parent:?}");
    }
    let branch = [
        json!({ "id": "q", "role": "user", "content": "x" }),
        json!({ "id": "a1", "role": "assistant", "content": "x" }),
        json!({ "id": "a2", "role": "assistant", "content": "x", "parentId": "q" }),
        json!({ "id": "new", "role": "user", "content": "x", "parentId": null }),
    ];
    let parents: Vec<_> =
        talk.appends("c", &branch).await.into_iter().map(|it| it.parent_id.map(String::from)).collect();
    assert_eq!(parents, [None, Some("q".into()), Some("q".into()), None]);
    assert_eq!(talk.changes("c", json!({ "headId": "a1" })).await.head_id.unwrap().as_str(), "a1");
    assert_eq!(talk.says("c", "next", "x").await.parent_id.unwrap().as_str(), "a1");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_replays_a_request(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let append = async |text: &str, key: &str| {
        let messages = vec![said(text), said("second")];
        talk.service().append(by(&talk.ada), "c", messages, Some(keyed(key, text))).await
    };
    let (first, is_new) = append("one", "key").await.unwrap();
    assert!(is_new);
    talk.book.ports.clock.advance_seconds(86_399);
    let (again, is_new) = append("one", "key").await.unwrap();
    assert_eq!((again, is_new), (first.clone(), false));
    assert_eq!(code(append("other", "key").await), (Code::IdempotencyKeyReused, "Idempotency-Key".into()));
    assert!(append("one", "Key").await.unwrap().1, "keys are exact");
    assert_eq!(talk.messages("c").await.len(), 4);
    talk.book.ports.clock.advance_seconds(1);
    let (later, is_new) = append("one", "key").await.unwrap();
    assert!(is_new && later != first, "a day later it is another request");
    assert_eq!(talk.messages("c").await.len(), 6);
    let keys = talk.book.database.rows_of("bookplate_idempotency").await;
    assert!(keys.iter().all(|row| !row.contains("key") && !row.contains("Key")), "hashes alone: {keys:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_an_idempotency_key_is_bound_to_user_and_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.ada, "d").await;
    talk.creates(&talk.grace, "c").await;
    for (user_id, id, text) in [(&talk.ada, "c", "a"), (&talk.ada, "d", "b"), (&talk.grace, "c", "g")] {
        let (appended, is_new) =
            talk.service().append(by(user_id), id, vec![said(text)], Some(keyed("key", text))).await.unwrap();
        assert!(is_new, "{user_id} {id}");
        assert_eq!(words(&appended.messages[0]), text, "{user_id:?} {id:?} {text:?}");
    }
    // A key that another reader has used says nothing about what they sent.
    let outcome = talk.service().append(by(&talk.grace), "d", vec![said("b")], Some(keyed("key", "b"))).await;
    assert_eq!(code(outcome).0, Code::ConversationNotFound);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_does_not_apply_to_a_new_conversation_of_the_same_id(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let append = async || {
        talk.service().append(by(&talk.ada), "c", vec![said("x")], Some(keyed("key", "x"))).await.unwrap()
    };
    assert!(append().await.1);
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    talk.creates(&talk.ada, "c").await;
    let (appended, is_new) = append().await;
    assert!(is_new, "the new conversation does not have it");
    assert_eq!(talk.messages("c").await, appended.messages);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn append_is_atomic(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let message = |id: &str| json!({ "id": id, "role": "user", "content": "x" });
    let append = async |messages: &[Value]| {
        let body = format!("{messages:?}");
        let messages = messages.iter().cloned().map(new).collect();
        told(talk.service().append(by(&talk.ada), "c", messages, Some(keyed("key", &body))).await)
    };
    let fields = |problems: &domain::contract::Problems| {
        problems.iter().map(|problem| problem.field.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&append(&[]).await), ["messages"]);
    let twice = append(&[message("a"), message("b"), message("a")]).await;
    assert_eq!(fields(&twice), ["messages[2].id"]);
    let wrong = [
        message("a"),
        json!({ "id": "b", "role": "user" }),
        json!({ "role": "user", "parts": [{ "type": "text" }], "model": "a\nb" }),
    ];
    assert_eq!(
        fields(&append(&wrong).await),
        ["messages[1].parts", "messages[2].parts[0]", "messages[2].model"]
    );
    assert_eq!(fields(&append(&wrong[1..2]).await), ["parts"]);
    assert!(talk.messages("c").await.is_empty());
    assert_eq!(
        talk.book.count("bookplate_idempotency").await,
        0,
        "what was refused may be mended and sent again"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_conversations_and_messages_are_bounded(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let bounds = ConversationLimits {
        part_bytes: 100,
        message_bytes: 150,
        parts: 2,
        messages: 3,
        conversations: 2,
        ..ConversationLimits::default()
    };
    let talk = Talk::with(database, Settings { conversations: bounds, ..settings() }).await;
    assert_eq!(*talk.service().limits(), bounds);
    let append =
        async |messages: Vec<NewMessage>| talk.service().append(by(&talk.ada), "c", messages, None).await;
    let outcome = append(vec![said(&"x".repeat(100))]).await;
    assert_eq!(code(outcome), (Code::PartTooLarge, "content".into()));
    let outcome = append(vec![said("x"), said(&"x".repeat(100))]).await;
    assert_eq!(code(outcome), (Code::PartTooLarge, "messages[1].content".into()));
    let raw = new(json!({ "role": "user", "content": "x", "raw": "x".repeat(150) }));
    assert_eq!(code(append(vec![said("x"), raw]).await), (Code::MessageTooLarge, "messages[1]".into()));
    let parts = json!([{ "type": "a" }, { "type": "b" }, { "type": "c" }]);
    let outcome = append(vec![new(json!({ "role": "user", "parts": parts }))]).await;
    assert_eq!(code(outcome), (Code::ValidationError, "parts".into()));
    assert_eq!(code(append((0..4).map(|_| said("x")).collect()).await).0, Code::ConversationFull);
    append((0..3).map(|_| said("x")).collect()).await.unwrap();
    assert_eq!(code(append(vec![said("x")]).await).0, Code::ConversationFull);
    let outcome = append((0..101).map(|_| said("x")).collect()).await;
    assert_eq!(code(outcome), (Code::ValidationError, "messages".into()));

    talk.creates(&talk.ada, "d").await;
    let outcome = talk.service().create(Principal::reader(&talk.ada), super::named("e"), None).await;
    assert_eq!(code(outcome).0, Code::TooManyConversations);
    assert!(
        !talk.service().create(Principal::reader(&talk.ada), super::named("d"), None).await.unwrap().1,
        "it is there"
    );
    let metadata = json!({ "a": "x".repeat(16 * 1024 - 8) });
    assert!(
        talk.service()
            .update(Principal::reader(&talk.ada), "c", changed(json!({ "metadata": metadata })))
            .await
            .is_ok()
    );
    let metadata = json!({ "a": "x".repeat(16 * 1024 - 7) });
    let outcome = talk
        .service()
        .update(Principal::reader(&talk.ada), "c", changed(json!({ "metadata": metadata })))
        .await;
    assert_eq!(code(outcome), (Code::ValidationError, "metadata".into()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn opening_is_the_first_user_message_on_one_line(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let long = format!("{}ö", "a ".repeat(79));
    for (at, (text, opening)) in [
        ("  What is\n\n\ta   bookplate? ", "What is a bookplate?".to_owned()),
        ("\u{7}\u{0}bell", "bell".to_owned()),
        ("\u{202e}turned\u{2066} round", "turned round".to_owned()),
        (&long, format!("{}ö", "a ".repeat(79))),
        (&format!("{long} b!"), format!("{}ö …", "a ".repeat(79))),
        (&"😀".repeat(200), format!("{}…", "😀".repeat(160))),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("o{at}");
        talk.creates(&talk.ada, &id).await;
        let messages = [
            json!({ "role": "system", "content": "rules" }),
            json!({ "role": "assistant", "content": "welcome" }),
            json!({ "role": "user", "parts": [{ "type": "reasoning", "text": "hm" }, { "type": "data-x" }] }),
            json!({ "role": "user", "content": " \n " }),
        ];
        talk.appends(&id, &messages).await;
        assert_eq!(talk.find(&id).await.opening, None, "{at:?} {text:?} {opening:?}");
        talk.says(&id, "m", text).await;
        talk.says(&id, "n", "later").await;
        assert_eq!(talk.find(&id).await.opening, Some(opening), "{text:?}");
    }
    assert_eq!(names(&talk.messages("o0").await).len(), 6);
}
