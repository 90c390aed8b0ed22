//! Overload, or no database: a quick 503 with Retry-After.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    app::{TestApp, a_database},
    client::READER,
    reply::Reply,
};

#[track_caller]
fn come_back(reply: &Reply, seconds: &str, code: &str) {
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("retry-after"), Some(seconds));
    assert!(reply.cookies().is_empty() && reply.location().is_none());
    if reply.header("content-type") == Some("application/json") {
        reply.refused(503, code);
    } else {
        assert!(reply.page().one("main").text.contains("gain"), "it says to try again: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_28_a_busy_hasher_is_a_503_for_forms_and_json_and_nothing_is_stored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    app.ports.hasher.set_busy(true);
    let grace = READER.with("email", "grace@example.com");
    for (path, fields) in [("/sign-in", &READER), ("/sign-up", &grace)] {
        let reply = app.browser().form(path, fields.clone()).await;
        come_back(&reply, "2", "SERVICE_BUSY");
        let page = reply.page();
        assert!(page.title().starts_with("Error: "), "{path:?}");
        assert_eq!(
            page.problem_title(),
            Some("Many people are signing in right now. Try again in a few seconds."),
            "{path:?}"
        );
        assert_eq!(page.value("email").as_deref(), fields.get("email"), "nothing has to be typed again");
        let reply = app.browser().json(&format!("/api/auth{path}/email"), fields.json()).await;
        come_back(&reply, "2", "SERVICE_BUSY");
    }
    let unknown = READER.with("email", "nobody@example.com");
    come_back(&app.browser().form("/sign-in", unknown).await, "2", "SERVICE_BUSY");
    assert_eq!(app.database.rows().await, before);
    app.ports.hasher.set_busy(false);
    assert_eq!(app.browser().form("/sign-up", grace).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_28_while_the_hasher_is_busy_other_requests_are_answered() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.ports.hasher.set_busy(true);
    for path in ["/", "/account", "/api/auth/get-session", "/api/auth/token", "/api/auth/ok"] {
        assert_eq!(reader.get(path).await.status, 200, "{path}");
    }
    assert_eq!(reader.form("/sign-out", READER).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_database_is_a_503_for_forms_and_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.database.close().await;
    let begun = Instant::now();
    for path in ["/", "/account", "/sign-in", "/sign-out"] {
        let reply = reader.get(path).await;
        come_back(&reply, "5", "SERVICE_UNAVAILABLE");
        assert_eq!(reply.page().one("h1").text, "Back in a moment", "{path:?}");
    }
    for path in ["get-session", "session", "token", "user"] {
        come_back(&reader.get(&format!("/api/auth/{path}")).await, "5", "SERVICE_UNAVAILABLE");
    }
    for path in ["sign-out", "session/refresh", "update-user", "sign-in/email", "sign-up/email"] {
        let reply = reader.json(&format!("/api/auth/{path}"), READER.json()).await;
        come_back(&reply, "5", "SERVICE_UNAVAILABLE");
    }
    for path in ["/sign-in", "/sign-up", "/account", "/sign-out"] {
        come_back(&reader.form(path, READER).await, "5", "SERVICE_UNAVAILABLE");
        let is_sign_in = path.starts_with("/sign-i") || path == "/sign-up";
        if is_sign_in {
            come_back(&app.browser().form(path, READER).await, "5", "SERVICE_UNAVAILABLE");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "waited for the database: {:?}", begun.elapsed());
    assert!(reader.session().is_some(), "nobody is signed out by an outage");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_need_no_database_are_answered_without_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.database.close().await;
    for path in ["/", "/sign-in", "/sign-up", "/api/auth/ok", "/api/auth/jwks", "/api/auth/get-session"] {
        assert_eq!(app.browser().get(path).await.status, 200, "{path}");
    }
    assert_eq!(app.browser().get("/no-such-page").await.status, 404);
    assert_eq!(app.browser().json("/api/auth/sign-out", json!({})).await.status, 200);
    app.browser().json("/api/auth/update-user", json!({})).await.refused(401, "UNAUTHORIZED");
}
