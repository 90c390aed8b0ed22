//! Older names of the endpoints: the same services under other paths.

use serde_json::{Value, json};

use super::{GET_SESSION, SESSION_COOKIE};
use crate::{
    app::{TestApp, a_database},
    client::READER,
};

#[tokio::test(flavor = "multi_thread")]
async fn older_names_lead_to_the_same_services() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let reply = browser.json("/api/auth/signup/email", READER.json()).await;
    assert!(reply.json()["token"].is_string() && reply.json()["user"].is_object());
    let again = app.browser().json("/api/auth/signup/email", READER.json()).await;
    again.refused(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
    let reply = browser.json("/api/auth/signin/email", READER.with("callbackURL", "/x").json()).await;
    assert_eq!((&reply.json()["redirect"], &reply.json()["url"]), (&json!(true), &json!("/x")));
    assert_eq!(browser.get("/api/auth/session").await.json(), browser.get(GET_SESSION).await.json());
    assert_eq!(browser.json("/api/auth/signout", json!({})).await.json(), json!({ "success": true }));
    assert_eq!((app.sessions().await, browser.session()), (0, None));
    let reply = browser.get("/api/auth/session").await;
    assert_eq!((reply.json(), reply.header("pragma")), (Value::Null, Some("no-cache")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_renews_at_once_and_returns_the_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.ports.clock.advance_seconds(60);
    let reply = reader.json("/api/auth/session/refresh", json!({})).await;
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(604_800));
    let body = reply.json();
    assert_eq!(body["session"]["expiresAt"], "2026-11-28T00:01:00.000Z");
    assert_eq!(body["session"]["updatedAt"], "2026-11-21T00:01:00.000Z");
    assert_eq!(reader.get(GET_SESSION).await.json(), body);
    let request = reader.request(http::Method::POST, "/api/auth/session/refresh");
    assert_eq!(reader.send(request, "").await.status, 200, "without a body, too");
    app.browser().json("/api/auth/session/refresh", json!({})).await.refused(401, "UNAUTHORIZED");

    let mut unremembered = app.browser();
    unremembered.json(super::SIGN_IN, READER.with("rememberMe", "false").json()).await;
    app.ports.clock.advance_seconds(3600);
    let reply = unremembered.json("/api/auth/session/refresh", json!({})).await;
    assert_eq!(reply.json()["session"]["expiresAt"], "2026-11-22T01:01:00.000Z");
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn user_returns_the_user_of_the_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let user = reader.get(GET_SESSION).await.json()["user"].clone();
    assert_eq!(reader.get("/api/auth/user").await.json(), json!({ "user": user }));
    let reply = app.script().get("/api/auth/user").await;
    reply.refused(401, "UNAUTHORIZED");
    // RFC 6750 section 3: a challenge without an error, because nothing was sent.
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}
