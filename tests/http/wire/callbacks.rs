//! Callback URLs (section 4.3 of the wire).

use serde_json::json;

use super::{SIGN_IN, SIGN_OUT, SIGN_UP, UPDATE_USER};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

#[tokio::test(flavor = "multi_thread")]
async fn security_18_a_foreign_callback_is_refused_and_named() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let members = [
        ("callbackURL", "INVALID_CALLBACK_URL", "Invalid callbackURL"),
        ("redirectTo", "INVALID_REDIRECT_URL", "Invalid redirectURL"),
        ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"),
        ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"),
    ];
    let hostile = [
        "",
        "dashboard",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "/%2f%2fevil.example",
        "/%5Cevil.example",
        "/a/..//evil.example",
        "/\t/evil.example",
        "/a\0",
        " /account",
        "https://evil.example/x",
        "https://localhost:3001/",
        "http://localhost:3001.evil.example/",
        "http://localhost:3001@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:localhost:3001",
        "ht\ntp://localhost:3001/",
    ];
    for path in [SIGN_UP, SIGN_IN, SIGN_OUT, UPDATE_USER] {
        for (member, code, message) in members {
            for callback in hostile {
                let mut body = READER.json();
                body[member] = callback.into();
                let reply = app.script().json(path, body).await;
                assert_eq!(reply.status, 403, "{path} {member} {callback:?}");
                reply.refused(403, code);
                assert_eq!(reply.message(), message, "{callback:?}");
            }
        }
    }
    let form = READER.with("callbackURL", "https://evil.example/").form();
    app.script().post(SIGN_IN, FORM, form).await.refused(403, "INVALID_CALLBACK_URL");
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_is_not_a_string_is_refused_without_a_code() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for callback in [json!(5), json!(true), json!({}), json!(["/"])] {
        let reply = app.script().json(SIGN_IN, json!({ "callbackURL": callback })).await;
        reply.refused(400, "");
        assert_eq!(reply.message(), "Invalid callbackURL: expected a string", "{callback:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_returns_the_callback() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    for callback in ["/", "/library?tab=1#top", "http://localhost:3001/x", "http://localhost:3000/chapter/1"]
    {
        let reply = app.browser().json(SIGN_IN, READER.with("callbackURL", callback).json()).await;
        assert_eq!(reply.status, 200, "the client goes there, not the browser");
        let body = reply.json();
        assert_eq!((&body["redirect"], &body["url"]), (&json!(true), &json!(callback)), "{callback:?}");
        assert_eq!(reply.location(), Some(callback), "{callback:?}");
    }
    for body in [
        READER.json(),
        READER
            .json()
            .as_object()
            .cloned()
            .map(|mut it| {
                it.insert("callbackURL".into(), json!(null));
                json!(it)
            })
            .unwrap(),
    ] {
        let reply = app.browser().json(SIGN_IN, body).await;
        let body = reply.json();
        assert_eq!(body["redirect"], false);
        assert!(body.get("url").is_none() && reply.location().is_none(), "{body}");
    }
}
