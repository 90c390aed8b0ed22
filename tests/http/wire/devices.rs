//! The device cookie, and the notice about a new device.

use serde_json::json;

use super::{GET_SESSION, SESSION_COOKIE, SIGN_IN, SIGN_OUT};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::{Client, READER},
};

const ADA: &str = "ada@example.com";
const DEVICE: &str = "bookplate.device";

async fn sign_in(client: &mut Client, password: &str) -> crate::reply::Reply {
    client.json(SIGN_IN, json!({ "email": ADA, "password": password })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_recognised_from_its_first_sign_in() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let reply = browser.form("/sign-up", READER).await;
    let cookie = reply.cookie(DEVICE).unwrap();
    assert_eq!(cookie.max_age(), Some(400 * 86_400));
    assert!(cookie.has("HttpOnly") && cookie.has("SameSite=Lax") && cookie.has("Path=/"));
    let value = browser.cookie(DEVICE).unwrap().to_owned();
    assert!(!app.database.rows().await.iter().any(|row| row.contains(value.split('.').next().unwrap())));
    for _ in 0..2 {
        assert!(browser.json(SIGN_OUT, json!({})).await.cookie(DEVICE).is_none(), "signing out keeps it");
        assert!(sign_in(&mut browser, PASSWORD).await.cookie(DEVICE).is_none(), "it has one");
    }
    assert_eq!(browser.cookie(DEVICE), Some(value.as_str()));
    let mut other = app.browser();
    assert!(sign_in(&mut other, PASSWORD).await.cookie(DEVICE).is_some());
    assert_ne!(other.cookie(DEVICE), Some(value.as_str()));
    assert_eq!(app.database.number("select count(*) from bookplate_devices").await, 2);
    // One that this server has not signed is as good as none.
    let mut forged = app.browser();
    forged.keep(DEVICE, &format!("{value}x"));
    assert!(sign_in(&mut forged, PASSWORD).await.cookie(DEVICE).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_over_https_the_device_cookie_has_the_host_prefix() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_URL", "https://accounts.example.org")]).await;
    let mut browser = app.browser();
    let reply = browser.json(super::SIGN_UP, READER.json()).await;
    let cookie = reply.cookie("__Host-bookplate.device").unwrap();
    assert!(cookie.has("Secure") && cookie.has("Path=/") && cookie.has("HttpOnly"));
    assert!(!cookie.attributes.iter().any(|it| it.starts_with("Domain")));
    let reply = app.browser().get("/reset-password?token=x").await;
    assert!(reply.cookie("__Host-bookplate.reset-password").unwrap().has("Secure"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_a_new_device_sends_a_notice() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut known = app.reader(ADA).await;
    known.json(SIGN_OUT, json!({})).await;
    sign_in(&mut known, PASSWORD).await;
    assert_eq!(app.count_mails("new-device", ADA).await, 0);
    let hostile = "Mozilla/5.0 <script>alert(1)</script> Firefox/140.0";
    let mut new = app.browser().sending("user-agent", hostile).at("2001:db8::7");
    sign_in(&mut new, "not the password").await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(app.count_mails("new-device", ADA).await, 0);
    assert_eq!(sign_in(&mut new, PASSWORD).await.status, 200);
    let mail = app.mail("new-device", ADA).await;
    assert!(mail.text.contains("2001:db8::7") && mail.link.is_none(), "{}", mail.text);
    assert!(!mail.html.contains("<script") && !mail.subject.contains("Firefox"));
    new.json(SIGN_OUT, json!({})).await;
    sign_in(&mut new, PASSWORD).await;
    assert_eq!(app.count_mails("new-device", ADA).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_the_device_cookie_opens_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader(ADA).await;
    let device = reader.cookie(DEVICE).unwrap().to_owned();
    for name in [DEVICE, SESSION_COOKIE] {
        let mut thief = app.browser();
        thief.keep(name, &device);
        assert!(thief.get(GET_SESSION).await.json().is_null(), "{name:?}");
        thief.get("/api/auth/token").await.refused(401, "UNAUTHORIZED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_a_sign_in_gets_no_device_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let mut browser = app.browser();
    for path in ["/", "/sign-in", "/sign-up", "/forgot-password", GET_SESSION] {
        assert!(browser.get(path).await.cookies().is_empty(), "{path}");
    }
    let wrong = READER.with("password", "not the password");
    for reply in [
        browser.form("/sign-in", wrong.clone()).await,
        browser.json(SIGN_IN, wrong.json()).await,
        browser.json(super::SIGN_UP, READER.json()).await,
        browser.json(super::REQUEST_RESET, json!({ "email": ADA })).await,
        browser.json(SIGN_OUT, json!({})).await,
    ] {
        assert!(reply.cookie(DEVICE).is_none(), "{}", reply.text());
    }
    assert_eq!(app.database.number("select count(*) from bookplate_devices").await, 1);
}
