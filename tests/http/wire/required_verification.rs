//! Required verification (sections 6.1, 6.2 and 6.13).

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::{Kind, TestDatabase};

use super::{GET_SESSION, SEND_VERIFICATION, SESSION_COOKIE, SIGN_IN, SIGN_UP, VERIFY_EMAIL};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const DEVICE: &str = "bookplate.device";
const STRICT: &[(&str, &str)] = &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")];

async fn strict(database: TestDatabase) -> TestApp {
    TestApp::with(database, STRICT).await
}

/// The browser that signed up, and the verification link.
async fn signed_up(app: &TestApp) -> (Client, String) {
    let mut browser = app.browser();
    let reply = browser.json(SIGN_UP, READER.json()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    (browser, app.link("verify-email", ADA).await.token)
}

/// Asserts that the response sets only the device cookie.
#[track_caller]
fn only_makes_known(reply: &Reply) {
    let names: Vec<String> = reply.cookies().into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(names, [DEVICE], "{}", reply.text());
}

/// Everything else that could distinguish two responses: headers, and cookies without their random values.
fn visible(reply: &Reply) -> (HeaderMap, Vec<(String, Vec<String>, usize)>) {
    let mut headers = reply.headers.clone();
    headers.remove("content-length");
    headers.remove("set-cookie");
    let cookies = reply.cookies().into_iter().map(|it| {
        let length = percent_decode_str(&it.value).count();
        (it.name, it.attributes, length)
    });
    (headers, cookies.collect())
}

async fn signed_in(client: &mut Client) -> Option<String> {
    client.get(GET_SESSION).await.json()["user"]["email"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_sign_up_gets_the_same_response_for_taken_and_free_addresses() {
    let database = a_database().await;
    let app = strict(database).await;
    let mut seen = Vec::new();
    for address in [ADA, ADA, "ADA@Example.com"] {
        let work = app.ports.hasher.work();
        let mails = app.database.rows_of("bookplate_mails").await.len();
        let fields =
            READER.with("email", address).with("name", "Somebody").with("password", "loud paper, chalk");
        let reply = app.browser().json(SIGN_UP, fields.json()).await;
        assert_eq!(reply.status, 200, "{address:?}");
        only_makes_known(&reply);
        let mut body = reply.json();
        assert_eq!(
            (&body["token"], &body["user"]["emailVerified"]),
            (&Value::Null, &json!(false)),
            "{address:?}"
        );
        let id = body["user"]["id"].take();
        assert_eq!(app.ports.hasher.work().hashed, work.hashed + 1, "the same work");
        assert_eq!(app.database.rows_of("bookplate_mails").await.len(), mails + 1, "{address:?}");
        assert!(seen.iter().all(|(_, _, other)| *other != id), "made up anew");
        seen.push((body, visible(&reply), id));
    }
    assert!(seen.iter().all(|(body, headers, _)| (body, headers) == (&seen[0].0, &seen[0].1)), "{seen:?}");
    assert_eq!((app.accounts().await, app.sessions().await), (1, 0));
    assert_eq!(app.count_mails("sign-up-attempt", ADA).await, 2, "its owner is told");
    assert_eq!(app.count_mails("verify-email", ADA).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_password_alone_does_not_sign_in_and_sends_a_link() {
    let database = a_database().await;
    let app = strict(database).await;
    signed_up(&app).await;
    app.ports.mailer.clear();
    let right = json!({ "email": ADA, "password": PASSWORD, "callbackURL": "/chapter/1" });
    let reply = app.browser().json(SIGN_IN, right).await;
    reply.refused(403, "EMAIL_NOT_VERIFIED");
    assert_eq!(reply.message(), "Email not verified");
    only_makes_known(&reply);
    let link = app.link("verify-email", ADA).await;
    assert!(link.url.ends_with("&callbackURL=%2Fchapter%2F1"));
    // A wrong one is told what it is always told, and no mail is sent for it.
    let wrong = json!({ "email": ADA, "password": "not the password" });
    let reply = app.browser().json(SIGN_IN, wrong).await;
    reply.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    assert!(reply.cookies().is_empty());
    assert_eq!(app.count_mails("verify-email", ADA).await, 1);
    assert_eq!(app.sessions().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_verification_link_signs_in_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let app = strict(database).await;
    let (browser, token) = signed_up(&app).await;
    let path = format!("{VERIFY_EMAIL}?token={token}");
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (first, second) = tokio::join!(one.get(&path), other.get(&path));
    for reply in [&first, &second] {
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true, "user": null })));
    }
    let opened = [&first, &second].iter().filter(|reply| reply.cookie(SESSION_COOKIE).is_some()).count();
    assert_eq!((opened, app.sessions().await), (1, 1));
    let mut late = browser;
    assert_eq!(late.get(&path).await.status, 200, "harmless");
    assert_eq!((late.session(), app.sessions().await), (None, 1));
    assert!(super::opens(&app, ADA, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_navigation_to_a_link_shows_a_button() {
    let database = a_database().await;
    let app = strict(database).await;
    let (browser, token) = signed_up(&app).await;
    let before = app.database.rows().await;
    let mut browser = browser.sending("sec-fetch-mode", "navigate").sending("sec-fetch-site", "cross-site");
    let reply = browser.get(&format!("{VERIFY_EMAIL}?token={token}&callbackURL=%2Fchapter%2F1")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/verify-email")));
    assert!(reply.cookie(SESSION_COOKIE).is_none());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert!(reply.cookie("bookplate.verify-email").unwrap().has("HttpOnly"));
    let page = browser.get("/verify-email").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains(&token));
    let button = page.page();
    assert!(button.all("form").any(|form| form.get("action") == Some("/verify-email")));
    assert_eq!(app.database.rows().await, before, "looking spends nothing");
    browser.set("sec-fetch-site", "same-origin");
    let reply = browser.form("/verify-email", Fields::new(&[])).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/chapter/1")));
    assert!(reply.cookie("bookplate.verify-email").unwrap().expires());
    assert_eq!(signed_in(&mut browser).await.as_deref(), Some(ADA));
    // The same link again is harmless and lets nobody in.
    let mut thief = app.browser();
    thief.keep("bookplate.verify-email", &format!("{token}~"));
    let reply = thief.form("/verify-email", Fields::new(&[])).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/verify-email?confirmed")));
    assert_eq!((thief.session(), app.sessions().await), (None, 1));
    assert!(super::opens(&app, ADA, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_the_button_works_from_our_origin_only() {
    let database = a_database().await;
    let app = strict(database).await;
    let (mut browser, token) = signed_up(&app).await;
    browser.keep("bookplate.verify-email", &format!("{token}~https%3A%2F%2Fevil.example%2F"));
    let mut foreign =
        browser.clone().sending("origin", "https://evil.example").sending("sec-fetch-site", "cross-site");
    assert_eq!(foreign.form("/verify-email", Fields::new(&[])).await.status, 403);
    assert_eq!(app.sessions().await, 0);
    // A cookie that was planted leads nowhere else.
    let reply = browser.form("/verify-email", Fields::new(&[])).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")));
    assert_eq!(signed_in(&mut browser).await.as_deref(), Some(ADA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_does_not_sign_another_reader_out() {
    let database = a_database().await;
    let app = strict(database).await;
    let (mut browser, token) = signed_up(&app).await;
    // In one browser, two readers have signed up.
    browser.json(SIGN_UP, READER.with("email", GRACE).json()).await;
    let hers = app.link("verify-email", GRACE).await.token;
    browser.get(&format!("{VERIFY_EMAIL}?token={hers}")).await;
    assert_eq!(signed_in(&mut browser).await.as_deref(), Some(GRACE));
    let reply = browser.get(&format!("{VERIFY_EMAIL}?token={token}")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.cookie(SESSION_COOKIE).is_none());
    assert_eq!(signed_in(&mut browser).await.as_deref(), Some(GRACE));
    assert_eq!(app.stored(ADA).await["emailVerified"], true);
    // What was asked for again goes to who has not proved the address yet, and to nobody else.
    app.ports.mailer.clear();
    for email in [ADA, GRACE] {
        app.browser().json(SEND_VERIFICATION, json!({ "email": email })).await;
    }
    assert!(app.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_sign_up_form_leads_to_the_mailbox_notice() {
    let database = a_database().await;
    let app = strict(database).await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let reply = app.browser().form("/sign-up", READER).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        only_makes_known(&reply);
        answers.push((reply.body.clone(), visible(&reply)));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!((app.accounts().await, app.sessions().await), (1, 0));
    let reply = app.browser().form("/sign-in", READER).await;
    assert_eq!(reply.status, 403);
    only_makes_known(&reply);
}
