//! `POST /sign-in/email` (section 6.2).

use serde_json::json;

use super::{GET_SESSION, SESSION_COOKIE, SIGN_IN};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_returns_the_token_of_a_new_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut first = app.reader("ada@example.com").await;
    let mut browser = app.browser();
    let reply = browser.json(SIGN_IN, READER.json()).await;
    let body = reply.json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["redirect", "token", "user"]);
    let (mine, other) = (browser.get(GET_SESSION).await.json(), first.get(GET_SESSION).await.json());
    assert_eq!(body["token"], mine["session"]["token"]);
    assert_ne!(body["token"], other["session"]["token"]);
    assert_eq!(body["user"], other["user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_body_is_accepted_as_well() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let mut browser = app.browser();
    let reply = browser.post(SIGN_IN, FORM, READER.form()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(browser.get(GET_SESSION).await.json().is_object());
    let wrong = READER.with("password", "not the password").form();
    app.browser().post(SIGN_IN, FORM, wrong).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
}

#[tokio::test(flavor = "multi_thread")]
async fn remember_me_decides_the_lifetime_of_the_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    for (remember, max_age, expires) in [
        (json!(true), Some(604_800), "2026-11-28T00:00:00.000Z"),
        (json!(null), Some(604_800), "2026-11-28T00:00:00.000Z"),
        (json!(false), None, "2026-11-22T00:00:00.000Z"),
    ] {
        let mut body = READER.json();
        body["rememberMe"] = remember;
        let mut browser = app.browser();
        let reply = browser.json(SIGN_IN, body).await;
        assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), max_age, "{max_age:?} {expires:?}");
        let forget = reply.cookie("better-auth.dont_remember");
        assert_eq!(forget.is_some(), max_age.is_none(), "{max_age:?} {expires:?}");
        assert!(
            forget.is_none_or(|cookie| cookie.value.starts_with("true.") && cookie.max_age().is_none()),
            "{max_age:?} {expires:?}"
        );
        assert_eq!(
            browser.get(GET_SESSION).await.json()["session"]["expiresAt"],
            expires,
            "{max_age:?} {expires:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_remember_me_clears_the_dont_remember_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let mut browser = app.browser();
    browser.json(SIGN_IN, READER.with("rememberMe", "false").json()).await;
    assert!(browser.cookie("better-auth.dont_remember").is_some());
    let reply = browser.json(SIGN_IN, READER.json()).await;
    assert!(reply.cookie("better-auth.dont_remember").unwrap().expires());
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(604_800));
}
