//! Required verification: links opened in a browser in which the password was never entered.

use serde_json::json;

use super::{OTHER_PASSWORD, SESSION_COOKIE, SIGN_IN, SIGN_UP, VERIFY_EMAIL, opens};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const STRICT: &[(&str, &str)] = &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")];
const NOTHING: Fields = Fields::new(&[]);

/// An attacker signs up with Ada's address and a password of their own; returns their browser, and the link in Ada's
/// mailbox.
async fn squatted(app: &TestApp) -> (Client, String) {
    let mut squatter = app.browser();
    let reply = squatter.json(SIGN_UP, READER.json()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let link = app.link("verify-email", ADA).await;
    (squatter, format!("{VERIFY_EMAIL}?token={}&callbackURL=%2Fchapter%2F1", link.token))
}

/// The number of verified addresses.
async fn proved(app: &TestApp) -> i64 {
    app.database.number("select count(*) from bookplate_users where email_verified").await
}

#[track_caller]
fn shows_the_button(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/verify-email")), "{}", reply.text());
    assert!(reply.cookie(SESSION_COOKIE).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_the_button_in_an_unknown_browser_leads_to_setting_a_password() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let (mut squatter, link) = squatted(&app).await;
    let mut ada = app.browser().sending("sec-fetch-mode", "navigate");
    shows_the_button(&ada.get(&link).await);
    let reply = ada.form("/verify-email", NOTHING).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let token = reply.location().unwrap().strip_prefix("/reset-password?token=").unwrap().to_owned();
    assert!(reply.cookie("bookplate.verify-email").unwrap().expires());
    assert!(reply.cookie(SESSION_COOKIE).is_none());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(proved(&app).await, 1);
    // What the squatter chose is worth nothing, and so is the mailed link, in their browser too.
    assert!(!opens(&app, ADA, PASSWORD).await);
    shows_the_button(&squatter.get(&link).await);
    assert_eq!(squatter.form("/verify-email", NOTHING).await.status, 303);
    assert_eq!((squatter.session(), app.sessions().await), (None, 0));
    let reply = ada.get(&format!("/reset-password?token={token}")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/reset-password")));
    assert!(!ada.get("/reset-password").await.text().contains(&token));
    let reply = ada.form("/reset-password", NOTHING.with("newPassword", OTHER_PASSWORD)).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(opens(&app, ADA, OTHER_PASSWORD).await && !opens(&app, ADA, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_script_in_an_unknown_browser_verifies_the_address_and_gets_no_session() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let (_, link) = squatted(&app).await;
    let path = link.split('&').next().unwrap();
    let mut ada = app.browser().sending("sec-fetch-mode", "cors");
    for _ in 0..2 {
        let reply = ada.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true, "user": null })));
        assert!(reply.cookies().is_empty());
    }
    assert_eq!((proved(&app).await, app.sessions().await), (1, 0));
    assert!(!opens(&app, ADA, PASSWORD).await, "it may be somebody else's");
    // Who has the mailbox asks for a link like anybody who has forgotten the password.
    app.browser().json(super::REQUEST_RESET, json!({ "email": ADA })).await;
    let token = app.link("reset-password", ADA).await.token;
    let body = json!({ "newPassword": OTHER_PASSWORD, "token": token });
    assert_eq!(app.browser().json(super::RESET_PASSWORD, body).await.status, 200);
    assert!(opens(&app, ADA, OTHER_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_any_other_client_is_shown_the_button_and_consumes_nothing() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let (mut squatter, link) = squatted(&app).await;
    let mut grace = app.browser();
    grace.json(SIGN_UP, READER.with("email", "grace@example.com").json()).await;
    let mut forged = app.browser();
    forged.keep("bookplate.device", &format!("{}x", squatter.cookie("bookplate.device").unwrap()));
    let before = app.database.rows().await;
    // A browser of long ago and a program say nothing of how they ask; a reader of mail may ask for a page.
    let page = app.script().sending("accept", "text/html");
    for mut client in [app.script(), app.browser(), grace, forged] {
        shows_the_button(&client.get(&link).await);
    }
    let reply = page.clone().send(page.request(http::Method::GET, &link), "").await;
    shows_the_button(&reply);
    assert_eq!(app.database.rows().await, before);
    // The link still lets in the browser that the password was chosen in.
    let reply = squatter.get(&link).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, Some("http://localhost:3001/chapter/1")));
    assert!(reply.cookie(SESSION_COOKIE).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_browser_is_recognised_once_the_correct_password_was_entered_in_it() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    squatted(&app).await;
    let by_json = app.browser().json(SIGN_IN, json!({ "email": ADA, "password": PASSWORD })).await;
    let by_form = app.browser().form("/sign-in", READER).await;
    for reply in [by_json, by_form] {
        assert_eq!(reply.status, 403);
        let mut browser = app.browser();
        browser.keep("bookplate.device", &reply.cookie("bookplate.device").unwrap().value);
        app.database.arrange("update bookplate_users set email_verified = false").await;
        app.browser().json(super::SEND_VERIFICATION, json!({ "email": ADA })).await;
        let token = app.link("verify-email", ADA).await.token;
        let reply = browser.get(&format!("{VERIFY_EMAIL}?token={token}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.cookie(SESSION_COOKIE).is_some());
    }
    assert!(opens(&app, ADA, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_signing_up_with_a_taken_address_does_not_make_a_browser_recognised() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    let (_, link) = squatted(&app).await;
    let devices = app.database.rows_of("bookplate_devices").await;
    let (mut by_json, mut by_form) = (app.browser(), app.browser());
    by_json.json(SIGN_UP, READER.with("password", OTHER_PASSWORD).json()).await;
    by_form.form("/sign-up", READER.with("password", OTHER_PASSWORD)).await;
    let mut guessed = app.browser();
    guessed.json(SIGN_IN, json!({ "email": ADA, "password": OTHER_PASSWORD })).await;
    assert!(guessed.cookie("bookplate.device").is_none());
    for mut browser in [by_json, by_form, guessed] {
        shows_the_button(&browser.get(&link).await);
    }
    assert_eq!(app.database.rows_of("bookplate_devices").await, devices);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_operators_password_link_verifies_no_address() {
    let database = a_database().await;
    let app = TestApp::with(database, STRICT).await;
    squatted(&app).await;
    let user = app.database.find_credentials(ADA, None).await.unwrap().unwrap().user;
    let token = app.services.admin.reset_token(&user).await.unwrap();
    let body = json!({ "newPassword": OTHER_PASSWORD, "token": token });
    assert_eq!(app.browser().json(super::RESET_PASSWORD, body.clone()).await.status, 200);
    let given = json!({ "email": ADA, "password": OTHER_PASSWORD });
    app.browser().json(SIGN_IN, given).await.refused(403, "EMAIL_NOT_VERIFIED");
    assert_eq!(proved(&app).await, 0);
    app.browser().json(super::RESET_PASSWORD, body).await.refused(400, "INVALID_TOKEN");
    // One that was mailed does.
    app.browser().json(super::REQUEST_RESET, json!({ "email": ADA })).await;
    let token = app.link("reset-password", ADA).await.token;
    let body = json!({ "newPassword": PASSWORD, "token": token });
    assert_eq!(app.browser().json(super::RESET_PASSWORD, body).await.status, 200);
    assert!(opens(&app, ADA, PASSWORD).await);
}
