//! Every endpoint, by token and by cookie.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{ALL, Chat, ME, ROUTES, SEARCH, assert_headers, assert_problem, call, call_json, path};
use crate::{client::Client, reply::Reply};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_conversation_with_a_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let chat = Chat::on(database).await;
    goes_through(chat.bot.clone(), &chat).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_conversation_with_a_cookie(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let chat = Chat::on(database).await;
    goes_through(chat.ada.clone(), &chat).await;
}

#[track_caller]
fn answered(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
    assert_headers(reply);
    if reply.body.is_empty() {
        return Value::Null;
    }
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

async fn goes_through(mut client: Client, chat: &Chat) {
    let client = &mut client;
    let me = answered(&client.get(ME).await, 200);
    assert_eq!((&me["email"], &me["name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
    assert!(me.get("password").is_none() && me.get("token").is_none());

    let body = json!({ "id": "d", "title": "On paper", "metadata": { "folder": 1 } });
    let made = call_json(client, "POST", ALL, body.clone()).await;
    assert_eq!(made.location(), Some("/api/conversations/d"));
    let conversation = answered(&made, 201);
    let expected = json!({
        "id": "d", "title": "On paper", "opening": null, "status": "active", "headId": null,
        "metadata": { "folder": 1 }, "messageCount": 0, "revision": 0,
        "createdAt": "2026-11-21T00:00:00.000Z", "updatedAt": "2026-11-21T00:00:00.000Z", "lastMessageAt": null,
        "clientId": null,
    });
    assert_eq!(conversation, expected);
    let again = call_json(client, "POST", ALL, body).await;
    assert_eq!((answered(&again, 200), again.location()), (expected.clone(), None));
    let unnamed = answered(&call(client, "POST", ALL, "{}").await, 201);
    assert_eq!(unnamed["id"].as_str().unwrap().len(), 36);

    let messages = "/api/conversations/d/messages";
    let said = json!({ "id": "q", "role": "user", "content": "What is vellum?" });
    let added = answered(&call_json(client, "POST", messages, said.clone()).await, 201);
    let question = json!({
        "id": "q", "conversationId": "d", "parentId": null, "seq": 1, "role": "user",
        "parts": [{ "type": "text", "text": "What is vellum?" }], "status": "complete", "model": null, "usage": null,
        "format": null, "raw": null, "metadata": {}, "feedback": null,
        "createdAt": "2026-11-21T00:00:00.000Z", "updatedAt": "2026-11-21T00:00:00.000Z",
    });
    assert_eq!(added, json!({ "messages": [question] }));
    assert_eq!(answered(&call_json(client, "POST", messages, said.clone()).await, 200), added, "sent again");
    let several = json!({ "messages": [said, { "id": "a", "role": "assistant", "content": "C", "status": "in_progress" }] });
    let added = answered(&call_json(client, "POST", messages, several).await, 201);
    assert_eq!((&added["messages"][0], &added["messages"][1]["parentId"]), (&question, &json!("q")));

    let answer = "/api/conversations/d/messages/a";
    let change = json!({ "content": "Calf.", "status": "complete", "usage": { "outputTokens": 3 } });
    let changed = answered(&call_json(client, "PATCH", answer, change).await, 200);
    assert_eq!(
        (&changed["parts"][0]["text"], &changed["usage"]["outputTokens"]),
        (&json!("Calf."), &json!(3))
    );
    assert_eq!(answered(&client.get(answer).await, 200), changed);
    let feedback = format!("{answer}/feedback");
    let given = json!({ "value": -1, "comment": "No.", "tags": ["wrong"] });
    let given = answered(&call_json(client, "PUT", &feedback, given).await, 200);
    let at = "2026-11-21T00:00:00.000Z";
    assert_eq!(given, json!({ "value": -1, "comment": "No.", "tags": ["wrong"], "updatedAt": at }));
    assert_eq!(answered(&client.get(answer).await, 200)["feedback"], given);
    for _ in 0..2 {
        assert_eq!(answered(&call(client, "DELETE", &feedback, "").await, 204), Value::Null);
    }
    assert_eq!(answered(&client.get(answer).await, 200)["feedback"], Value::Null);

    let found = answered(&client.get("/api/search?q=vel").await, 200);
    assert_eq!(found["nextCursor"], Value::Null);
    let hit = json!({
        "conversation": { "id": "d", "title": "On paper", "opening": "What is vellum?" },
        "message": { "id": "q", "seq": 1, "role": "user", "createdAt": "2026-11-21T00:00:00.000Z" },
        "passage": { "beforeCut": false, "afterCut": false, "parts": [
            { "text": "What is ", "matched": false }, { "text": "vellum", "matched": true }, { "text": "?", "matched": false },
        ] },
    });
    assert_eq!(found["items"], json!([hit]));

    let update = json!({ "title": null, "status": "archived", "headId": "q", "metadata": {} });
    let updated = answered(&call_json(client, "PATCH", "/api/conversations/d", update).await, 200);
    assert_eq!(
        (&updated["title"], &updated["status"], &updated["headId"]),
        (&Value::Null, &json!("archived"), &json!("q"))
    );
    assert_eq!(answered(&client.get("/api/conversations/d").await, 200), updated);
    let archived = answered(&client.get("/api/conversations?status=archived").await, 200);
    assert_eq!(archived, json!({ "items": [updated], "nextCursor": null }));

    assert_eq!(answered(&call(client, "DELETE", "/api/conversations/d", "").await, 204), Value::Null);
    assert_problem(&client.get("/api/conversations/d").await, 404, "CONVERSATION_NOT_FOUND");
    chat.app.ports.clock.advance_seconds(599);
    let restored = answered(&call(client, "POST", "/api/conversations/d/restore", "").await, 200);
    assert_eq!((&restored["messageCount"], &restored["status"]), (&json!(2), &json!("archived")));
    assert_eq!(answered(&client.get(messages).await, 200)["items"].as_array().unwrap().len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_every_response_is_json_with_no_store_and_nosniff(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let chat = Chat::on(database).await;
    for client in [&chat.bot, &chat.ada] {
        for (method, route, body) in ROUTES {
            let reply = call(&mut client.clone(), method, &path(route, "c", "m"), body).await;
            assert!(reply.status.is_success(), "{method} {route}: {}", reply.text());
            assert_headers(&reply);
            let kind = reply.header("content-type");
            let expected = match (method, route.ends_with("/events")) {
                ("DELETE", _) => None,
                (_, true) => Some("text/event-stream"),
                _ => Some("application/json"),
            };
            assert_eq!(kind, expected, "{method} {route}");
        }
    }
    let mut stranger = chat.app.script();
    for (method, route, body) in ROUTES.into_iter().filter(|(method, ..)| *method != "HEAD") {
        let reply = call(&mut stranger, method, &path(route, "c", "m"), body).await;
        assert_problem(&reply, 401, "UNAUTHORIZED");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{method} {route}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paginated(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    for at in 1..=4 {
        chat.app.ports.clock.advance_seconds(1);
        let body = json!({ "id": format!("c{at}") });
        call_json(&mut chat.bot, "POST", ALL, body).await;
        let message = json!({ "id": format!("m{at}"), "role": "user", "content": "paper" });
        call_json(&mut chat.bot, "POST", "/api/conversations/c1/messages", message).await;
    }
    for (list, name, expected) in [
        ("/api/conversations?status=active", "/id", "c4 c1 c3 c2 c"),
        ("/api/conversations/c1/messages?", "/id", "m1 m2 m3 m4"),
        ("/api/conversations/c1/messages?order=asc", "/id", "m1 m2 m3 m4"),
        ("/api/conversations/c1/messages?order=desc", "/id", "m4 m3 m2 m1"),
        (SEARCH, "/message/id", "m4 m3 m2 m1 m"),
    ] {
        let (mut items, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = chat.bot.get(&format!("{list}&limit=2{cursor}")).await;
            let page = answered(&page, 200);
            let names = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.pointer(name).unwrap().as_str().unwrap().to_owned());
            items.extend(names);
            pages += 1;
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((items.join(" ").as_str(), pages), (expected, items.len().div_ceil(2)), "{list}");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=1", "limit"),
        ("cursor=a&cursor=a", "cursor"),
    ] {
        for list in [ALL.to_owned() + "?", "/api/conversations/c1/messages?".into(), SEARCH.to_owned() + "&"]
        {
            let reply = chat.bot.get(&format!("{list}{query}")).await;
            assert_problem(&reply, 422, "VALIDATION_ERROR");
            assert_eq!(fields_of(&reply), [field], "{list}{query}");
        }
    }
    for (path, field) in [
        ("/api/conversations?status=deleted", "status"),
        ("/api/conversations/c1/messages?order=up", "order"),
        ("/api/search", "q"),
        ("/api/search?q=%20", "q"),
        ("/api/search?q=a&q=b", "q"),
    ] {
        let reply = chat.bot.get(path).await;
        assert_problem(&reply, 422, "VALIDATION_ERROR");
        assert_eq!(fields_of(&reply), [field], "{path}");
    }
    assert_problem(&chat.bot.get("/api/conversations?cursor=AAAA").await, 422, "INVALID_CURSOR");
}

fn fields_of(reply: &Reply) -> Vec<String> {
    super::fields(reply)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_an_idempotency_key_takes_effect_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let messages = "/api/conversations/c/messages";
    let said = |text: &str| json!({ "role": "user", "content": text });
    let keyed = |key: &str| chat.bot.clone().sending("idempotency-key", key);
    let first = call_json(&mut keyed("k"), "POST", messages, said("one")).await;
    let (first, again) =
        (answered(&first, 201), call_json(&mut keyed(" k "), "POST", messages, said("one")).await);
    assert_eq!(answered(&again, 200), first);
    let other = call_json(&mut keyed("k"), "POST", messages, said("two")).await;
    assert_problem(&other, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(super::fields(&other), ["Idempotency-Key"]);
    for wrong in ["", " ", &"k".repeat(256)] {
        let reply = call_json(&mut keyed(wrong), "POST", messages, said("one")).await;
        assert_problem(&reply, 422, "VALIDATION_ERROR");
        assert_eq!(super::fields(&reply), ["Idempotency-Key"], "{wrong:?}");
    }
    let longest = call_json(&mut keyed(&"k".repeat(255)), "POST", messages, said("one")).await;
    assert_eq!(longest.status, 201);
    let all = answered(&chat.bot.get(messages).await, 200);
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_created_once_for_each_idempotency_key(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let chat = Chat::on(database).await;
    let keyed = |key: &str| chat.bot.clone().sending("idempotency-key", key);
    for (key, body) in [("k", "{}"), ("l", r#"{"title":"Robots"}"#), ("m", r#"{"id":"named"}"#)] {
        let first = call(&mut keyed(key), "POST", ALL, body).await;
        let again = call(&mut keyed(&format!(" {key} ")), "POST", ALL, body).await;
        assert_eq!(first.header("location").is_some(), again.header("location").is_none());
        assert_eq!(answered(&again, 200), answered(&first, 201), "{body}");
        let other = call(&mut keyed(key), "POST", ALL, r#"{"title":"Another"}"#).await;
        assert_problem(&other, 422, "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(super::fields(&other), ["Idempotency-Key"]);
    }
    for wrong in ["", " ", &"k".repeat(256)] {
        let reply = call(&mut keyed(wrong), "POST", ALL, "{}").await;
        assert_problem(&reply, 422, "VALIDATION_ERROR");
        assert_eq!(super::fields(&reply), ["Idempotency-Key"], "{wrong:?}");
    }
    let all = answered(&chat.bot.clone().get(ALL).await, 200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1 + 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_is_answered_without_a_body(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    for (_, route, _) in ROUTES.into_iter().filter(|(method, ..)| *method == "GET") {
        let path = path(route, "c", "m");
        let (head, get) = (call(&mut chat.bot, "HEAD", &path, "").await, chat.bot.get(&path).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{route}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{route}");
        assert_headers(&head);
    }
    let missing = call(&mut chat.bot, "HEAD", "/api/conversations/never", "").await;
    assert_eq!((missing.status.as_u16(), missing.body.len()), (404, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_session_sends_its_cookie(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    assert!(chat.ada.get(ALL).await.cookies().is_empty());
    chat.app.ports.clock.advance_seconds(25 * 3600);
    let reply = chat.ada.get(ALL).await;
    assert_eq!(reply.status, 200);
    assert!(reply.cookie("better-auth.session_token").is_some(), "{:?}", reply.cookies());
    assert!(chat.ada.get(ALL).await.cookies().is_empty());
    let mut ended = chat.ada.clone();
    call(&mut chat.ada, "POST", "/api/auth/sign-out", "{}").await;
    assert_problem(&ended.get(ALL).await, 401, "UNAUTHORIZED");
}
