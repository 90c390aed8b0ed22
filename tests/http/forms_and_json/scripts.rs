//! A client that accepts JSON and posts a form gets the form's outcome, and errors as JSON.

use serde_json::json;

use crate::{
    app::{TestApp, a_database},
    client::READER,
    fields::Fields,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_a_client_that_accepts_json_is_refused_in_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let mut script = app.browser().sending("accept", "application/json");
    let cases = [
        ("/sign-up", READER, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
        ("/sign-up", READER.with("password", "weak"), 400, "PASSWORD_TOO_SHORT"),
        ("/sign-up", READER.without("experienceLevel"), 400, "MISSING_FIELD"),
        ("/sign-in", READER.with("password", "not the password"), 401, "INVALID_EMAIL_OR_PASSWORD"),
        ("/account", READER, 401, "UNAUTHORIZED"),
    ];
    for (path, fields, status, code) in cases {
        let reply = script.form(path, fields).await;
        reply.refused(status, code);
        assert!(reply.location().is_none(), "{path:?} {status:?} {code:?}");
    }
    script.post("/sign-in", "text/plain", "a=b").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    script.set("origin", "https://evil.example");
    script.form("/sign-in", READER).await.refused(403, "INVALID_ORIGIN");
    app.ports.hasher.set_busy(true);
    let reply = app.browser().sending("accept", "application/json").form("/sign-in", READER).await;
    reply.refused(503, "SERVICE_BUSY");
    assert_eq!(reply.header("retry-after"), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_a_client_that_accepts_json_is_processed_like_a_page_form() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut script = app.browser().sending("accept", "application/json");
    let reply = script.form("/sign-up", READER).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")));
    assert!(script.session().is_some());
    let reply = script.form("/sign-out", Fields::new(&[])).await;
    assert_eq!(reply.status, 303);
    assert!(script.session().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_an_islands_call_each_run_their_server_function_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    // By the form, as with script off: one account, one session, one event, one mail.
    assert_eq!(browser.form("/sign-up", READER).await.status, 303);
    assert_eq!((app.accounts().await, app.sessions().await), (1, 1));
    assert_eq!(app.database.rows_of("bookplate_events").await.len(), 1);
    assert_eq!(app.mails().await.len(), 1);
    let created = browser.post("/api/conversations", "application/json", r#"{"id":"c"}"#).await;
    assert_eq!(created.status, 201);
    // The page renders what its island is answered: both call the function that is at the island's address.
    let page = browser.get("/conversations").await;
    let fragment = browser.json("/conversations/-/list", json!({ "asked": {} })).await.json();
    assert!(page.text().contains(fragment["html"].as_str().unwrap()));
    // Neither address takes what the other is sent.
    assert_eq!(browser.form("/conversations/-/list", Fields::new(&[("q", "")])).await.status, 415);
    assert_eq!(browser.json("/sign-up", READER.json()).await.status, 415);
    assert_eq!((app.accounts().await, app.sessions().await), (1, 1));
}
