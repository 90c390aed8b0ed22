//! Rate limits by client (section 5).

use http::{HeaderValue, Method};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{CHANGE_EMAIL, CHANGE_PASSWORD, GET_SESSION, REQUEST_RESET, SEND_VERIFICATION, SIGN_IN, SIGN_UP};
use crate::{
    app::{TestApp, UNLIMITED, a_database},
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

/// The default limits.
pub(super) fn usual() -> Vec<(&'static str, &'static str)> {
    UNLIMITED.iter().map(|(name, _)| (*name, "")).collect()
}

fn wrong() -> Value {
    json!({ "email": "nobody@example.com", "password": "not the password" })
}

/// How many of `tries` consecutive requests pass, and the last response.
async fn let_through(client: &mut Client, path: &str, body: &Value, tries: usize) -> (usize, Reply) {
    let mut through = 0;
    loop {
        let reply = match body {
            Value::Null => client.get(path).await,
            body => client.json(path, body.clone()).await,
        };
        if reply.status == 429 || through == tries {
            return (through, reply);
        }
        through += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_the_default_limits_apply_to_each_client() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let cases = [
        (SIGN_IN, wrong(), 3, "10"),
        (SIGN_UP, json!({}), 3, "10"),
        (CHANGE_PASSWORD, json!({}), 3, "10"),
        (CHANGE_EMAIL, json!({}), 3, "10"),
        (REQUEST_RESET, json!({ "email": "ada@example.com" }), 3, "60"),
        (SEND_VERIFICATION, json!({ "email": "ada@example.com" }), 3, "60"),
        (GET_SESSION, Value::Null, 100, "10"),
        ("/api/auth/ok", Value::Null, 100, "10"),
        ("/api/auth/reset-password/x?callbackURL=", Value::Null, 100, "10"),
        ("/api/auth/verify-password", json!({}), 100, "10"),
    ];
    // One after the other, so that each bucket is seen to be its own.
    for (path, body, expected, seconds) in &cases {
        let (through, refused) = let_through(&mut app.script(), path, body, 200).await;
        assert_eq!(through, *expected, "{path}");
        refused.refused(429, "TOO_MANY_REQUESTS");
        assert_eq!(
            refused.message(),
            "Too many requests. Please try again later.",
            "{path:?} {expected:?} {seconds:?}"
        );
        assert_eq!(refused.header("x-retry-after"), Some(*seconds), "{path}");
        assert_eq!(refused.header("retry-after"), Some(*seconds), "{path}");
        assert_eq!(refused.header("cache-control"), Some("no-store"), "{path:?} {expected:?} {seconds:?}");
    }
    // Nobody else is hit.
    for (path, body, expected, _) in &cases {
        let mut other = app.script().at("192.0.2.11");
        assert_eq!(let_through(&mut other, path, body, *expected).await.0, *expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_26_a_refusal_has_retry_after_and_does_not_extend_it() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let mut client = app.script();
    for _ in 0..3 {
        app.ports.clock.advance_seconds(3);
        client.json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    for left in ["10", "7", "4", "1"] {
        let reply = client.json(SIGN_IN, wrong()).await;
        reply.refused(429, "TOO_MANY_REQUESTS");
        assert_eq!(reply.header("retry-after"), Some(left), "counted from the last that was let through");
        app.ports.clock.advance_seconds(3);
    }
    let (through, _) = let_through(&mut client, SIGN_IN, &wrong(), 10).await;
    assert_eq!(through, 3, "a quiet window later it begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_a_rate_limit_applies_before_anything_else() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let mut client = app.script();
    client.post(SIGN_IN, "text/plain", "x").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    client.post("/api/auth/sign-in/nothing", "application/json", "{}").await.is_empty_404();
    let mut stranger = app.browser().sending("origin", "https://evil.example");
    stranger.json(SIGN_IN, wrong()).await.refused(403, "INVALID_ORIGIN");
    let work = app.ports.hasher.work();
    for path in [SIGN_IN, "/api/auth/sign-in/nothing", "/api/auth/sign-in"] {
        client.json(path, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
    }
    assert_eq!(app.ports.hasher.work(), work);
    // A page of the book's own may read how long to wait.
    let reply = app.browser().sending("origin", "http://localhost:3000").json(SIGN_IN, wrong()).await;
    reply.refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert!(reply.header("access-control-expose-headers").unwrap().contains("retry-after"));
    // What clients make up shares one bucket, so that it fills nobody's memory.
    let mut inventor = app.script();
    for number in 0..100 {
        inventor.get(&format!("/api/auth/made-up-{number}")).await.is_empty_404();
    }
    inventor.get("/api/auth/made-up-100").await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_forms_json_and_older_names_share_one_limit() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let form = Fields::new(&[("email", "nobody@example.com"), ("password", "not the password")]);
    assert_eq!(app.browser().form("/sign-in", form.clone()).await.status, 401);
    app.script().json("/api/auth/signin/email", wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    app.script().json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(app.browser().form("/sign-in", form).await.status, 429);
    for path in ["/api/auth/signin/email", SIGN_IN, "/api/auth/sign-in/email?x=1"] {
        app.script().json(path, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
    }
    // No other writing of the path leads past it: it leads nowhere.
    for path in [
        "/api/auth/Sign-In/email",
        "/api/auth//sign-in/email",
        "/api/auth/sign-in/email/",
        "/api/auth/%73ign-in/email",
    ] {
        let reply = app.script().json(path, wrong()).await;
        assert!([404, 429].contains(&reply.status.as_u16()), "{path} {}", reply.status);
    }
    for (page, path, fields) in [
        ("/forgot-password", REQUEST_RESET, Fields::new(&[("email", "ada@example.com")])),
        ("/verify-email/send", SEND_VERIFICATION, Fields::new(&[("email", "ada@example.com")])),
    ] {
        assert_eq!(app.browser().form(page, fields.clone()).await.status, 303, "{page}");
        for _ in 0..2 {
            assert_eq!(app.script().json(path, fields.json()).await.status, 200);
        }
        assert_eq!(app.browser().form(page, fields.clone()).await.status, 429, "{page}");
    }
}

async fn spent(app: &TestApp, forwarded: &str) -> bool {
    let mut client = app.script().at("10.0.0.5").sending("x-forwarded-for", forwarded);
    client.json(SIGN_IN, wrong()).await.status == 429
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_x_forwarded_for_counts_only_from_a_trusted_proxy() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    for number in 1..=3 {
        assert!(!spent(&app, &format!("198.51.100.{number}")).await, "{number:?}");
    }
    assert!(spent(&app, "198.51.100.4").await, "whatever it says, it is one client");
    for name in ["x-real-ip", "forwarded", "x-client-ip", "cf-connecting-ip", "true-client-ip"] {
        let mut client = app.script().at("10.0.0.5").sending(name, "198.51.100.9");
        client.json(SIGN_IN, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
    }

    let mut variables = usual();
    variables.push(("BOOKPLATE_TRUSTED_PROXIES", "10.0.0.0/8"));
    let behind = app.again(&variables, "").await;
    app.ports.clock.advance_seconds(60);
    for left in ["", "203.0.113.1, ", "203.0.113.2,10.0.0.9, "] {
        assert!(!spent(&behind, &format!("{left}198.51.100.7, 10.0.0.6")).await, "{left}");
    }
    assert!(spent(&behind, "203.0.113.3, 198.51.100.7").await, "what the client wrote proves nothing");
    assert!(!spent(&behind, "198.51.100.8").await);
    // Bytes that are no text hide nothing that a proxy wrote after them.
    let mut client = behind.script().at("10.0.0.5");
    let written = HeaderValue::from_bytes(b"203.0.113.4\xff, \xc3\xbc, 198.51.100.7, 10.0.0.6").unwrap();
    let request = client.request(Method::POST, SIGN_IN).header("content-type", "application/json");
    let reply = client.send(request.header("x-forwarded-for", written), wrong().to_string()).await;
    reply.refused(429, "TOO_MANY_REQUESTS");
    let mut direct = behind.script().at("198.51.100.7").sending("x-forwarded-for", "198.51.100.8");
    direct.json(SIGN_IN, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_an_ipv6_client_is_its_network() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    for host in ["1", "ffff:1", "dead:beef"] {
        let mut client = app.script().at(&format!("2001:db8:7:7::{host}"));
        client.json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    app.script().at("2001:db8:7:7::9").json(SIGN_IN, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
    let mut neighbour = app.script().at("2001:db8:7:8::1");
    neighbour.json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    // An address of IPv4 is the same in either writing.
    for address in ["203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7"] {
        app.script().at(address).json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    app.script().at("::ffff:203.0.113.7").json(SIGN_IN, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_concurrent_requests_do_not_bypass_a_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::with(database, &usual()).await;
    let other = app.again(&usual(), "").await;
    let mut under_way = JoinSet::new();
    for number in 0..24 {
        let mut client = if number % 2 == 0 { app.script() } else { other.script() };
        under_way.spawn(async move { client.json(SIGN_IN, wrong()).await.status.as_u16() });
    }
    let mut answers = under_way.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers[..4], [401, 401, 401, 429]);
    assert!(answers[4..].iter().all(|status| *status == 429), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_two_instances_count_together() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let other = app.again(&usual(), "").await;
    for instance in [&app, &other, &app] {
        instance.script().json(SIGN_IN, wrong()).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    for instance in [&app, &other] {
        instance.script().json(SIGN_IN, wrong()).await.refused(429, "TOO_MANY_REQUESTS");
    }
    // Neither who asked nor for what stands in the table.
    let rows = app.database.rows_of("bookplate_limits").await;
    assert!(
        !rows.is_empty() && rows.iter().all(|row| !row.contains("192.0.2") && !row.contains('@')),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn security_26_a_rate_limited_form_keeps_its_input() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    for (path, fields) in
        [("/sign-in", READER.with("next", "/chapter/1")), ("/sign-up", READER.with("email", "nobody"))]
    {
        for _ in 0..3 {
            app.browser().form(path, fields.clone()).await;
        }
        let reply = app.browser().form(path, fields.clone()).await;
        assert_eq!(reply.status, 429, "{path}");
        assert_eq!((reply.header("retry-after"), reply.header("x-retry-after")), (Some("10"), Some("10")));
        let page = reply.page();
        assert_eq!(page.problem_title(), Some("Too many tries. Wait 10 seconds, then try again."));
        assert_eq!(page.value("email").as_deref(), fields.get("email"), "{path}");
        assert!(page.value("password").is_none() && !reply.text().contains(crate::app::PASSWORD));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_27_sign_ups_are_limited_across_addresses() {
    let database = a_database().await;
    let app = TestApp::with(database, &usual()).await;
    let mut answers = Vec::new();
    for number in 0..5 {
        let fields = READER.with("email", &format!("reader-{number}@example.com"));
        answers.push(app.browser().json(SIGN_UP, fields.json()).await.status.as_u16());
    }
    assert_eq!((answers, app.accounts().await), (vec![200, 200, 200, 429, 429], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limits_are_configurable() {
    let database = a_database().await;
    let chosen = [("BOOKPLATE_LIMIT_SIGN_IN", "5/60"), ("BOOKPLATE_LIMIT_REQUESTS", "2/1m")];
    let app = TestApp::with(database, &chosen).await;
    let (through, refused) = let_through(&mut app.script(), SIGN_IN, &wrong(), 20).await;
    assert_eq!((through, refused.header("retry-after")), (5, Some("60")));
    let (through, refused) = let_through(&mut app.script(), GET_SESSION, &Value::Null, 20).await;
    assert_eq!((through, refused.header("retry-after")), (2, Some("60")));
    let off = app.again(&[], "").await;
    assert_eq!(let_through(&mut off.script(), SIGN_IN, &wrong(), 20).await.0, 20);
}
