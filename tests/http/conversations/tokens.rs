//! Accepted tokens, and the errors for all others.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{ALL, Chat, ME, ROUTES, assert_problem, bearing, call, drawn, path};
use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_bookplate_is_accepted_under_every_spelling_of_the_scheme() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    let token = drawn(&mut chat.ada, "").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let mut bot = chat.app.script().sending("authorization", &format!("{scheme} {token}"));
        assert_eq!(bot.get(ME).await.json()["email"], "ada@example.com", "{scheme}");
        let reply = bot.get("/api/conversations/c").await;
        assert_eq!(reply.status, 200, "{scheme}");
        assert!(reply.cookies().is_empty(), "{scheme:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_every_other_token_is_refused_with_www_authenticate() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    let good = drawn(&mut chat.ada, "").await;
    let [head, claims, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let mut other: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    other["sub"] = json!("someone else");
    let refused = [
        format!("Bearer {head}.{}.{signature}", URL_SAFE_NO_PAD.encode(other.to_string())),
        format!("Bearer {head}.{claims}."),
        format!("Bearer {good}x"),
        format!("Bearer{good}"),
        format!("Basic {good}"),
        good.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
        format!("Bearer {}", "x".repeat(20_000)),
    ];
    for header in refused {
        // A cookie beside it does not help: who sends a token means it.
        for client in [chat.app.script(), chat.ada.clone()] {
            let mut client = client.sending("authorization", &header);
            for (method, route, body) in ROUTES.into_iter().filter(|(method, ..)| *method != "HEAD") {
                let reply = call(&mut client, method, &path(route, "c", "m"), body).await;
                assert_problem(&reply, 401, "INVALID_TOKEN");
                assert_eq!(
                    reply.header("www-authenticate"),
                    Some("Bearer error=\"invalid_token\""),
                    "{header}"
                );
                let said = reply.json()["detail"].as_str().unwrap().to_owned();
                assert!(said.contains("/api/auth/token") && said.contains("expired"), "{said}");
                assert!(!said.contains(&header) || header.len() < 8, "{said}");
            }
        }
    }
    // Neither does an address.
    let reply = chat.app.script().get(&format!("{ALL}?access_token={good}&token={good}")).await;
    assert_problem(&reply, 401, "UNAUTHORIZED");
    let said = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(said.contains("Authorization: Bearer") && said.contains("GET /api/auth/token"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_a_session_token_is_no_bearer_token_here() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_BEARER_SESSIONS", "true")]).await;
    let mut ada = app.reader("ada@example.com").await;
    let session =
        ada.get("/api/auth/get-session").await.json()["session"]["token"].as_str().unwrap().to_owned();
    assert_eq!(bearing(&app, &session).get("/api/auth/user").await.status, 200, "where it is meant for");
    let reply = bearing(&app, &session).get(ALL).await;
    assert_problem(&reply, 401, "INVALID_TOKEN");
    assert!(
        reply.json()["detail"].as_str().unwrap().contains("a session's own token is none"),
        "{}",
        reply.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticated_user_is_rate_limited_across_addresses() {
    let database = a_database().await;
    let app = TestApp::declared(database, &[("BOOKPLATE_LIMIT_CONVERSATIONS", "9/10")], "").await;
    let mut chat = Chat::of(app).await;
    app_is_quiet(&chat);
    let mut statuses = Vec::new();
    for at in 0..10 {
        let mut bot = chat.bot.clone().at(&format!("192.0.2.{}", 20 + at));
        statuses.push(bot.get(ALL).await.status.as_u16());
    }
    assert_eq!(statuses, [[200; 9].as_slice(), &[429]].concat(), "from as many addresses as they like");
    let reply = chat.ada.get("/api/conversations/c").await;
    assert_problem(&reply, 429, "TOO_MANY_REQUESTS");
    assert_eq!((reply.header("retry-after"), reply.header("x-retry-after")), (Some("10"), Some("10")));
    assert_eq!(reply.json()["retryAfter"], 10);
    assert_eq!(chat.grace_bot.get(ALL).await.status, 200, "nobody else is hit, at the same address");
    // Writing is counted apart from reading.
    assert_eq!(call(&mut chat.bot, "POST", ALL, "{}").await.status, 201);
    chat.app.ports.clock.advance_seconds(10);
    assert_eq!(chat.bot.get(ALL).await.status, 200);
    let mut written = 0;
    while call(&mut chat.bot, "POST", ALL, "{}").await.status == 201 {
        written += 1;
    }
    assert_eq!(written, 9);
    let refused = call(&mut chat.bot, "POST", ALL, "{").await;
    assert_problem(&refused, 429, "TOO_MANY_REQUESTS");
}

/// Setting up has not used any of the rate limits tested here.
fn app_is_quiet(chat: &Chat) {
    chat.app.ports.clock.advance_seconds(10);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_authentication_is_rate_limited_by_address() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_REQUESTS", "5/10")]).await;
    let mut guessing = bearing(&app, "a.b.c");
    for _ in 0..5 {
        assert_problem(&guessing.get(ALL).await, 401, "INVALID_TOKEN");
    }
    assert_problem(&guessing.get(ALL).await, 429, "TOO_MANY_REQUESTS");
    assert_problem(&app.script().get(ALL).await, 429, "TOO_MANY_REQUESTS");
    assert_problem(&app.script().at("192.0.2.99").get(ALL).await, 401, "UNAUTHORIZED");
}
