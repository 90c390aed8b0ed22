//! Feedback on messages.

use domain::Principal;
use domain::contract::{
    Code,
    conversations::{FeedbackValue, NewFeedback, read_json},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{Talk, code};

fn feedback(body: Value) -> NewFeedback {
    read_json(body.to_string().as_bytes()).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_stored_replaced_and_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let before = talk.says("c", "m", "x").await;
    let service = talk.service();
    let good = feedback(json!({ "value": 1, "comment": " “Yes” \n", "tags": ["clear"] }));
    let message = service.set_feedback(Principal::reader(&talk.ada), "c", "m", good).await.unwrap();
    let given = message.feedback.clone().unwrap();
    assert_eq!((given.value, given.comment.as_deref()), (FeedbackValue::Good, Some("“Yes”")));
    assert_eq!(given.tags, ["clear"]);
    talk.book.ports.clock.advance_seconds(9);
    let message = service
        .set_feedback(Principal::reader(&talk.ada), "c", "m", feedback(json!({ "value": -1 })))
        .await
        .unwrap();
    let replaced = message.feedback.clone().unwrap();
    assert_eq!((replaced.value, replaced.comment, replaced.tags), (FeedbackValue::Bad, None, Vec::new()));
    assert_eq!(replaced.updated_at, given.updated_at.plus_seconds(9));
    assert_eq!((message.updated_at, &message.parts), (before.updated_at, &before.parts));
    assert_eq!(talk.messages("c").await, [message]);
    // A message that is changed keeps what was thought of it.
    let changed = super::change(json!({ "content": "y" }));
    let message = service.update_message(super::by(&talk.ada), "c", "m", changed).await.unwrap();
    assert!(message.feedback.is_some());
    for _ in 0..2 {
        assert_eq!(
            service.clear_feedback(Principal::reader(&talk.ada), "c", "m").await.unwrap().feedback,
            None
        );
        assert_eq!(talk.messages("c").await[0].feedback, None);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn invalid_feedback_is_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "x").await;
    for (body, field) in [
        (json!({ "value": 1, "comment": "x".repeat(2001) }), "comment"),
        (json!({ "value": 1, "tags": [""] }), "tags"),
    ] {
        let outcome =
            talk.service().set_feedback(Principal::reader(&talk.ada), "c", "m", feedback(body)).await;
        assert_eq!(code(outcome), (Code::ValidationError, field.into()), "{field:?}");
    }
    let outcome = talk
        .service()
        .set_feedback(Principal::reader(&talk.ada), "c", "never", feedback(json!({ "value": 1 })))
        .await;
    assert_eq!(code(outcome).0, Code::MessageNotFound);
    assert_eq!(
        code(talk.service().clear_feedback(Principal::reader(&talk.ada), "c", "never").await).0,
        Code::MessageNotFound
    );
    assert_eq!(talk.find("c").await.revision, 1);
}
