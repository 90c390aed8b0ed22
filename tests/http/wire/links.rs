//! Redirects of email links (sections 4.3, 6.10 and 6.13), and moving the token into a cookie.

use serde_json::json;

use super::{OTHER_PASSWORD, REQUEST_RESET, RESET_PASSWORD, SESSION_COOKIE, VERIFY_EMAIL};
use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::Client,
    fields::Fields,
};

const ADA: &str = "ada@example.com";

async fn token(app: &TestApp) -> String {
    app.browser().json(REQUEST_RESET, json!({ "email": ADA })).await;
    app.link("reset-password", ADA).await.token
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn location(client: &mut Client, path: &str) -> String {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 302, "{path} {}", reply.text());
    assert!(reply.body.is_empty() && reply.cookie(SESSION_COOKIE).is_none());
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
    reply.location().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_redirects_to_the_requested_url_with_the_token() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    let cases = [
        ("", format!("{ORIGIN}/reset-password?token={token}")),
        ("/back", format!("{ORIGIN}/back?token={token}")),
        ("/back?a=b&c=d", format!("{ORIGIN}/back?a=b&c=d&token={token}")),
        ("/back#part", format!("{ORIGIN}/back?token={token}#part")),
        ("/zurück/ü b", format!("{ORIGIN}/zur%C3%BCck/%C3%BC%20b?token={token}")),
        ("http://localhost:3000/x?y=1", format!("http://localhost:3000/x?y=1&token={token}")),
        ("http://localhost:3001/x", format!("{ORIGIN}/x?token={token}")),
    ];
    for (callback, expected) in cases {
        let path = format!("{RESET_PASSWORD}/{token}?callbackURL={}", encoded(callback));
        assert_eq!(location(&mut app.browser(), &path).await, expected, "{callback}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_18_an_email_link_never_redirects_to_a_foreign_origin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    let verify = app.link("verify-email", ADA).await.token;
    for callback in [
        "dash",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2f%2fevil.example",
        "/a/../..//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example/",
        "http://localhost:3001.evil.example/",
        "http://localhost:3001@evil.example/",
        "http://evil.example/http://localhost:3001/",
        "http://localhost\u{3002}evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:\\\\localhost:3001",
        "https://localhost:3001/",
    ] {
        for path in [
            format!("{RESET_PASSWORD}/{token}?callbackURL="),
            format!("{RESET_PASSWORD}/no-such-token?callbackURL="),
            format!("{VERIFY_EMAIL}?token={verify}&callbackURL="),
            format!("{VERIFY_EMAIL}?token=no-such-token&callbackURL="),
            format!("{}?token=no-such-token&callbackURL=", super::DELETION_LINK),
        ] {
            let reply = app.browser().get(&format!("{path}{}", encoded(callback))).await;
            reply.refused(403, "INVALID_CALLBACK_URL");
            assert_eq!(reply.message(), "Invalid callbackURL", "{path} {callback:?}");
            assert!(reply.location().is_none(), "{path:?}");
        }
    }
    assert_eq!(app.database.number("select count(*) from bookplate_users where email_verified").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_link_redirects_with_its_error_code() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let old = token(&app).await;
    app.ports.clock.advance_seconds(3600);
    for token in [old.as_str(), "x", "%20", "a.b", "%C3%BC", &"x".repeat(3000)] {
        for (callback, expected) in [
            ("", format!("{ORIGIN}/reset-password?error=INVALID_TOKEN")),
            ("/back?a=b", format!("{ORIGIN}/back?a=b&error=INVALID_TOKEN")),
        ] {
            let path = format!("{RESET_PASSWORD}/{token}?callbackURL={}", encoded(callback));
            assert_eq!(location(&mut app.browser(), &path).await, expected, "{callback:?} {expected:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_opening_a_link_consumes_nothing_and_sends_no_referrer() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    let before = app.database.rows().await;
    for callback in ["", "/back", "http://localhost:3000/x"] {
        let path = format!("{RESET_PASSWORD}/{token}?callbackURL={}", encoded(callback));
        for _ in 0..3 {
            location(&mut app.browser().sending("sec-fetch-mode", "navigate"), &path).await;
        }
    }
    app.browser().get(&format!("/reset-password?token={token}")).await;
    assert_eq!(app.database.rows().await, before);
    let body = json!({ "newPassword": OTHER_PASSWORD, "token": token });
    assert_eq!(app.browser().json(RESET_PASSWORD, body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_token_is_moved_from_the_address_into_a_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    let mut browser = app.browser();
    let reply = browser.get(&format!("/reset-password?token={token}")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/reset-password")));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let cookie = reply.cookie("bookplate.reset-password").unwrap();
    assert_eq!(cookie.max_age(), Some(3600));
    assert!(cookie.has("HttpOnly") && cookie.has("SameSite=Lax") && cookie.has("Path=/"));
    let page = browser.get("/reset-password").await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-store")));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(!page.text().contains(&token));
    assert!(page.page().control("newPassword").is_some());
    let reply = browser.form("/reset-password", Fields::new(&[("newPassword", OTHER_PASSWORD)])).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(reply.cookie("bookplate.reset-password").unwrap().expires());
    assert!(reply.cookie(SESSION_COOKIE).is_none() && !reply.location().unwrap().contains(&token));
    assert!(super::opens(&app, ADA, OTHER_PASSWORD).await);
    // What is no token of ours does not get into a header either.
    let reply = app.browser().get("/reset-password?token=a%0D%0ASet-Cookie:x%3Dy;~%22").await;
    assert_eq!(reply.cookies().len(), 1);
    assert_eq!(reply.cookies()[0].name, "bookplate.reset-password");
    assert!(!reply.cookies()[0].value.contains(['\r', ';', '=']), "{:?}", reply.cookies());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_link_redirects_with_its_outcome() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = app.link("verify-email", ADA).await.token;
    let mut browser = app.browser();
    for (callback, expected) in [
        ("/done", format!("{ORIGIN}/done")),
        ("/done?a=b", format!("{ORIGIN}/done?a=b")),
        ("http://localhost:3000/done", "http://localhost:3000/done".to_owned()),
    ] {
        let path = format!("{VERIFY_EMAIL}?token={token}&callbackURL={}", encoded(callback));
        assert_eq!(location(&mut browser, &path).await, expected, "{callback:?} {expected:?}");
    }
    let path = format!("{VERIFY_EMAIL}?token=x&callbackURL={}", encoded("/done?a=b"));
    assert_eq!(location(&mut browser, &path).await, format!("{ORIGIN}/done?a=b&error=INVALID_TOKEN"));
    app.ports.clock.advance_seconds(86_400);
    let path = format!("{VERIFY_EMAIL}?token={token}&callbackURL=/done");
    assert_eq!(location(&mut browser, &path).await, format!("{ORIGIN}/done?error=TOKEN_EXPIRED"));
}
