//! Email links that are confirmed by a button, and the cookie that holds them meanwhile.

use http::Method;
use serde_json::json;

use super::{CHANGE_EMAIL, DELETE_USER, DELETION_LINK, GET_SESSION, SESSION_COOKIE, VERIFY_EMAIL};
use crate::{
    app::{ORIGIN, PASSWORD, TestApp, a_database},
    client::{Client, READER},
    fields::Fields,
};

const ADA: &str = "ada@example.com";
const NEW: &str = "countess@example.com";
const NOTHING: Fields = Fields::new(&[]);
const BUTTON: (u16, Option<&str>) = (303, Some("/verify-email"));

async fn ask(reader: &mut Client) {
    let reply = reader.json(CHANGE_EMAIL, json!({ "newEmail": NEW, "callbackURL": "/x" })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Opens a link as a browser, or as another client that accepts HTML.
async fn follows(client: &Client, link: &str) -> Client {
    let mut client = client.clone();
    let request = client.request(Method::GET, link).header("accept", "text/html");
    let reply = client.send(request, "").await;
    assert_eq!((reply.status.as_u16(), reply.location()), BUTTON, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_change_of_address_link_shows_every_navigation_a_button() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.proven_reader(ADA).await;
    ask(&mut reader).await;
    for (kind, to) in [("change-email", ADA), ("verify-email", NEW)] {
        let link = app.link(kind, to).await.url.strip_prefix(ORIGIN).unwrap().to_owned();
        let before = app.database.rows().await;
        let navigating = app.browser().sending("sec-fetch-mode", "navigate");
        for client in [app.script(), app.browser(), navigating] {
            follows(&client, &link).await;
        }
        let mut browser = follows(&reader, &link).await;
        let page = browser.get("/verify-email").await;
        assert!(
            page.page().all("form").any(|form| form.get("action") == Some("/verify-email")),
            "{}",
            page.text()
        );
        assert_eq!(app.database.rows().await, before, "looking spends nothing");
        let reply = browser.form("/verify-email", NOTHING).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        assert!(kind != "change-email" || reply.location() == Some("/x"), "{:?}", reply.location());
        assert!(reply.cookie("bookplate.verify-email").unwrap().expires(), "{kind:?} {to:?}");
    }
    assert_eq!(reader.get(GET_SESSION).await.json()["user"]["email"], NEW);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_only_verifies_an_address_needs_no_button() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let link = app.link("verify-email", ADA).await;
    let mut browser = app.browser().sending("sec-fetch-mode", "navigate");
    let reply = browser.get(link.url.strip_prefix(ORIGIN).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, Some("http://localhost:3001/")));
    assert!(reply.cookies().is_empty());
    assert_eq!(app.stored(ADA).await["emailVerified"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_head_request_does_not_consume_a_link() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")]).await;
    let mut reader = app.browser();
    reader.json(super::SIGN_UP, READER.json()).await;
    let proving = app.link("verify-email", ADA).await.token;
    let head = async |reader: &mut Client, path: &str| {
        let before = app.database.rows().await;
        reader.send(reader.request(Method::HEAD, path), "").await.is_empty_404();
        assert_eq!(app.database.rows().await, before, "{path}");
    };
    let path = format!("{VERIFY_EMAIL}?token={proving}");
    head(&mut reader, &path).await;
    assert_eq!(reader.get(&path).await.status, 200);
    assert!(reader.session().is_some());
    reader.json(DELETE_USER, json!({ "password": PASSWORD })).await;
    let path = format!("{DELETION_LINK}?token={}", app.link("delete-account", ADA).await.token);
    head(&mut reader, &path).await;
    ask(&mut reader).await;
    let moving = app.link("change-email", ADA).await.token;
    head(&mut reader, &format!("{VERIFY_EMAIL}?token={moving}")).await;
    assert_eq!(reader.get(&path).await.status, 200);
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_invalid_link_is_removed_from_the_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    ask(&mut reader).await;
    let old = app.link("verify-email", NEW).await.token;
    app.ports.clock.advance_seconds(86_400);
    for (page, cookie, status) in [
        ("/verify-email", "bookplate.verify-email", 401),
        ("/reset-password", "bookplate.reset-password", 400),
    ] {
        for token in ["no-such-token", &old] {
            let mut browser = app.browser();
            browser.keep(cookie, &format!("{token}~"));
            let reply = browser.form(page, Fields::new(&[("newPassword", super::OTHER_PASSWORD)])).await;
            assert_eq!(reply.status, status, "{page} {token}");
            assert!(reply.cookie(cookie).unwrap().expires(), "{page} {token}");
        }
    }
    assert_eq!(app.stored(ADA).await["emailVerified"], false);
    // A link that is good is kept when its form is not accepted for another reason.
    app.browser().json(super::REQUEST_RESET, json!({ "email": ADA })).await;
    let token = app.link("reset-password", ADA).await.token;
    let mut browser = app.browser();
    browser.get(&format!("/reset-password?token={token}")).await;
    let reply = browser.form("/reset-password", Fields::new(&[("newPassword", "short")])).await;
    assert_eq!((reply.status.as_u16(), reply.cookies().len()), (400, 0));
    assert!(browser.cookie("bookplate.reset-password").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_the_link_cookie_is_short_lived_and_host_only() {
    const HTTPS: &[(&str, &str)] = &[
        ("BOOKPLATE_URL", "https://accounts.example.org"),
        ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true"),
        ("BOOKPLATE_OUTBOX", "letters.jsonl"),
    ];
    let database = a_database().await;
    let app = TestApp::with(database, HTTPS).await;
    let longest = format!("/{}", "a/".repeat(1799));
    let too_long = format!("/{}", "a/".repeat(1800));
    let browser = app.browser().sending("sec-fetch-mode", "navigate");
    for (token, callback, kept) in [
        ("x".repeat(5000), longest.as_str(), longest.as_str()),
        ("x".repeat(128), &too_long, ""),
        ("a%0D%0ASet-Cookie:x%3Dy;~%22".to_owned(), "/", "/"),
    ] {
        let mut browser = browser.clone();
        let reply = browser.get(&format!("{VERIFY_EMAIL}?token={token}&callbackURL={callback}")).await;
        assert_eq!((reply.status.as_u16(), reply.location()), BUTTON, "{token:?} {callback:?} {kept:?}");
        let cookies = reply.cookies();
        let [cookie] = cookies.as_slice() else { panic!("{cookies:?}") };
        assert_eq!(cookie.name, "__Host-bookplate.verify-email", "{token:?} {callback:?} {kept:?}");
        assert!(
            cookie.has("Secure") && cookie.has("HttpOnly") && cookie.has("SameSite=Lax"),
            "{token:?} {callback:?} {kept:?}"
        );
        assert!(
            cookie.has("Path=/") && !cookie.attributes.iter().any(|it| it.starts_with("Domain")),
            "{token:?} {callback:?} {kept:?}"
        );
        // Browsers keep 4096 bytes of a cookie, name and attributes included (RFC 6265 section 6.1).
        assert!(reply.header("set-cookie").unwrap().len() <= 4096, "{token:?} {callback:?} {kept:?}");
        let (token, callback) = cookie.value.split_once('~').unwrap();
        assert!(
            token.len() <= 128 && token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
            "{token:?} {callback:?} {kept:?}"
        );
        assert_eq!(callback, kept, "{token:?} {callback:?} {kept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_renewed_by_the_button_keeps_its_cookie() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.proven_reader(ADA).await;
    app.ports.clock.advance_seconds(1000);
    ask(&mut reader).await;
    let link = app.link("change-email", ADA).await.url;
    app.ports.clock.advance_seconds(85_400);
    let mut browser = follows(&reader, link.strip_prefix(ORIGIN).unwrap()).await;
    let reply = browser.form("/verify-email", NOTHING).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(reply.cookie("bookplate.verify-email").unwrap().expires());
    let session = reply.cookie(SESSION_COOKIE).unwrap();
    assert_eq!(session.max_age(), Some(604_800), "as long as the session lives from now on");
}
