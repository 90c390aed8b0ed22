//! The lifetimes of sessions and the length of passwords that the operator has set, by form and by JSON.

use serde_json::json;

use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

const LIFETIMES: [(&str, &str); 4] = [
    ("BOOKPLATE_SESSION_LIFETIME", "2h"),
    ("BOOKPLATE_SESSION_RENEW_AFTER", "30m"),
    ("BOOKPLATE_SESSION_ABSOLUTE", "5h"),
    ("BOOKPLATE_SESSION_SHORT", "20m"),
];

/// Two readers who have just signed up, one by form and one by JSON.
async fn readers(app: &TestApp, remember: bool) -> [Client; 2] {
    let mut by_form = app.browser();
    let ticked = if remember { "true" } else { "false" };
    let fields = READER.with("email", "form@example.com").with("rememberMe", ticked);
    assert_eq!(by_form.form("/sign-up", fields).await.status, 303);
    let mut by_json = app.browser();
    let mut body = READER.with("email", "json@example.com").json();
    body["rememberMe"] = json!(remember);
    assert_eq!(by_json.json("/api/auth/sign-up/email", body).await.status, 200);
    [by_form, by_json]
}

async fn is_signed_in(client: &mut Client) -> bool {
    !client.get("/api/auth/get-session").await.json().is_null()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_as_long_as_configured() {
    let database = a_database().await;
    let app = TestApp::with(database, &LIFETIMES).await;
    let [mut by_form, mut by_json] = readers(&app, true).await;
    app.ports.clock.advance_seconds(2 * HOUR - 1);
    let (mut unused_form, mut unused_json) = (by_form.clone(), by_json.clone());
    for client in [&mut by_form, &mut by_json] {
        assert!(is_signed_in(client).await);
    }
    app.ports.clock.advance_seconds(2 * HOUR);
    for client in [&mut unused_form, &mut unused_json] {
        assert!(!is_signed_in(client).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_used_is_renewed_up_to_the_absolute_end() {
    let database = a_database().await;
    let app = TestApp::with(database, &LIFETIMES).await;
    for mut client in readers(&app, true).await {
        let opened = client.session().unwrap().to_owned();
        let reply = client.get("/api/auth/get-session").await;
        assert!(reply.cookies().is_empty(), "a session is not renewed before its time");
        for _ in 0..9 {
            app.ports.clock.advance_seconds(31 * MINUTE);
            let reply = client.get("/api/auth/get-session").await;
            assert!(!reply.json().is_null());
            assert!(!reply.cookies().is_empty(), "it is renewed after 30 minutes");
        }
        assert_eq!(client.session(), Some(opened.as_str()));
        app.ports.clock.advance_seconds(22 * MINUTE);
        assert!(!is_signed_in(&mut client).await, "five hours are over");
        app.ports.clock.advance_seconds(-(9 * 31 + 22) * MINUTE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_session_ends_with_its_own_lifetime() {
    let database = a_database().await;
    let app = TestApp::with(database, &LIFETIMES).await;
    let mut clients = readers(&app, false).await;
    app.ports.clock.advance_seconds(20 * MINUTE - 1);
    for client in &mut clients {
        assert!(is_signed_in(client).await);
    }
    app.ports.clock.advance_seconds(1);
    for client in &mut clients {
        assert!(!is_signed_in(client).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_has_the_configured_length() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_PASSWORD_MIN", "18")]).await;
    let short = "seventeen letters";
    let accepted = "eighteen letters..";
    assert_eq!((short.len(), accepted.len()), (17, 18));
    let fields = READER.with("email", "ada@example.com").with("password", short);
    let refused = app.browser().form("/sign-up", fields.clone()).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("Use at least 18 characters."), "{}", refused.text());
    let refused = app.browser().json("/api/auth/sign-up/email", fields.json()).await;
    refused.refused(400, "PASSWORD_TOO_SHORT");

    let page = app.browser().get("/sign-up").await;
    assert!(page.text().contains("At least 18 characters."), "the hint of the page");
    let document = app.script().get("/api/openapi.json").await.json();
    let schema = &document["components"]["schemas"]["SignUp"]["properties"]["password"];
    assert_eq!(schema["minLength"], 18);

    let mut reader = app.browser();
    assert_eq!(reader.form("/sign-up", fields.with("password", accepted)).await.status, 303);
    let change = |new: &str| READER.with("currentPassword", accepted).with("newPassword", new);
    assert_eq!(reader.form("/account/security/password", change(short)).await.status, 400);
    let body = json!({ "currentPassword": accepted, "newPassword": short });
    assert_eq!(reader.json("/api/auth/change-password", body).await.code(), "PASSWORD_TOO_SHORT");
    let body = json!({ "currentPassword": accepted, "newPassword": "another eighteen.." });
    assert_eq!(reader.json("/api/auth/change-password", body).await.status, 200);
}
