//! Security 36: messages are stored and served unchanged, and limited.

use http::{Method, header};
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{ALL, Chat, JSON, assert_headers, assert_problem, call, call_json, fields};

const MESSAGES: &str = "/api/conversations/c/messages";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_a_message_is_served_unchanged(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let parts = r#"[{"type":"text","text":"<script>alert(1)</script>\u2028&amp;\u0000\u202e\ud83d\ude00 é","x" : 1.0},{"z":1,"type":"data-x","a":[ 1e2, -0 ]}]"#;
    let raw = r#"{"b":1,"a":2,"b":3,"n":12345678901234567890.10}"#;
    let body = format!(r#"{{"id":"kept","role":"user","parts":{parts},"raw":{raw},"metadata":{{"k" :[]}}}}"#);
    let added = call(&mut chat.bot, "POST", MESSAGES, &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let message = format!("{MESSAGES}/kept");
    for path in [message.as_str(), MESSAGES] {
        for client in [&chat.bot, &chat.ada] {
            let reply = client.clone().get(path).await;
            assert_headers(&reply);
            assert_eq!(reply.header("content-type"), Some(JSON));
            let text = reply.text();
            assert!(text.contains(&format!("\"parts\":{parts}")), "{text}");
            assert!(
                text.contains(&format!("\"raw\":{raw}")) && text.contains(r#""metadata":{"k" :[]}"#),
                "{text}"
            );
        }
    }
    let again = call(&mut chat.bot, "POST", MESSAGES, &body).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &added.body), "to the letter the same");
}

const BOUNDS: [(&str, &str); 4] = [
    ("BOOKPLATE_MAX_PART_BYTES", "1k"),
    ("BOOKPLATE_MAX_MESSAGE_BYTES", "2k"),
    ("BOOKPLATE_MAX_MESSAGES", "3"),
    ("BOOKPLATE_MAX_CONVERSATIONS", "2"),
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_messages_bodies_and_pages_are_limited(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::with(database, &BOUNDS).await;
    let text = |length: usize| json!({ "type": "text", "text": "x".repeat(length - 25) });
    let sent = async |bot: &mut crate::client::Client, body: serde_json::Value| {
        let post = call_json(bot, "POST", MESSAGES, body.clone()).await;
        let mut change = body;
        change.as_object_mut().unwrap().remove("role");
        change.as_object_mut().unwrap().remove("id");
        let patch = call_json(bot, "PATCH", &format!("{MESSAGES}/m"), change).await;
        assert_eq!(post.status.is_success(), patch.status.is_success(), "{} {}", post.text(), patch.text());
        post
    };
    let message = |parts: serde_json::Value| json!({ "id": "a", "role": "user", "parts": parts });
    assert_eq!(sent(&mut chat.bot, message(json!([text(1024)]))).await.status, 201);
    let reply = sent(&mut chat.bot, message(json!([text(30), text(1025)]))).await;
    assert_problem(&reply, 413, "PART_TOO_LARGE");
    assert_eq!(fields(&reply), ["parts[1]"]);
    assert_eq!(sent(&mut chat.bot, message(json!([text(1024), text(1021)]))).await.status, 200);
    let reply = sent(&mut chat.bot, message(json!([text(1024), text(1022)]))).await;
    assert_problem(&reply, 413, "MESSAGE_TOO_LARGE");
    // What is there already counts.
    let raw = json!({ "raw": "x".repeat(100) });
    let reply = call_json(&mut chat.bot, "PATCH", "/api/conversations/c/messages/a", raw).await;
    assert_problem(&reply, 413, "MESSAGE_TOO_LARGE");
    let many = vec![json!({ "type": "x" }); 201];
    let reply = sent(&mut chat.bot, message(many.into())).await;
    assert_problem(&reply, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["parts"]);
    // A body holds four messages, or what any body may hold.
    let padded =
        |bytes: usize| format!("{}{}", r#"{"id":"a","role":"user","content":"x"}"#, " ".repeat(bytes - 38));
    assert_eq!(call(&mut chat.bot, "POST", MESSAGES, &padded(64 * 1024)).await.status, 200);
    for (method, path) in [
        ("POST", MESSAGES),
        ("POST", ALL),
        ("PATCH", "/api/conversations/c"),
        ("PATCH", "/api/conversations/c/messages/m"),
        ("PUT", "/api/conversations/c/messages/m/feedback"),
    ] {
        let reply = call(&mut chat.bot, method, path, &padded(64 * 1024 + 1)).await;
        assert_problem(&reply, 413, "PAYLOAD_TOO_LARGE");
        assert!(reply.text().contains("at most 65536 bytes"), "{}", reply.text());
    }
    let several = json!({ "messages": vec![json!({ "role": "user", "content": "x" }); 101] });
    let reply = call_json(&mut chat.bot, "POST", MESSAGES, several).await;
    assert_problem(&reply, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["messages"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_a_page_is_limited_in_bytes_too(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let part = json!({ "type": "text", "text": "x".repeat(120_000) });
    for at in 0..20 {
        let message = json!({ "id": format!("m{at}"), "role": "user", "parts": [part, part, part, part] });
        assert_eq!(call_json(&mut chat.bot, "POST", MESSAGES, message).await.status, 201, "{at:?}");
    }
    let (mut seen, mut pages, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = chat.bot.get(&format!("{MESSAGES}?limit=100{cursor}")).await.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        pages.push(items.len());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // Before them there is a small one.
    assert_eq!(pages, [9, 8, 4]);
    assert_eq!(seen[1..], (0..20).map(|at| format!("m{at}")).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_conversations_are_limited(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::with(database, &BOUNDS).await;
    let two = json!({ "messages": [{ "role": "user", "content": "x" }, { "role": "user", "content": "x" }] });
    assert_eq!(call_json(&mut chat.bot, "POST", MESSAGES, two.clone()).await.status, 201);
    assert_problem(&call_json(&mut chat.bot, "POST", MESSAGES, two).await, 422, "CONVERSATION_FULL");
    assert_eq!(call(&mut chat.bot, "POST", ALL, r#"{"id":"d"}"#).await.status, 201);
    assert_problem(&call(&mut chat.bot, "POST", ALL, "{}").await, 422, "TOO_MANY_CONVERSATIONS");
    assert_eq!(call(&mut chat.grace_bot, "POST", ALL, "{}").await.status, 201, "each reader for themselves");
    // One that was deleted makes room, and cannot come back when that is taken.
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/d", "").await.status, 204);
    assert_eq!(call(&mut chat.bot, "POST", ALL, r#"{"id":"e"}"#).await.status, 201);
    let reply = call(&mut chat.bot, "POST", "/api/conversations/d/restore", "").await;
    assert_problem(&reply, 422, "TOO_MANY_CONVERSATIONS");
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/e", "").await.status, 204);
    assert_eq!(call(&mut chat.bot, "POST", "/api/conversations/d/restore", "").await.status, 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_json_that_parsers_reject_is_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (value, field) in [
        (r#"{"role":"user","content":"x","raw":"\ud800"}"#.to_owned(), "raw"),
        (r#"{"role":"user","parts":[{"type":"text","text":"\udc00"}]}"#.to_owned(), "parts[0]"),
        (format!(r#"{{"role":"user","content":"x","raw":{}}}"#, deep(200)), "raw"),
        (format!(r#"{{"role":"user","parts":[{}]}}"#, deep(200)), "parts[0]"),
    ] {
        let reply = call(&mut chat.bot, "POST", MESSAGES, &value).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{field}: {}", reply.text());
        let code = if reply.status == 400 { "BAD_REQUEST" } else { "VALIDATION_ERROR" };
        assert_problem(&reply, reply.status.as_u16(), code);
        let several = format!(r#"{{"messages":[{value}]}}"#);
        let within = call(&mut chat.bot, "POST", MESSAGES, &several).await;
        assert!(within.status.is_client_error(), "{field}: {}", within.text());
    }
    for body in ["NaN", "{", "", "[]", "null", "\"x\"", "{\"role\":\"user\",\"content\":\"a\nb\"}"] {
        let reply = call(&mut chat.bot, "POST", MESSAGES, body).await;
        assert!([400, 422, 415].contains(&reply.status.as_u16()), "{body:?}: {}", reply.text());
        assert_headers(&reply);
    }
    assert_eq!(chat.bot.get(MESSAGES).await.json()["items"].as_array().unwrap().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_a_body_is_json_and_not_compressed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let before = chat.stored().await;
    for (method, route, body) in super::writes().filter(|(.., body)| !body.is_empty()) {
        let path = super::path(route, "c", "m");
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""]
        {
            let request = chat.bot.request(method.clone(), &path).header(header::CONTENT_TYPE, kind);
            let reply = chat.bot.send(request, body).await;
            assert_problem(&reply, 415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let bare = chat.bot.request(method.clone(), &path);
        assert_problem(&chat.bot.send(bare, body).await, 415, "UNSUPPORTED_MEDIA_TYPE");
        let packed = chat.bot.request(method.clone(), &path).header(header::CONTENT_TYPE, JSON);
        let packed = packed.header(header::CONTENT_ENCODING, "gzip");
        assert_problem(&chat.bot.send(packed, body).await, 415, "UNSUPPORTED_MEDIA_TYPE");
        let nothing = chat.bot.request(method, &path).header(header::CONTENT_TYPE, JSON);
        assert_problem(&chat.bot.send(nothing, "").await, 400, "BAD_REQUEST");
    }
    assert_eq!(chat.stored().await, before);
    let request = chat
        .bot
        .request(Method::POST, MESSAGES)
        .header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
    assert_eq!(chat.bot.send(request, r#"{"role":"user","content":"x"}"#).await.status, 201);
}

/// serde reads structs from arrays, too.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_an_array_is_not_accepted_as_an_object(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let before = chat.stored().await;
    let message = json!(["n", null, "user", null, "hello", "complete", null, null, null, null, null]);
    for (method, path, body) in [
        ("POST", ALL, json!([])),
        ("POST", ALL, json!(["named", "title"])),
        ("PATCH", "/api/conversations/c", json!(["renamed"])),
        ("POST", MESSAGES, message.clone()),
        ("POST", MESSAGES, json!({ "messages": [message] })),
        ("POST", MESSAGES, json!({ "role": "user", "parts": [["text"]] })),
        ("PATCH", "/api/conversations/c/messages/m", json!([null, "changed"])),
        ("PATCH", "/api/conversations/c/messages/m", json!({ "parts": [["own"]] })),
        ("PUT", "/api/conversations/c/messages/m/feedback", json!([1])),
    ] {
        let reply = call_json(&mut chat.bot, method, path, body.clone()).await;
        assert_eq!(reply.status, 422, "{method} {path} {body}: {}", reply.text());
    }
    assert_eq!(chat.stored().await, before);
}
