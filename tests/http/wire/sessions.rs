//! Session lifetimes (section 3.3) and get-session.

use serde_json::json;

use super::{GET_SESSION, SESSION_COOKIE, SIGN_IN, TOKEN, UPDATE_USER};
use crate::{
    app::{TestApp, a_database},
    client::READER,
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[tokio::test(flavor = "multi_thread")]
async fn get_session_returns_the_whole_session_uncached() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.browser().get(GET_SESSION).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "null"));
    let mut reader = app.reader("ada@example.com").await;
    let reply = reader.get(GET_SESSION).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("pragma"), Some("no-cache"));
    assert!(reply.cookies().is_empty());
    let body = reply.json();
    let session = &body["session"];
    let expected = json!({
        "id": session["id"],
        "token": session["token"],
        "userId": body["user"]["id"],
        "expiresAt": "2026-11-28T00:00:00.000Z",
        "createdAt": "2026-11-21T00:00:00.000Z",
        "updatedAt": "2026-11-21T00:00:00.000Z",
        "ipAddress": "192.0.2.10",
        "userAgent": "Mozilla/5.0 (a test)",
    });
    assert_eq!(*session, expected);
    // Security 14: what is shown opens nothing, because bearer sessions are off.
    assert_eq!(session["token"].as_str().unwrap().len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_session_is_renewed_a_day_after_the_last_renewal() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let first = reader.session().unwrap().to_owned();
    app.ports.clock.advance_seconds(DAY - 1);
    let reply = reader.get(GET_SESSION).await;
    assert!(reply.cookies().is_empty(), "a second too early");
    assert_eq!(reply.json()["session"]["expiresAt"], "2026-11-28T00:00:00.000Z");
    app.ports.clock.advance_seconds(1);
    let reply = reader.get(GET_SESSION).await;
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(604_800));
    assert_eq!(reader.session(), Some(first.as_str()), "the same token");
    let session = reply.json()["session"].clone();
    assert_eq!(session["expiresAt"], "2026-11-29T00:00:00.000Z");
    assert_eq!(session["updatedAt"], "2026-11-22T00:00:00.000Z");
    assert_eq!(session["createdAt"], "2026-11-21T00:00:00.000Z");
    assert!(reader.get(GET_SESSION).await.cookies().is_empty(), "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_use_of_a_session_renews_it() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let profile = READER.with("name", "Ada");
    for way in 0..7 {
        app.ports.clock.advance_seconds(DAY);
        let reply = match way {
            0 => reader.get(TOKEN).await,
            1 => reader.get("/").await,
            2 => reader.get("/account").await,
            3 => reader.get("/api/auth/user").await,
            4 => reader.json(UPDATE_USER, json!({ "name": "Ada" })).await,
            5 => reader.form("/account", profile.clone()).await,
            _ => reader.form("/account", profile.with("name", "a\0b")).await,
        };
        let cookie = reply.cookie(SESSION_COOKIE).unwrap_or_else(|| panic!("{way}: {}", reply.text()));
        assert_eq!(cookie.max_age(), Some(604_800), "{way}");
        assert!(reader.get(GET_SESSION).await.cookies().is_empty(), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_session_ends_after_seven_days() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let (mut one, mut other) = (app.reader("ada@example.com").await, app.reader("grace@example.com").await);
    app.ports.clock.advance_seconds(7 * DAY - 1);
    assert!(one.get(GET_SESSION).await.json().is_object());
    app.ports.clock.advance_seconds(1);
    assert!(other.get(GET_SESSION).await.json().is_null());
    assert_eq!(other.session(), None, "the browser is told");
    assert_eq!(app.sessions().await, 1, "and the row is gone");
    assert!(one.get(GET_SESSION).await.json().is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_ninety_days_however_often_it_is_used() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    for day in 1..90 {
        app.ports.clock.advance_seconds(DAY);
        let reply = reader.get(GET_SESSION).await;
        let left = (90 - day).min(7) * DAY;
        assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(left), "day {day}");
    }
    // The last renewal, by hand, gains nothing either.
    let reply = reader.json("/api/auth/session/refresh", json!({})).await;
    assert_eq!(reply.json()["session"]["expiresAt"], "2027-02-19T00:00:00.000Z");
    app.ports.clock.advance_seconds(DAY);
    assert!(reader.get(GET_SESSION).await.json().is_null());
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_remember_me_ends_after_a_day() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let mut browser = app.browser();
    browser.json(SIGN_IN, READER.with("rememberMe", "false").json()).await;
    app.ports.clock.advance_seconds(DAY - 1);
    let reply = browser.get(GET_SESSION).await;
    assert_eq!(reply.json()["session"]["expiresAt"], "2026-11-22T00:00:00.000Z");
    assert!(reply.cookies().is_empty());
    // The profile's answer re-sends the cookie, still one of this browser window.
    let reply = browser.json(UPDATE_USER, json!({ "name": "Ada" })).await;
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), None);
    app.ports.clock.advance_seconds(1);
    let reply = browser.get(GET_SESSION).await;
    assert!(reply.json().is_null());
    assert!(reply.cookie("better-auth.dont_remember").unwrap().expires());
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_without_renewing_is_possible() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.ports.clock.advance_seconds(2 * DAY);
    for query in ["?disableRefresh=true", "?disableRefresh=1", "?disableCookieCache=true&disableRefresh=true"]
    {
        let reply = reader.get(&format!("{GET_SESSION}{query}")).await;
        assert!(reply.cookies().is_empty(), "{query}");
        assert_eq!(reply.json()["session"]["expiresAt"], "2026-11-28T00:00:00.000Z", "{query}");
    }
    let reply = reader.get(&format!("{GET_SESSION}?disableRefresh=false")).await;
    assert_eq!(reply.json()["session"]["expiresAt"], "2026-11-30T00:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_a_restart() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let restarted = app.again(&[], "").await;
    let mut browser = restarted.browser();
    browser.keep(SESSION_COOKIE, reader.session().unwrap());
    assert_eq!(browser.get(GET_SESSION).await.json()["user"]["email"], "ada@example.com");
    // Under another secret no cookie of before is one, and nobody is told to forget it.
    let moved = app.again(&[("BOOKPLATE_SECRET", "qP7wX2nB9vK4mT6zR1cY8hL3gD5jF0sE")], "").await;
    let mut browser = moved.browser();
    browser.keep(SESSION_COOKIE, reader.session().unwrap());
    let reply = browser.get(GET_SESSION).await;
    assert!(reply.json().is_null() && reply.cookies().is_empty());
}
