//! `POST /sign-up/email` (section 6.1).

use serde_json::json;

use super::{SESSION_COOKIE, SIGN_UP};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_returns_the_stored_user_and_the_session_token() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let reply = browser.json(SIGN_UP, READER.with("email", "Ada@Example.com").json()).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let user = json!({
        "id": body["user"]["id"],
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "emailVerified": false,
        "image": null,
        "createdAt": "2026-11-21T00:00:00.000Z",
        "updatedAt": "2026-11-21T00:00:00.000Z",
        "experienceLevel": "beginner",
        "professionalRole": "developer",
        "roleOther": null,
        "organization": null,
    });
    assert_eq!(body, json!({ "token": body["token"], "user": user }));
    let cookie = reply.cookie(SESSION_COOKIE).unwrap();
    assert!(cookie.value.starts_with(&format!("{}.", body["token"].as_str().unwrap())), "{cookie:?}");
    let session = browser.get(super::GET_SESSION).await.json();
    assert_eq!(session["user"], user);
    assert_eq!(session["session"]["token"], body["token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_answer_is_named_in_the_order_of_the_questions() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let neither = READER.without("experienceLevel").without("professionalRole");
    for (fields, message) in [
        (neither, "experienceLevel is required"),
        (READER.without("experienceLevel"), "experienceLevel is required"),
        (READER.without("professionalRole"), "professionalRole is required"),
    ] {
        let reply = app.script().json(SIGN_UP, fields.json()).await;
        reply.refused(400, "MISSING_FIELD");
        assert_eq!(reply.message(), message, "{message:?}");
    }
    let mut cleared = READER.json();
    cleared["experienceLevel"] = json!(null);
    app.script().json(SIGN_UP, cleared).await.refused(400, "MISSING_FIELD");
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_body_is_accepted_as_well() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let reply = browser.post(SIGN_UP, FORM, READER.with("organization", "Ink + Paper").form()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["user"]["organization"], "Ink + Paper");
    assert!(browser.session().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_stored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (at, image) in ["https://example.com/a.png", "data:image/png;base64,AA=="].into_iter().enumerate() {
        let fields = READER.with("email", &format!("reader-{at}@example.com")).with("image", image);
        let reply = app.script().json(SIGN_UP, fields.json()).await;
        assert_eq!(reply.json()["user"]["image"], image, "{at:?} {image:?}");
    }
    for image in ["javascript:alert(1)", "data:text/html,x", "//example.com/a.png", "ftp://example.com/a.png"]
    {
        let reply = app.script().json(SIGN_UP, READER.with("image", image).json()).await;
        reply.refused(400, "VALIDATION_ERROR");
        assert_eq!(reply.message(), "[body.image] Invalid URL", "{image:?}");
    }
    let long = format!("https://example.com/{}", "a".repeat(2048));
    app.script().json(SIGN_UP, READER.with("image", &long).json()).await.refused(400, "VALIDATION_ERROR");
}
