//! Listing and revoking sessions (sections 6.14 to 6.17).

use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{GET_SESSION, LIST_SESSIONS, SESSION_COOKIE, takes_every_cookie};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
};

const ADA: &str = "ada@example.com";
const REVOKE: &str = "/api/auth/revoke-session";

async fn signed_in(app: &TestApp, agent: &str, address: &str) -> Client {
    let mut browser = app.browser().sending("user-agent", agent).at(address);
    let reply = browser.json(super::SIGN_IN, json!({ "email": ADA, "password": PASSWORD })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    browser
}

async fn list(client: &mut Client) -> Vec<Value> {
    let reply = client.get(LIST_SESSIONS).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().unwrap().clone()
}

async fn lives(client: &Client) -> bool {
    client.clone().get(GET_SESSION).await.json().is_object()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_active_sessions_are_listed_by_last_use() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut here = app.reader(ADA).await;
    app.reader("grace@example.com").await;
    app.ports.clock.advance_seconds(600);
    let mut there = signed_in(&app, "Telephone", "2001:db8::7").await;
    app.ports.clock.advance_seconds(600);
    let listed = list(&mut there).await;
    let agents: Vec<_> = listed.iter().map(|session| session["userAgent"].as_str().unwrap()).collect();
    assert_eq!(agents, ["Telephone", "Mozilla/5.0 (a test)"]);
    let own = there.get(GET_SESSION).await.json()["session"].clone();
    assert_eq!(listed[0], own);
    assert_eq!(listed[0]["ipAddress"], "2001:db8::7");
    let mut members: Vec<_> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expected = ["createdAt", "expiresAt", "id", "ipAddress", "token", "updatedAt", "userAgent", "userId"];
    assert_eq!(members, expected);
    app.ports.clock.advance_seconds(600);
    assert_eq!(list(&mut here).await[0]["userAgent"], "Mozilla/5.0 (a test)", "used since");
    // One that has run out is not there any more.
    app.ports.clock.advance_seconds(7 * 86_400 - 1200);
    let mut now = signed_in(&app, "Now", "192.0.2.99").await;
    let agents: Vec<_> = list(&mut now).await.iter().map(|it| it["userAgent"].clone()).collect();
    assert!(!agents.contains(&json!("Mozilla/5.0 (a test)")), "{agents:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_listed_sessions_open_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    let listed = list(&mut reader).await[0].clone();
    for text in [listed["token"].as_str().unwrap(), listed["id"].as_str().unwrap()] {
        let mut thief = app.browser();
        thief.keep(SESSION_COOKIE, text);
        assert!(thief.get(GET_SESSION).await.json().is_null(), "{text:?}");
        let mut bearer = app.script().sending("authorization", &format!("Bearer {text}"));
        assert!(bearer.get(GET_SESSION).await.json().is_null(), "{text:?}");
        for query in ["token", "session_token", "better-auth.session_token", "access_token"] {
            let path = format!("{GET_SESSION}?{query}={text}");
            assert!(app.script().get(&path).await.json().is_null(), "never from an address");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_needs_a_fresh_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    app.ports.clock.advance_seconds(86_400 - 1);
    assert_eq!(list(&mut reader).await.len(), 1);
    app.ports.clock.advance_seconds(1);
    for _ in 0..2 {
        let reply = reader.get(LIST_SESSIONS).await;
        reply.refused(403, "SESSION_NOT_FRESH");
        assert_eq!(reply.message(), "Session is not fresh");
        // Being renewed does not help; signing in again does.
        reader.get(GET_SESSION).await;
    }
    reader
        .json("/api/auth/unlink-account", json!({ "accountId": "x" }))
        .await
        .refused(403, "SESSION_NOT_FRESH");
    assert_eq!(list(&mut signed_in(&app, "Again", "192.0.2.1").await).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_methods_are_listed_and_the_last_one_cannot_be_removed() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    let user_id = reader.get(GET_SESSION).await.json()["user"]["id"].clone();
    let reply = reader.get("/api/auth/list-accounts").await;
    let accounts = reply.json();
    assert_eq!(accounts.as_array().unwrap().len(), 1, "{accounts}");
    let account = &accounts[0];
    let shown = [&account["providerId"], &account["accountId"], &account["userId"], &account["scopes"]];
    assert_eq!(shown, [&json!("credential"), &user_id, &user_id, &json!([])]);
    for secret in ["argon2", "password", "token"] {
        assert!(!reply.text().to_lowercase().contains(secret), "{secret}: {accounts}");
    }
    let unlink = reader.json("/api/auth/unlink-account", json!({ "accountId": account["id"] })).await;
    unlink.refused(400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_revoked_session_ends_at_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut here = app.reader(ADA).await;
    for name in ["token", "id"] {
        let there = signed_in(&app, "Telephone", "192.0.2.7").await;
        let listed = list(&mut here).await;
        let other = listed.iter().find(|session| session["userAgent"] == "Telephone").unwrap();
        let reply = here.json(REVOKE, json!({ "token": other[name] })).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })), "{name:?}");
        assert!(reply.cookies().is_empty() && lives(&here).await && !lives(&there).await, "{name:?}");
        assert_eq!(list(&mut here).await.len(), 1, "{name:?}");
        there.clone().get("/api/auth/token").await.refused(401, "UNAUTHORIZED");
    }
    let own = list(&mut here).await[0]["token"].clone();
    let before = here.clone();
    let reply = here.json(REVOKE, json!({ "token": own })).await;
    assert_eq!(reply.json(), json!({ "status": true }));
    assert!(takes_every_cookie(&reply) && !lives(&before).await);
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_session_looks_nonexistent() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut ada = app.reader(ADA).await;
    let mut grace = app.reader("grace@example.com").await;
    let foreign = list(&mut grace).await[0].clone();
    let unknown = json!("0".repeat(32));
    let mut answers = Vec::new();
    for token in [&foreign["token"], &foreign["id"], &unknown, &json!(""), &json!("no token"), &json!("\0")] {
        let reply = ada.json(REVOKE, json!({ "token": token })).await;
        answers.push((reply.status, reply.headers, reply.body));
    }
    assert_eq!(answers[0].0, 200);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(lives(&grace).await && lives(&ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_every_session_or_every_other_can_be_ended() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut here = app.reader(ADA).await;
    let grace = app.reader("grace@example.com").await;
    let there = signed_in(&app, "Telephone", "192.0.2.7").await;
    let reply = here.json("/api/auth/revoke-other-sessions", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    assert!(reply.cookies().is_empty() && lives(&here).await && !lives(&there).await);
    let there = signed_in(&app, "Telephone", "192.0.2.7").await;
    let before = here.clone();
    let reply = here.json("/api/auth/revoke-sessions", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    assert!(takes_every_cookie(&reply));
    assert!(!lives(&before).await && !lives(&there).await && lives(&grace).await);
    assert_eq!(app.sessions().await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_revoked_session_ends_for_concurrent_requests(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let here = app.reader(ADA).await;
    let there = signed_in(&app, "Telephone", "192.0.2.7").await;
    app.ports.clock.advance_seconds(86_400);
    let mut under_way = tokio::task::JoinSet::new();
    for at in 0..12 {
        let (mut here, mut there) = (here.clone(), there.clone());
        under_way.spawn(async move {
            match at {
                6 => here.json("/api/auth/revoke-other-sessions", json!({})).await,
                _ => there.get(GET_SESSION).await,
            }
        });
    }
    assert!(under_way.join_all().await.iter().all(|reply| reply.status == 200));
    assert!(!lives(&there).await && lives(&here).await);
    assert_eq!(app.sessions().await, 1, "a renewal brings no session back");
}
