//! Problem documents (RFC 9457).

use std::fmt::Write;

use super::{ALL, Chat, SEARCH, assert_problem, bearing, call};
use crate::app::a_database;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_answered_with_allow() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    for (path, allowed) in [
        (ALL, "GET,HEAD,POST"),
        ("/api/conversations/c", "DELETE,GET,HEAD,PATCH"),
        ("/api/conversations/c/restore", "POST"),
        ("/api/conversations/c/messages", "GET,HEAD,POST"),
        ("/api/conversations/c/messages/m", "GET,HEAD,PATCH"),
        ("/api/conversations/c/messages/m/feedback", "DELETE,PUT"),
        ("/api/conversations/c/events", "GET,HEAD"),
        (SEARCH, "GET,HEAD"),
        (super::ME, "GET,HEAD"),
    ] {
        let known: Vec<&str> = allowed.split(',').collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            if known.contains(&method) {
                continue;
            }
            for client in [&chat.bot, &chat.app.script()] {
                let reply = call(&mut client.clone(), method, path, "").await;
                assert_problem(&reply, 405, "METHOD_NOT_ALLOWED");
                let mut said: Vec<&str> =
                    reply.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
                said.sort_unstable();
                assert_eq!(said.join(","), allowed, "{method} {path}");
            }
        }
    }
    assert_eq!(chat.bot.get("/api/conversations/c").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_api_path_is_a_404_problem() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/Conversations",
        "/api/conversations/",
        "/api/conversations/c/",
        "/api/conversations/c/messages/m/feedback/x",
        "/api/conversations/c/nothing",
        "/api/searches",
        "/api/me/",
        "/api/%ff",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            assert_problem(&call(&mut chat.bot, method, path, "").await, 404, "NOT_FOUND");
            assert_problem(&call(&mut chat.app.script(), method, path, "").await, 404, "NOT_FOUND");
        }
    }
}

/// A snapshot of the problem document of each case.
#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_a_document() {
    let database = a_database().await;
    let bounds = [
        ("BOOKPLATE_MAX_PART_BYTES", "1k"),
        ("BOOKPLATE_MAX_MESSAGE_BYTES", "1k"),
        ("BOOKPLATE_MAX_MESSAGES", "2"),
        ("BOOKPLATE_MAX_CONVERSATIONS", "1"),
    ];
    let chat = Chat::with(database, &bounds).await;
    let messages = "/api/conversations/c/messages";
    let said = r#"{"role":"user","content":"x"}"#;
    let mut keyed = chat.bot.clone().sending("idempotency-key", "key");
    assert_eq!(call(&mut keyed, "POST", messages, said).await.status, 201);
    let part = format!(r#"{{"role":"user","content":"{}"}}"#, "x".repeat(1024));
    let whole = format!(r#"{{"role":"user","content":"x","raw":"{}"}}"#, "x".repeat(1024));
    let body = " ".repeat(64 * 1024 + 1);
    let many = r#"{"messages":[{"role":"user","content":"x"},{"id":"/","role":"user"},{"role":"user","content":"x"}]}"#;
    let several = r#"{"messages":[{"role":"user","content":"x"},{"role":"user","model":"a\nb"}]}"#;
    let parts = r#"{"role":"user","parts":[{"type":"text","text":"é","citations":[{"sourceId":"s","start":0,"end":2}]},{"type":"file"}]}"#;
    let mut elsewhere = chat.ada.clone();
    elsewhere.set("origin", "https://evil.example");
    let no_origin = chat.ada.clone().without("origin").without("sec-fetch-site");
    let bot = chat.bot.clone();
    let cases = [
        ("without a token", chat.app.script(), "GET", ALL, ""),
        ("a wrong token", bearing(&chat.app, "a.b.c"), "GET", ALL, ""),
        ("a page of another site", elsewhere, "POST", ALL, "{}"),
        ("nowhere", no_origin, "POST", ALL, "{}"),
        ("no conversation", bot.clone(), "GET", "/api/conversations/never", ""),
        ("no message", bot.clone(), "GET", "/api/conversations/c/messages/never", ""),
        ("nothing", bot.clone(), "GET", "/api/nothing", ""),
        ("no method", bot.clone(), "PUT", ALL, "{}"),
        ("no json", bot.clone(), "POST", messages, "{"),
        ("a member", bot.clone(), "POST", messages, r#"{"role":"robot"}"#),
        ("nothing said", bot.clone(), "POST", messages, r#"{"role":"user"}"#),
        ("two parts", bot.clone(), "POST", messages, parts),
        ("one of several", bot.clone(), "POST", messages, many),
        ("others of several", bot.clone(), "POST", messages, several),
        ("no change", bot.clone(), "PATCH", "/api/conversations/c", "{}"),
        ("a taken name", bot.clone(), "POST", ALL, r#"{"id":"export"}"#),
        ("no head", bot.clone(), "PATCH", "/api/conversations/c", r#"{"headId":"never"}"#),
        ("no feedback", bot.clone(), "PUT", "/api/conversations/c/messages/m/feedback", r#"{"value":2}"#),
        ("another role", bot.clone(), "POST", messages, r#"{"id":"m","role":"user","content":"x"}"#),
        ("a large part", bot.clone(), "POST", messages, &part),
        ("a large message", bot.clone(), "POST", messages, &whole),
        ("a large body", bot.clone(), "POST", messages, &body),
        ("a cursor", bot.clone(), "GET", "/api/conversations?cursor=x", ""),
        ("a limit", bot.clone(), "GET", "/api/conversations?limit=1000", ""),
        ("no words", bot.clone(), "GET", "/api/search?q=", ""),
        ("a used key", keyed, "POST", messages, r#"{"role":"user","content":"y"}"#),
        ("full", bot.clone(), "POST", messages, said),
        ("too many", bot.clone(), "POST", ALL, "{}"),
        ("an event", bot.clone().sending("last-event-id", "x"), "GET", "/api/conversations/c/events", ""),
    ];
    let mut documents = String::new();
    for (name, mut client, method, path, body) in cases {
        let reply = call(&mut client, method, path, body).await;
        let document = reply.json();
        assert_problem(&reply, reply.status.as_u16(), document["code"].as_str().unwrap());
        writeln!(documents, "{name}\n{}", serde_json::to_string_pretty(&document).unwrap()).unwrap();
    }
    let form = bot.clone().post(messages, crate::client::FORM, "role=user").await;
    assert_problem(&form, 415, "UNSUPPORTED_MEDIA_TYPE");
    writeln!(documents, "a form\n{}", serde_json::to_string_pretty(&form.json()).unwrap()).unwrap();
    insta::assert_snapshot!(documents);
}
