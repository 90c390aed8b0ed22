//! Body parsing, and the order of checks (section 2 of the wire).

use http::Method;
use serde_json::json;

use super::{SIGN_IN, SIGN_OUT, SIGN_UP, UPDATE_USER};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

#[tokio::test(flavor = "multi_thread")]
async fn only_json_is_accepted_and_forms_at_sign_up_and_sign_in() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut script = app.script();
    let both = "application/json, application/x-www-form-urlencoded";
    for (path, allowed) in
        [(SIGN_UP, both), (SIGN_IN, both), (SIGN_OUT, "application/json"), (UPDATE_USER, "application/json")]
    {
        for content_type in ["text/plain", "multipart/form-data; boundary=x", "application/jsonx", "nonsense"]
        {
            let reply = script.post(path, content_type, "{}").await;
            reply.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            let message = format!("Content-Type \"{content_type}\" is not allowed. Allowed types: {allowed}");
            assert_eq!(reply.message(), message, "{path}");
        }
        let reply = script.send(script.request(Method::POST, path), "{}").await;
        reply.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(reply.message(), format!("Content-Type is required. Allowed types: {allowed}"), "{path}");
    }
    for path in [SIGN_OUT, UPDATE_USER] {
        script.post(path, FORM, "name=x").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    // Parameters and letter case do not matter.
    let body = READER.json().to_string();
    assert_eq!(app.script().post(SIGN_UP, "Application/JSON; charset=utf-8", body).await.status, 200);
    assert_eq!(app.script().post(SIGN_IN, FORM, READER.form()).await.status, 200);
    let form = READER.with("email", "grace@example.com").form();
    assert_eq!(app.script().post(SIGN_UP, &format!("{FORM}; charset=UTF-8"), form).await.status, 200);
    assert_eq!(app.accounts().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for path in [SIGN_UP, SIGN_IN, SIGN_OUT, UPDATE_USER, "/api/auth/session/refresh"] {
        for body in ["", "{", "{\"a\":}", "undefined", "{} {}", "{'a':1}", "\u{feff}{}", "[1,]"] {
            let reply = app.script().post(path, "application/json", body).await;
            reply.refused(400, "BAD_REQUEST");
            assert_eq!(reply.message(), "Invalid JSON in request body", "{path} {body:?}");
        }
    }
    // Nothing at all is no JSON either, but says so where a schema needs something.
    let mut script = app.script();
    for (path, expected) in [(SIGN_UP, "object"), (SIGN_IN, "object"), (UPDATE_USER, "record")] {
        let reply = script.send(script.request(Method::POST, path), "").await;
        reply.refused(400, "VALIDATION_ERROR");
        assert_eq!(
            reply.message(),
            format!("[body] Invalid input: expected {expected}, received undefined"),
            "{path:?} {expected:?}"
        );
    }
    assert_eq!(script.send(script.request(Method::POST, SIGN_OUT), "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_read_before_the_origin_is_checked() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut stranger = app.reader("ada@example.com").await.sending("origin", "https://evil.example");
    stranger.post(SIGN_IN, "text/plain", "{}").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    stranger.post(SIGN_IN, "application/json", "{").await.refused(400, "BAD_REQUEST");
    stranger.post(SIGN_IN, "application/json", "{}").await.refused(403, "INVALID_ORIGIN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_is_checked_before_the_callback_and_both_before_the_fields() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let everything_wrong = json!({ "callbackURL": "https://evil.example/", "email": 5 });
    let mut stranger = browser.clone().sending("origin", "https://evil.example");
    stranger.json(SIGN_IN, everything_wrong.clone()).await.refused(403, "INVALID_ORIGIN");
    browser.json(SIGN_IN, everything_wrong).await.refused(403, "INVALID_CALLBACK_URL");
    browser.json(SIGN_IN, json!({ "callbackURL": "/", "email": 5 })).await.refused(400, "VALIDATION_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_are_validated_before_authentication() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut script = app.script();
    script.json(UPDATE_USER, json!({ "name": 5 })).await.refused(400, "VALIDATION_ERROR");
    script.json(UPDATE_USER, json!([])).await.refused(400, "VALIDATION_ERROR");
    script.json(UPDATE_USER, json!({ "email": "x@example.com" })).await.refused(401, "UNAUTHORIZED");
    script.json(UPDATE_USER, json!({})).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_the_origin_of_a_sign_in_is_checked_after_the_fields_and_before_the_rules() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut stranger = app.script().sending("origin", "https://evil.example");
    let weak = READER.with("password", "weak");
    stranger.json(SIGN_UP, weak.without("email").json()).await.refused(400, "VALIDATION_ERROR");
    stranger.json(SIGN_UP, weak.json()).await.refused(403, "INVALID_ORIGIN");
    stranger.json(SIGN_IN, json!({ "email": "x" })).await.refused(400, "VALIDATION_ERROR");
    stranger.json(SIGN_IN, READER.with("email", "nobody").json()).await.refused(403, "INVALID_ORIGIN");
    assert_eq!(app.accounts().await, 0);
    assert_eq!(app.ports.hasher.work().hashed + app.ports.hasher.work().verified, 0);
}
