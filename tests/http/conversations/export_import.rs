//! Export and import of conversations.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{ALL, Chat, assert_problem, call, call_json};

const EXPORT: &str = "/api/conversations/export";
const IMPORT: &str = "/api/conversations/import";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_exported_file_can_be_imported_by_another_reader(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let file = chat.bot.get(EXPORT).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, Some("application/json")));
    let imported = call(&mut chat.grace_bot, "POST", IMPORT, file.text()).await;
    assert_eq!(imported.status, 200, "{}", imported.text());
    let one = json!({ "id": "c", "title": null, "messages": 1, "added": 1, "withoutRaw": 0 });
    assert_eq!(imported.json()["refused"], json!([]));
    let mut answered = imported.json()["conversations"][0].clone();
    answered["title"].take();
    assert_eq!(answered, one);
    let refused = call(&mut chat.grace_bot, "POST", IMPORT, r#"{"format":"odd"}"#).await;
    assert_problem(&refused, 422, "VALIDATION_ERROR");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_complete_although_a_conversation_was_deleted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    call_json(&mut chat.bot, "POST", ALL, json!({ "id": "d" })).await;
    call(&mut chat.bot, "DELETE", "/api/conversations/d", "").await;
    let file: Value = chat.bot.get(EXPORT).await.json();
    let ids: Vec<&Value> = file["conversations"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["c"]);
}
