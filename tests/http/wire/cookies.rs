//! The session cookie (section 3.1), and invalid ones.

use serde_json::json;

use super::{GET_SESSION, SESSION_COOKIE, TOKEN, UPDATE_USER, USER};
use crate::{
    app::{TestApp, a_database},
    client::Client,
    reply::Reply,
};

const ALL: [&str; 3] = [SESSION_COOKIE, "better-auth.session_data", "better-auth.dont_remember"];

fn takes_every_cookie_back(reply: &Reply) -> bool {
    ALL.iter().all(|name| reply.cookie(name).is_some_and(|cookie| cookie.expires()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_an_ended_session_is_cleared() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let ended = app.reader("ada@example.com").await;
    assert_eq!(ended.clone().json("/api/auth/sign-out", json!({})).await.status, 200);
    let reply = ended.clone().get(GET_SESSION).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "null"));
    assert!(takes_every_cookie_back(&reply));
    for path in [TOKEN, USER] {
        let reply = ended.clone().get(path).await;
        reply.refused(401, "UNAUTHORIZED");
        assert!(takes_every_cookie_back(&reply), "{path}");
    }
    for path in [UPDATE_USER, "/api/auth/session/refresh"] {
        let reply = ended.clone().json(path, json!({ "name": "x" })).await;
        reply.refused(401, "UNAUTHORIZED");
        assert!(takes_every_cookie_back(&reply), "{path}");
    }
    for path in ["/", "/sign-in", "/account", "/sign-out"] {
        assert!(takes_every_cookie_back(&ended.clone().get(path).await), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badly_signed_cookie_is_ignored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let value = reader.session().unwrap().to_owned();
    let (token, signature) = value.split_once('.').unwrap();
    let forged = [
        String::new(),
        "x".to_owned(),
        token.to_owned(),
        format!("{token}."),
        format!(".{signature}"),
        format!("{token}.{}", "A".repeat(43) + "%3D"),
        format!("{}.{signature}", "0".repeat(32)),
        format!("{}.{signature}", token.to_uppercase()),
        format!("{value}{value}"),
        format!("{token}.{token}.{signature}"),
        format!("{token}.{}", signature.trim_end_matches("%3D")),
        "%00%ff%".to_owned(),
        "%".repeat(4000),
        format!("{}.{signature}", "a".repeat(20_000)),
    ];
    for cookie in forged {
        let mut browser = app.browser();
        for path in [GET_SESSION, TOKEN, "/", "/account", "/sign-in"] {
            browser.keep(SESSION_COOKIE, &cookie);
            let reply = browser.get(path).await;
            assert!(reply.status.as_u16() < 500 && reply.cookies().is_empty(), "{path} {cookie}");
            assert!(path != GET_SESSION || reply.json().is_null(), "{cookie}");
        }
    }
    assert!(reader.clone().get(GET_SESSION).await.json().is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_two_cookies_with_one_name_counts() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let (ada, grace) = (app.reader("ada@example.com").await, app.reader("grace@example.com").await);
    let (ada, grace) = (ada.session().unwrap(), grace.session().unwrap());
    let cases = [
        (format!("{SESSION_COOKIE}={ada}; {SESSION_COOKIE}={grace}"), Some("ada@example.com")),
        (format!("{SESSION_COOKIE}={grace}; a=b;{SESSION_COOKIE}={ada}"), Some("grace@example.com")),
        (format!("{SESSION_COOKIE}=forged; {SESSION_COOKIE}={ada}"), None),
        (format!("x{SESSION_COOKIE}={ada}; {SESSION_COOKIE}x={ada}"), None),
        (format!("a; =; ;;{SESSION_COOKIE}={ada}"), Some("ada@example.com")),
    ];
    for (header, expected) in cases {
        assert_eq!(
            reader_of(&mut app.browser().sending("cookie", &header)).await.as_deref(),
            expected,
            "{header}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hosts_malformed_cookie_does_not_sign_the_reader_out() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    for neighbour in ["name=Zoë", "theme=\"dark\"", "a=b=c", "x", "long="] {
        let header = format!("{neighbour}; {SESSION_COOKIE}={}", reader.session().unwrap());
        let mut browser = app.browser();
        let bytes = http::HeaderValue::from_bytes(header.as_bytes()).unwrap();
        let request = browser.request(http::Method::GET, GET_SESSION).header("cookie", bytes);
        let reply = browser.send(request, "").await;
        assert_eq!(reply.json()["user"]["email"], "ada@example.com", "{neighbour}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_a_token_sent_before_sign_in_is_never_adopted() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let planted = app.reader("eve@example.com").await;
    let mut browser = app.browser();
    browser.keep(SESSION_COOKIE, planted.session().unwrap());
    browser.json("/api/auth/sign-in/email", crate::client::READER.json()).await;
    assert_ne!(browser.session(), planted.session());
    assert_eq!(reader_of(&mut browser).await.as_deref(), Some("ada@example.com"));
    assert_eq!(reader_of(&mut planted.clone()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_is_percent_encoded_like_encode_uri_component() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let value = reader.session().unwrap();
    assert!(value.ends_with("%3D") && !value.contains(['+', '/', '=']), "{value}");
    let decoded = percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned();
    let (token, signature) = decoded.rsplit_once('.').unwrap();
    assert_eq!(signature.len(), 44);
    assert!(token.len() >= 32, "128 bits at least");
    // As it is, it is read as well: some clients send back what they have decoded.
    let mut browser = app.browser();
    browser.keep(SESSION_COOKIE, &decoded);
    assert_eq!(reader_of(&mut browser).await.as_deref(), Some("ada@example.com"));
}

async fn reader_of(browser: &mut Client) -> Option<String> {
    let session = browser.get(GET_SESSION).await.json();
    session["user"]["email"].as_str().map(str::to_owned)
}
