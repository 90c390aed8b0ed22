//! An expired token may finish the message that it began, and nothing else.

use domain::{Principal, contract::Code};
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{Talk, by, change, code, new, said, words};

fn late<'a>(user_id: &'a str, token: &'a str) -> Principal<'a> {
    Principal { token_id: Some(token), expired: true, ..Principal::reader(user_id) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_token_finishes_the_message_it_began(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.appends("c", &[json!({ "id": "m", "role": "assistant", "content": "He", "status": "in_progress" })])
        .await;
    let update =
        async |body| talk.service().update_message(late(&talk.ada, "token"), "c", "m", change(body)).await;
    let message = update(json!({ "content": "Hell" })).await.unwrap();
    assert_eq!((words(&message).as_str(), message.status.name()), ("Hell", "in_progress"));
    let message = update(json!({ "content": "Hello", "status": "complete" })).await.unwrap();
    assert_eq!((words(&message).as_str(), message.status.name()), ("Hello", "complete"));
    assert_eq!(code(update(json!({ "content": "Bye" })).await).0, Code::InvalidToken, "it is finished");
    assert_eq!(words(&talk.messages("c").await[0]), "Hello");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_token_can_do_nothing_else(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let begun = json!({ "id": "m", "role": "assistant", "content": "He", "status": "in_progress" });
    talk.appends("c", &[begun.clone(), json!({ "id": "whole", "role": "user", "content": "x" })]).await;
    let rows = talk.book.database.rows().await;
    let (service, own) = (talk.service(), late(&talk.ada, "token"));
    let finish = || change(json!({ "status": "complete" }));
    assert_eq!(code(service.append(own, "c", vec![said("x")], None).await).0, Code::InvalidToken);
    assert_eq!(code(service.append(own, "c", vec![new(begun)], None).await).0, Code::InvalidToken);
    assert_eq!(code(service.append(own, "never", vec![said("x")], None).await).0, Code::InvalidToken);
    assert_eq!(code(service.update_message(own, "c", "whole", finish()).await).0, Code::InvalidToken);
    let another = late(&talk.ada, "another");
    assert_eq!(code(service.update_message(another, "c", "m", finish()).await).0, Code::InvalidToken);
    let of_grace = late(&talk.grace, "token");
    assert_eq!(
        code(service.update_message(of_grace, "c", "m", finish()).await).0,
        Code::ConversationNotFound
    );
    assert_eq!(talk.book.database.rows().await, rows);
    // Whose token lives changes anything of the reader's.
    let alive = Principal { token_id: Some("another"), ..by(&talk.ada) };
    assert!(service.update_message(alive, "c", "whole", change(json!({ "content": "y" }))).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_token_cannot_finish_messages_of_others(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let begun = new(json!({ "id": "m", "role": "assistant", "content": "He", "status": "in_progress" }));
    let by_cookie = Principal { token_id: None, ..by(&talk.ada) };
    talk.service().append(by_cookie, "c", vec![begun], None).await.unwrap();
    for token_id in [None, Some("token"), Some("")] {
        let late = Principal { token_id, expired: true, ..Principal::reader(&talk.ada) };
        let outcome =
            talk.service().update_message(late, "c", "m", change(json!({ "status": "error" }))).await;
        assert_eq!(code(outcome).0, Code::InvalidToken, "{token_id:?}");
    }
}
