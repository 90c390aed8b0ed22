//! Precedence of errors (section 2), and the validation of bodies and queries, for every account endpoint.

use serde_json::{Value, json};

use super::{
    CHANGE_EMAIL, CHANGE_PASSWORD, DELETE_USER, DELETION_LINK, LIST_SESSIONS, REQUEST_RESET, RESET_PASSWORD,
    SEND_VERIFICATION, VERIFY_EMAIL, VERIFY_PASSWORD, takes_every_cookie,
};
use crate::app::{TestApp, a_database};

const UNLINK: &str = "/api/auth/unlink-account";
const REVOKE: &str = "/api/auth/revoke-session";

/// A valid body for each write.
fn writes() -> Vec<(&'static str, Value)> {
    vec![
        (
            CHANGE_PASSWORD,
            json!({ "currentPassword": "quiet paper, ink", "newPassword": "loud paper, chalk" }),
        ),
        (VERIFY_PASSWORD, json!({ "password": "quiet paper, ink" })),
        (CHANGE_EMAIL, json!({ "newEmail": "new@example.com" })),
        (DELETE_USER, json!({})),
        (UNLINK, json!({ "accountId": "x" })),
        (REVOKE, json!({ "token": "x" })),
        ("/api/auth/revoke-other-sessions", json!({})),
        ("/api/auth/revoke-sessions", json!({})),
    ]
}

/// The same for endpoints without a session.
fn open_writes() -> Vec<(&'static str, Value)> {
    vec![
        (REQUEST_RESET, json!({ "email": "ada@example.com" })),
        (RESET_PASSWORD, json!({ "newPassword": "loud paper, chalk", "token": "x" })),
        (SEND_VERIFICATION, json!({ "email": "ada@example.com" })),
    ]
}

fn missing(name: &str) -> String {
    format!("[body.{name}] Invalid input: expected string, received undefined")
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_malformed_body_is_refused_before_authentication() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let typed = |name: &str, expected: &str, received: &str| {
        format!("[body.{name}] Invalid input: expected {expected}, received {received}")
    };
    let address = |name: &str| format!("[body.{name}] Invalid email address");
    let cases = [
        (CHANGE_PASSWORD, json!({}), format!("{}; {}", missing("newPassword"), missing("currentPassword"))),
        (CHANGE_PASSWORD, json!({ "newPassword": "x" }), missing("currentPassword")),
        (
            CHANGE_PASSWORD,
            json!({ "newPassword": 5, "currentPassword": null, "revokeOtherSessions": "maybe" }),
            [
                typed("newPassword", "string", "number"),
                typed("currentPassword", "string", "null"),
                typed("revokeOtherSessions", "boolean", "string"),
            ]
            .join("; "),
        ),
        (VERIFY_PASSWORD, json!({ "password": ["x"] }), typed("password", "string", "array")),
        (CHANGE_EMAIL, json!({}), missing("newEmail")),
        (CHANGE_EMAIL, json!({ "newEmail": "nobody" }), address("newEmail")),
        (CHANGE_EMAIL, json!({ "newEmail": " new@example.com" }), address("newEmail")),
        (CHANGE_EMAIL, json!({ "newEmail": "new@example.com\0" }), address("newEmail")),
        (REQUEST_RESET, json!({}), missing("email")),
        (REQUEST_RESET, json!({ "email": "ada@example.com " }), address("email")),
        (RESET_PASSWORD, json!({}), missing("newPassword")),
        (RESET_PASSWORD, json!({ "newPassword": "x", "token": 5 }), typed("token", "string", "number")),
        (SEND_VERIFICATION, json!({ "email": {} }), typed("email", "string", "object")),
        (SEND_VERIFICATION, json!({ "email": "аda@example.com" }), address("email")),
        (DELETE_USER, json!({ "password": true }), typed("password", "string", "boolean")),
        (DELETE_USER, json!({ "token": 1 }), typed("token", "string", "number")),
        (REVOKE, json!({}), missing("token")),
        (UNLINK, json!({ "accountId": null }), typed("accountId", "string", "null")),
    ];
    let before = app.database.rows().await;
    for (path, body, message) in cases {
        for client in [app.script(), app.browser(), reader.clone()] {
            let reply = client.clone().json(path, body.clone()).await;
            reply.refused(400, "VALIDATION_ERROR");
            assert_eq!(reply.message(), message, "{path} {body}");
        }
    }
    for path in [CHANGE_PASSWORD, VERIFY_PASSWORD, CHANGE_EMAIL, REQUEST_RESET, RESET_PASSWORD, REVOKE] {
        for (body, received) in [("null", "null"), ("[]", "array"), ("5", "number"), ("\"x\"", "string")] {
            let reply = app.script().post(path, "application/json", body).await;
            reply.refused(400, "VALIDATION_ERROR");
            assert_eq!(
                reply.message(),
                format!("[body] Invalid input: expected object, received {received}"),
                "{path}"
            );
        }
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_links_parameters_are_validated_first_and_a_repeated_one_is_a_list() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reset = "/api/auth/reset-password/x";
    let cases = [
        (VERIFY_EMAIL, "", "token", "undefined"),
        (VERIFY_EMAIL, "?callbackURL=/", "token", "undefined"),
        (VERIFY_EMAIL, "?token=a&token=b", "token", "array"),
        (VERIFY_EMAIL, "?token=a&callbackURL=/&callbackURL=/", "callbackURL", "array"),
        (reset, "", "callbackURL", "undefined"),
        (reset, "?callbackURL=/a&callbackURL=/b", "callbackURL", "array"),
        (DELETION_LINK, "", "token", "undefined"),
        (DELETION_LINK, "?token=a&token=a", "token", "array"),
    ];
    for (path, query, name, received) in cases {
        let reply = app.script().get(&format!("{path}{query}")).await;
        reply.refused(400, "VALIDATION_ERROR");
        let expected = format!("[query.{name}] Invalid input: expected string, received {received}");
        assert_eq!(reply.message(), expected, "{path}{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_the_response_is_401_and_a_stale_cookie_is_cleared() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let stale = app.reader("ada@example.com").await;
    stale.clone().json("/api/auth/sign-out", json!({})).await;
    let mut forged = app.browser();
    forged.keep(super::SESSION_COOKIE, "x.y");
    let before = app.database.rows().await;
    for (client, is_stale) in [(app.browser(), false), (app.script(), false), (forged, false), (stale, true)]
    {
        for (path, body) in writes() {
            let reply = client.clone().json(path, body).await;
            reply.refused(401, "UNAUTHORIZED");
            assert_eq!(reply.message(), "Unauthorized", "{path}");
            assert_eq!(takes_every_cookie(&reply), is_stale, "{path}");
            assert!(is_stale || reply.cookies().is_empty(), "{path}");
        }
        for path in [LIST_SESSIONS, "/api/auth/list-accounts"] {
            let reply = client.clone().get(path).await;
            reply.refused(401, "UNAUTHORIZED");
            assert_eq!(takes_every_cookie(&reply), is_stale, "{path}");
        }
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_write_with_a_cookie_from_another_site_changes_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let hostile = [
        (Some("https://evil.example"), "cross-site", "INVALID_ORIGIN"),
        (Some("http://localhost:3001.evil.example"), "cross-site", "INVALID_ORIGIN"),
        (Some("null"), "cross-site", "MISSING_OR_NULL_ORIGIN"),
        (None, "cross-site", "MISSING_OR_NULL_ORIGIN"),
    ];
    for (path, body) in writes().into_iter().chain(open_writes()) {
        for (origin, site, code) in hostile {
            let mut client = reader.clone().without("origin").sending("sec-fetch-site", site);
            if let Some(origin) = origin {
                client.set("origin", origin);
            }
            client.json(path, body.clone()).await.refused(403, code);
        }
        // A browser that names the right site, with a callback that leads away.
        let mut away = body.clone();
        away["callbackURL"] = "https://evil.example/".into();
        reader.clone().json(path, away).await.refused(403, "INVALID_CALLBACK_URL");
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_09_only_json_is_accepted() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    for (path, body) in writes().into_iter().chain(open_writes()) {
        for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
            let reply = reader.clone().post(path, kind, body.to_string()).await;
            reply.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            let expected = format!("Content-Type \"{kind}\" is not allowed. Allowed types: application/json");
            assert_eq!(reply.message(), expected, "{kind:?}");
        }
        let reply = reader.clone().post(path, "application/json", "{").await;
        reply.refused(400, "BAD_REQUEST");
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
        reader.clone().post(path, "application/json", large).await.refused(413, "PAYLOAD_TOO_LARGE");
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        reader.clone().post(path, "application/json", deep).await.refused(400, "BAD_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_account_responses_are_not_cached() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    for (path, body) in open_writes().into_iter().chain(writes()) {
        for body in [json!([]), body] {
            let reply = reader.clone().json(path, body).await;
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{path} {}", reply.status);
        }
    }
    for path in [
        LIST_SESSIONS,
        "/api/auth/list-accounts",
        "/api/auth/verify-email?token=x",
        "/api/auth/verify-email?token=x&callbackURL=/",
        "/api/auth/verify-email",
        "/api/auth/reset-password/x?callbackURL=",
        "/api/auth/reset-password/x?callbackURL=//evil.example",
        "/api/auth/delete-user/callback?token=x",
    ] {
        let reply = reader.clone().get(path).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path} {}", reply.status);
    }
}
