//! Deleting an account (sections 6.18 and 6.19).

use serde_json::json;

use super::{DELETE_USER, DELETION_LINK, GET_SESSION, takes_every_cookie};
use crate::{
    app::{ORIGIN, PASSWORD, TestApp, a_database},
    client::{Client, READER},
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const STRICT: &[(&str, &str)] = &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")];

fn deleted(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), json!({ "success": true, "message": "User deleted" }));
    assert!(takes_every_cookie(reply));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_an_account_is_deleted_with_all_its_data() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut grace = app.browser();
    let fields = READER.with("email", "grace@example.com").with("name", "Grace Hopper");
    grace.json(super::SIGN_UP, fields.json()).await;
    for body in [json!({ "password": PASSWORD }), json!({}), json!({ "password": null })] {
        let mut reader = app.reader(ADA).await;
        let id = reader.get(GET_SESSION).await.json()["user"]["id"].as_str().unwrap().to_owned();
        let before = reader.clone();
        app.mails().await;
        app.ports.mailer.clear();
        deleted(&reader.json(DELETE_USER, body).await);
        assert!(before.clone().get(GET_SESSION).await.json().is_null());
        before.clone().json(DELETE_USER, json!({})).await.refused(401, "UNAUTHORIZED");
        assert!(!super::opens(&app, ADA, PASSWORD).await);
        assert_eq!(app.count_mails("account-deleted", ADA).await, 1);
        for trace in [ADA, &id, "Ada Lovelace"] {
            assert_eq!(app.database.rows_holding(trace).await, Vec::<String>::new(), "{trace}");
        }
    }
    assert!(grace.get(GET_SESSION).await.json().is_object());
    assert_eq!((app.accounts().await, app.sessions().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_password_must_be_correct() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    for password in ["not the password", "", "quiet paper, ink "] {
        let reply = reader.json(DELETE_USER, json!({ "password": password })).await;
        reply.refused(400, "INVALID_PASSWORD");
        assert_eq!(reply.message(), "Invalid password", "{password:?}");
    }
    let long = json!({ "password": "p".repeat(129) });
    reader.json(DELETE_USER, long).await.refused(400, "PASSWORD_TOO_LONG");
    // The password is judged before a token.
    let body = json!({ "password": "not the password", "token": "x" });
    reader.json(DELETE_USER, body).await.refused(400, "INVALID_PASSWORD");
    let reply = reader.json(DELETE_USER, json!({ "token": "x" })).await;
    reply.refused(404, "INVALID_TOKEN");
    assert_eq!(reply.message(), "Invalid token");
    app.database.arrange("update bookplate_accounts set password_hash = null").await;
    let reply = reader.json(DELETE_USER, json!({ "password": PASSWORD })).await;
    reply.refused(400, "CREDENTIAL_ACCOUNT_NOT_FOUND");
    assert_eq!(app.accounts().await, 1);
    deleted(&reader.json(DELETE_USER, json!({})).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_the_session_has_to_be_fresh() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    app.ports.clock.advance_seconds(86_400);
    let reply = reader.json(DELETE_USER, json!({})).await;
    reply.refused(400, "SESSION_EXPIRED");
    assert_eq!(reply.message(), "Session expired. Re-authenticate to perform this action.");
    assert_eq!(app.accounts().await, 1);
    deleted(&reader.json(DELETE_USER, json!({ "password": PASSWORD })).await);
}

/// A reader with required verification, signed in by the verification link.
async fn strict_reader(app: &TestApp, email: &str) -> Client {
    let mut browser = app.browser();
    browser.json(super::SIGN_UP, READER.with("email", email).json()).await;
    let token = app.link("verify-email", email).await.token;
    let reply = browser.get(&format!("{}?token={token}", super::VERIFY_EMAIL)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(browser.session().is_some());
    browser
}

async fn asked(app: &TestApp, reader: &mut Client, email: &str) -> domain::Link {
    let reply = reader.json(DELETE_USER, json!({ "password": PASSWORD, "callbackURL": "/gone" })).await;
    let body = json!({ "success": true, "message": "Verification email sent" });
    assert_eq!((reply.status.as_u16(), reply.json()), (200, body), "although the password was right");
    assert!(reply.cookies().is_empty());
    app.link("delete-account", email).await
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_with_required_verification_an_email_link_deletes_the_account_once() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let mut reader = strict_reader(&app, ADA).await;
    let link = asked(&app, &mut reader, ADA).await;
    let path = format!("{DELETION_LINK}?token={}&callbackURL=%2Fgone", link.token);
    assert_eq!(link.url, format!("{ORIGIN}{path}"));
    reader
        .json(DELETE_USER, json!({ "password": "not the password" }))
        .await
        .refused(400, "INVALID_PASSWORD");
    let before = reader.clone();
    let reply = reader.get(&path).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, Some("http://localhost:3001/gone")));
    assert!(takes_every_cookie(&reply));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(app.accounts().await, 0);
    before.clone().get(&path).await.refused(404, "FAILED_TO_GET_USER_INFO");
    // Without a callback the answer is JSON.
    let mut reader = strict_reader(&app, ADA).await;
    let link = asked(&app, &mut reader, ADA).await;
    deleted(&reader.get(&format!("{DELETION_LINK}?token={}", link.token)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_deletion_link_is_bound_to_its_user_and_valid_for_a_day() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let mut ada = strict_reader(&app, ADA).await;
    let mut eve = strict_reader(&app, "eve@example.com").await;
    let replaced = asked(&app, &mut ada, ADA).await.token;
    let token = asked(&app, &mut ada, ADA).await.token;
    let reply = app.browser().get(&format!("{DELETION_LINK}?token={token}")).await;
    reply.refused(404, "FAILED_TO_GET_USER_INFO");
    assert_eq!(reply.message(), "Failed to get user info");
    for (client, token) in [(&mut eve, &token), (&mut ada, &replaced)] {
        for path in [
            format!("{DELETION_LINK}?token={token}"),
            format!("{DELETION_LINK}?token={token}&callbackURL=/x"),
        ] {
            let reply = client.get(&path).await;
            reply.refused(404, "INVALID_TOKEN");
            assert_eq!(reply.message(), "Invalid token", "{path:?}");
        }
        client.json(DELETE_USER, json!({ "token": token })).await.refused(404, "INVALID_TOKEN");
    }
    app.ports.clock.advance_seconds(86_400);
    ada.get(&format!("{DELETION_LINK}?token={token}")).await.refused(404, "INVALID_TOKEN");
    assert_eq!(app.accounts().await, 2);
    let token = asked(&app, &mut ada, ADA).await.token;
    app.ports.clock.advance_seconds(86_399);
    deleted(&ada.get(&format!("{DELETION_LINK}?token={token}")).await);
    assert_eq!(app.accounts().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_body_deletes_too() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let mut reader = strict_reader(&app, ADA).await;
    let token = asked(&app, &mut reader, ADA).await.token;
    app.browser().json(DELETE_USER, json!({ "token": token })).await.refused(401, "UNAUTHORIZED");
    deleted(&reader.json(DELETE_USER, json!({ "token": token })).await);
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_link_leads_to_a_page() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let reader = strict_reader(&app, ADA).await;
    let path = format!("{DELETION_LINK}?token=x&callbackURL=/gone");
    for (client, sentence) in [
        (reader, "This link does not work any more."),
        (app.browser(), "Open this link in the browser where you are signed in."),
    ] {
        let reply = client.sending("sec-fetch-mode", "navigate").get(&path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("cache-control")),
            (404, Some("no-store")),
            "{sentence:?}"
        );
        assert!(reply.page().one("body").text.contains(sentence), "{}", reply.text());
    }
    assert_eq!(app.accounts().await, 1);
}
