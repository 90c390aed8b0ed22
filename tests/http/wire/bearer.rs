//! Session tokens as bearers (section 3.6), an option that is off by default.

use serde_json::json;

use super::{GET_SESSION, SESSION_COOKIE, SIGN_IN, SIGN_OUT, TOKEN, UPDATE_USER, USER};
use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
    reply::Reply,
};

const ON: &[(&str, &str)] = &[("BOOKPLATE_BEARER_SESSIONS", "true")];

fn bearing(client: Client, token: &str) -> Client {
    client.sending("authorization", &format!("Bearer {token}"))
}

async fn email(client: &mut Client) -> Option<String> {
    let reply = client.get(GET_SESSION).await;
    assert_eq!(reply.status, 200);
    reply.json()["user"]["email"].as_str().map(str::to_owned)
}

fn decoded(cookie: &str) -> String {
    percent_encoding::percent_decode_str(cookie).decode_utf8().unwrap().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_session_in_every_issued_form() {
    let database = a_database().await;
    let app = TestApp::with(database, ON).await;
    let mut reader = app.reader("ada@example.com").await;
    let token = reader.get(GET_SESSION).await.json()["session"]["token"].as_str().unwrap().to_owned();
    let cookie = reader.session().unwrap().to_owned();
    for value in [token.clone(), decoded(&cookie), cookie] {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let mut script = app.script().sending("authorization", &format!("{scheme} {value}"));
            assert_eq!(email(&mut script).await.as_deref(), Some("ada@example.com"), "{scheme} {value}");
            assert_eq!(script.get(USER).await.json()["user"]["email"], "ada@example.com", "{scheme} {value}");
            assert!(script.get(TOKEN).await.json()["token"].is_string(), "{scheme} {value}");
        }
    }
    // Scripts of their own: with the cookie of an answer in its jar, one would have to name its origin.
    let script = || bearing(app.script(), &token);
    assert_eq!(script().json(UPDATE_USER, json!({ "name": "Countess" })).await.status, 200);
    assert_eq!(script().json(SIGN_OUT, json!({})).await.status, 200);
    assert_eq!(email(&mut reader).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_bearer_token_is_ignored() {
    let database = a_database().await;
    let app = TestApp::with(database, ON).await;
    let mut reader = app.reader("ada@example.com").await;
    let token = reader.get(GET_SESSION).await.json()["session"]["token"].as_str().unwrap().to_owned();
    let handle = &token[..32];
    let wrong = [
        format!("Bearer {handle}"),
        format!("Bearer {handle}{}", "0".repeat(32)),
        format!("Bearer {token}0"),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {token}.{}=", "A".repeat(43)),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {}", "x".repeat(20_000)),
        token.clone(),
    ];
    for header in wrong {
        let mut script = app.script().sending("authorization", &header);
        assert_eq!(email(&mut script).await, None, "{header}");
        script.json(UPDATE_USER, json!({ "name": "x" })).await.refused(401, "UNAUTHORIZED");
        let mut browser = reader.clone().sending("authorization", &header);
        assert_eq!(
            email(&mut browser).await.as_deref(),
            Some("ada@example.com"),
            "the cookie counts: {header}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_takes_precedence_over_a_cookie_and_needs_no_origin() {
    let database = a_database().await;
    let app = TestApp::with(database, ON).await;
    let ada = app.reader("ada@example.com").await;
    let grace = app.reader("grace@example.com").await;
    let mut both = bearing(ada, &decoded(grace.session().unwrap()));
    assert_eq!(email(&mut both).await.as_deref(), Some("grace@example.com"));
    let mut script = bearing(app.script(), &decoded(grace.session().unwrap()));
    script.set("sec-fetch-mode", "cors");
    assert_eq!(script.json(UPDATE_USER, json!({ "name": "Admiral" })).await.status, 200);
    assert_eq!(app.stored("grace@example.com").await["name"], "Admiral");
    // A page is for browsers, and a browser has a cookie.
    assert_eq!(bearing(app.script(), &decoded(grace.session().unwrap())).get("/account").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_sent_with_every_cookie_and_the_jwt_with_every_session() {
    let database = a_database().await;
    let app = TestApp::with(database, ON).await;
    let mut reader = app.browser();
    let handed_out = |reply: &Reply| {
        let cookie = reply.cookie(SESSION_COOKIE).unwrap();
        assert_eq!(reply.header("set-auth-token"), Some(decoded(&cookie.value).as_str()));
        assert!(reply.header("access-control-expose-headers").unwrap().contains("set-auth-token"));
    };
    handed_out(&reader.json("/api/auth/sign-up/email", READER.json()).await);
    handed_out(&reader.json(SIGN_IN, READER.json()).await);
    handed_out(&reader.json(UPDATE_USER, json!({ "name": "Ada" })).await);
    handed_out(&reader.json("/api/auth/session/refresh", json!({})).await);
    let reply = reader.get(GET_SESSION).await;
    assert_eq!(reply.header("set-auth-token"), None, "no cookie is set");
    let jwt = reply.header("set-auth-jwt").unwrap();
    let mut service = bearing(app.script(), jwt);
    assert_eq!(service.get("/api/auth/user").await.json()["user"]["email"], "ada@example.com");
    app.ports.clock.advance_seconds(24 * 3600);
    handed_out(&reader.get(GET_SESSION).await);
    let reply = reader.json(SIGN_OUT, json!({})).await;
    assert_eq!(reply.header("set-auth-token"), None);
    let reply = reader.get(GET_SESSION).await;
    assert_eq!((reply.header("set-auth-token"), reply.header("set-auth-jwt")), (None, None));
    let reply = app.browser().json(SIGN_IN, READER.with("password", "not the password").json()).await;
    assert_eq!(reply.header("set-auth-token"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_with_the_option_off_no_token_opens_a_session_and_none_is_issued() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.browser();
    let signed_up = reader.json("/api/auth/sign-up/email", READER.json()).await;
    let signed_in = reader.json(SIGN_IN, READER.json()).await;
    let session = reader.get(GET_SESSION).await;
    for reply in [&signed_up, &signed_in, &session] {
        assert_eq!((reply.header("set-auth-token"), reply.header("set-auth-jwt")), (None, None));
    }
    let token = session.json()["session"]["token"].as_str().unwrap().to_owned();
    let cookie = reader.session().unwrap();
    for value in [token.as_str(), cookie, &decoded(cookie)] {
        assert_eq!(email(&mut bearing(app.script(), value)).await, None, "{value}");
        let id = session.json()["session"]["id"].as_str().unwrap().to_owned();
        for other in [value, id.as_str()] {
            let mut script = app.script();
            script.keep(SESSION_COOKIE, other.split('.').next().unwrap());
            assert_eq!(email(&mut script).await, None, "{other}");
        }
    }
    // Nor is a token taken from an address.
    let query = format!("{GET_SESSION}?token={token}&session_token={cookie}&access_token={token}");
    assert!(app.script().get(&query).await.json().is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_survives_a_change_of_the_option() {
    let database = a_database().await;
    let off = TestApp::on(database).await;
    let on = off.again(ON, "").await;
    for (from, to) in [(&off, &on), (&on, &off)] {
        let name = if std::ptr::eq(from, &raw const off) { "ada" } else { "grace" };
        let reader = from.reader(&format!("{name}@example.com")).await;
        let mut browser = to.browser();
        browser.keep(SESSION_COOKIE, reader.session().unwrap());
        assert_eq!(email(&mut browser).await, Some(format!("{name}@example.com")), "{name}");
    }
}
