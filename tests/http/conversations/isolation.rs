//! Security 35: every route checks the owner of a conversation.

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{ALL, Chat, SEARCH, assert_problem, call, call_json, of_a_conversation, path};

/// Invalid ids, and some that try to reach another user's.
const NEVER: [&str; 12] = [
    "never",
    "C",
    "%63c",
    "c%00",
    "c%2f",
    "%2e%2e",
    "c%20",
    "c%ff",
    "%E2%80%AE",
    "'%20or%201=1--",
    "c;",
    "%F0%9F%93%9A",
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_another_users_conversation_looks_nonexistent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let before = chat.stored().await;
    for client in [chat.grace.clone(), chat.grace_bot.clone()] {
        for (method, route, body) in of_a_conversation() {
            let mut client = client.clone();
            let foreign = call(&mut client, method, &path(route, "c", "m"), body).await;
            assert_eq!(foreign.status, 404, "{method} {route}");
            if method != "HEAD" {
                assert_problem(&foreign, 404, "CONVERSATION_NOT_FOUND");
            }
            for id in NEVER {
                let unknown = call(&mut client, method, &path(route, id, "m"), body).await;
                assert_eq!(unknown.body, foreign.body, "{method} {route} {id}");
                assert_eq!(
                    (unknown.status, &unknown.headers),
                    (foreign.status, &foreign.headers),
                    "{method} {route} {id}"
                );
            }
        }
    }
    assert_eq!(chat.stored().await, before, "nothing has changed");
    // Deleted, it is as unknown to everybody else as before, and cannot be brought back by them.
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/c", "").await.status, 204);
    for (method, route, body) in of_a_conversation().filter(|(method, ..)| *method != "HEAD") {
        let reply = call(&mut chat.grace_bot, method, &path(route, "c", "m"), body).await;
        assert_problem(&reply, 404, "CONVERSATION_NOT_FOUND");
    }
    assert_eq!(call(&mut chat.bot, "POST", "/api/conversations/c/restore", "").await.status, 200);
    for (method, route, body) in of_a_conversation().filter(|(_, route, _)| route.contains("{m}")) {
        for id in NEVER {
            let reply = call(&mut chat.bot, method, &path(route, "c", id), body).await;
            assert_problem(&reply, 404, "MESSAGE_NOT_FOUND");
        }
    }
    // And all of it works for the reader whose it is, or the table above would say nothing.
    for (method, route, body) in of_a_conversation() {
        let reply = call(&mut chat.bot, method, &path(route, "c", "m"), body).await;
        assert!(reply.status.is_success(), "{method} {route}: {}", reply.text());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_nothing_of_another_user_is_listed_or_found(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    for list in [ALL, "/api/conversations?status=archived", SEARCH] {
        let reply = chat.grace_bot.get(list).await;
        assert_eq!(reply.json(), json!({ "items": [], "nextCursor": null }), "{list}");
    }
    assert_eq!(chat.bot.get(SEARCH).await.json()["items"].as_array().unwrap().len(), 1);
    // A name that another reader has used is free, and says so to nobody.
    let made = call(&mut chat.grace_bot, "POST", ALL, r#"{"id":"c"}"#).await;
    assert_eq!((made.status.as_u16(), &made.json()["messageCount"]), (201, &json!(0)));
    let message = json!({ "id": "m", "role": "user", "content": "glue", "parentId": null });
    let added = call_json(&mut chat.grace_bot, "POST", "/api/conversations/c/messages", message).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let of_ada = chat.bot.get("/api/conversations/c/messages/m").await.json();
    assert_eq!(of_ada["parts"][0]["text"], "paper");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_cursors_and_idempotency_keys_are_bound_to_their_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    for mut client in [chat.bot.clone(), chat.grace_bot.clone()] {
        for id in ["c", "d"] {
            call_json(&mut client, "POST", ALL, json!({ "id": id })).await;
        }
        let message = json!({ "role": "user", "content": "paper" });
        let several = json!({ "messages": [message, message] });
        call_json(&mut client, "POST", "/api/conversations/c/messages", several).await;
    }
    for list in ["/api/conversations?", "/api/conversations/c/messages?", "/api/search?q=paper&"] {
        let page = chat.bot.get(&format!("{list}limit=1")).await.json();
        let cursor = page["nextCursor"].as_str().unwrap().to_owned();
        let next = format!("{list}limit=1&cursor={cursor}");
        assert_eq!(chat.bot.get(&next).await.status, 200, "{list}");
        assert_eq!(chat.ada.get(&next).await.status, 200, "{list}: the same reader in a browser");
        let reply = chat.grace_bot.get(&next).await;
        assert_problem(&reply, 422, "INVALID_CURSOR");
        assert_eq!(super::fields(&reply), ["cursor"], "{list:?}");
        let changed = format!("{list}cursor={}", cursor.replace(&cursor[..1], "_"));
        assert_problem(&chat.bot.get(&changed).await, 422, "INVALID_CURSOR");
    }
    let message = || json!({ "role": "user", "content": "keyed" });
    for client in [&chat.bot, &chat.grace_bot] {
        let mut client = client.clone().sending("idempotency-key", "key");
        let reply = call_json(&mut client, "POST", "/api/conversations/c/messages", message()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_deleted_or_signed_out_user_reads_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    assert_eq!(call(&mut chat.ada, "POST", "/api/auth/sign-out", "{}").await.status, 200);
    for (method, route, body) in super::ROUTES.into_iter().filter(|(method, ..)| *method != "HEAD") {
        let reply = call(&mut chat.bot, method, &path(route, "c", "m"), body).await;
        assert_problem(&reply, 401, "INVALID_TOKEN");
    }
    let password = json!({ "password": crate::app::PASSWORD });
    assert_eq!(call(&mut chat.grace_bot, "POST", ALL, r#"{"id":"g"}"#).await.status, 201);
    assert_eq!(call_json(&mut chat.grace, "POST", "/api/auth/delete-user", password).await.status, 200);
    assert_problem(&chat.grace_bot.get(ALL).await, 401, "INVALID_TOKEN");
    assert_eq!(chat.app.database.number("select count(*) from bookplate_conversations").await, 1, "Ada's");
}
