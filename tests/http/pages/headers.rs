//! Headers of every response.

use std::collections::HashSet;

use http::Method;

use super::every_page;
use crate::{
    app::{TestApp, a_database},
    client::READER,
    fields::Fields,
    reply::Reply,
};

const HTTPS: &[(&str, &str)] = &[("BOOKPLATE_URL", "https://accounts.example.org")];

fn directive<'a>(reply: &'a Reply, name: &str) -> Vec<&'a str> {
    let policy = reply.header("content-security-policy").unwrap();
    let found =
        policy.split("; ").find_map(|it| it.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {policy}"));
    found.split(' ').filter(|it| !it.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn security_37_every_page_has_a_policy_with_a_nonce() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut pages = Vec::new();
    for (mut browser, path, _) in every_page(&app).await {
        pages.push((path, browser.get(path).await));
        pages.push((path, browser.get(path).await));
    }
    let mut browser = app.reader("grace@example.com").await;
    pages.push(("refused", app.browser().form("/sign-in", READER.with("email", "nobody")).await));
    pages.push(("saved", browser.form("/account", READER).await));
    pages.pop();
    pages.push(("told", browser.get("/account").await));
    let mut nonces = HashSet::new();
    for (path, reply) in pages {
        let nonce = reply.nonce().unwrap();
        assert!(nonce.len() >= 22 && nonces.insert(nonce.to_owned()), "{path}: {nonce}");
        assert_eq!(directive(&reply, "default-src"), ["'none'"], "{path}");
        let own = format!("'nonce-{nonce}'");
        assert_eq!(directive(&reply, "script-src"), ["'self'", "'wasm-unsafe-eval'", &own], "{path}");
        assert_eq!(directive(&reply, "style-src"), ["'self'", &own], "{path}");
        assert_eq!(directive(&reply, "form-action"), ["'self'"], "{path}");
        for none in ["base-uri", "object-src", "frame-ancestors"] {
            assert_eq!(directive(&reply, none), ["'none'"], "{path}");
        }
        let page = reply.page();
        let (mut inline, mut handlers) = (Vec::new(), Vec::new());
        for element in page.elements() {
            let is_code = matches!(element.tag.as_str(), "script" | "style") && !element.has("src");
            if is_code && element.get("nonce") != Some(nonce) {
                inline.push(element);
            }
            handlers
                .extend(element.attributes().filter(|(name, _)| name.starts_with("on") || *name == "style"));
        }
        assert!(inline.is_empty() && handlers.is_empty(), "{path}: {inline:?} {handlers:?}");
    }
}

/// One response of every kind.
async fn answers(app: &TestApp) -> Vec<(String, Reply)> {
    let mut answers = Vec::new();
    for (mut browser, path, _) in every_page(app).await {
        answers.push((format!("GET {path}"), browser.get(path).await));
    }
    let mut browser = app.browser();
    for path in ["/login", "/account", "/api/auth/get-session", "/api/auth/nothing", "/api/auth/token"] {
        answers.push((format!("GET {path}"), browser.get(path).await));
    }
    for (path, fields) in
        [("/sign-in", READER.with("email", "nobody")), ("/sign-in", READER), ("/sign-out", Fields::new(&[]))]
    {
        answers.push((format!("form {path}"), browser.form(path, fields).await));
    }
    answers.push(("wrong method".into(), browser.send(browser.request(Method::PUT, "/sign-in"), "").await));
    answers.push(("JSON".into(), browser.json("/api/auth/sign-in/email", READER.json()).await));
    answers.push(("no JSON".into(), browser.post("/api/auth/sign-in/email", "application/json", "{").await));
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn security_37_every_response_has_security_headers() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (what, reply) in answers(&app).await {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
        // The page a mailed link leads to tells nobody where its reader comes from.
        let expected = if what == "GET /reset-password" { "no-referrer" } else { "same-origin" };
        assert_eq!(reply.header("referrer-policy"), Some(expected), "{what}");
        assert_eq!(directive(&reply, "default-src"), ["'none'"], "{what}");
        assert_eq!(reply.header("strict-transport-security"), None, "{what}: not on http");
        if reply.header("content-type").is_some_and(|it| it.starts_with("text/html")) {
            assert!(reply.header("permissions-policy").unwrap().contains("camera=()"), "{what}");
            assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_19_no_page_can_be_framed() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut pages = 0;
    for (what, reply) in answers(&app).await {
        assert_eq!(directive(&reply, "frame-ancestors"), ["'none'"], "{what}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{what}");
        pages += usize::from(reply.header("content-type").is_some_and(|it| it.starts_with("text/html")));
    }
    assert!(pages >= 14, "{pages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_no_page_and_no_response_is_cached() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (what, reply) in answers(&app).await {
        // A redirect that is not 301 or 308 is not kept unless it says so (RFC 9110 section 15.1).
        let expected = if what == "GET /login" { None } else { Some("no-store") };
        assert_eq!(reply.header("cache-control"), expected, "{what} {}", reply.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_on_https_cookies_are_secure_and_hsts_is_sent() {
    let database = a_database().await;
    let app = TestApp::with(database, HTTPS).await;
    let mut browser = app.browser();
    let signed_up = browser.form("/sign-up", READER.with("rememberMe", "false")).await;
    let signed_in = browser.json("/api/auth/sign-in/email", READER.json()).await;
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200);
    let signed_out = browser.form("/sign-out", Fields::new(&[])).await;
    for reply in [&signed_up, &signed_in, &signed_out, &page, &browser.get("/no-such-page").await] {
        assert_eq!(reply.header("strict-transport-security"), Some("max-age=31536000"));
        for cookie in reply.cookies() {
            let of_the_wire = cookie.name.starts_with("__Secure-better-auth.");
            let of_our_own = cookie.name.starts_with("__Host-bookplate.");
            assert!((of_the_wire || of_our_own) && cookie.has("Secure"), "{cookie:?}");
        }
    }
    assert_eq!([&signed_up, &signed_in, &signed_out].map(|reply| reply.cookies().len()), [3, 2, 3]);
    // A cookie without the prefix could have been set by whoever is in between: it is not looked at.
    let mut plain = app.browser();
    let session = app.reader("grace@example.com").await.session().unwrap().to_owned();
    plain.keep("better-auth.session_token", &session);
    assert!(plain.get("/api/auth/get-session").await.json().is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_every_cookie_is_host_only_and_http_only() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut seen = 0;
    for (what, reply) in answers(&app).await {
        for cookie in reply.cookies() {
            seen += 1;
            assert!(
                cookie.has("HttpOnly") && cookie.has("SameSite=Lax") && cookie.has("Path=/"),
                "{what} {cookie:?}"
            );
            assert!(!cookie.attributes.iter().any(|it| it.starts_with("Domain")), "{what} {cookie:?}");
            assert!(!cookie.has("Secure"), "{what}: this origin is http");
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_responses_reveal_neither_program_nor_version() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (what, reply) in answers(&app).await {
        for name in ["server", "x-powered-by", "via"] {
            assert_eq!(reply.header(name), None, "{what}");
        }
        for word in ["axum", "sqlx", "tokio", "panicked", "src/"] {
            assert!(!reply.text().contains(word), "{what}: {word}");
        }
    }
}
