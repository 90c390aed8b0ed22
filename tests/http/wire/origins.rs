//! Origin checks (section 4 of the wire), for forms and JSON.

use serde_json::json;

use super::{SIGN_IN, SIGN_OUT, SIGN_UP, UPDATE_USER};
use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::{Client, READER},
};

type Headers = &'static [(&'static str, &'static str)];

fn sending(client: &Client, headers: Headers) -> Client {
    let plain = client.clone().without("origin").without("sec-fetch-site");
    headers.iter().fold(plain, |client, (name, value)| client.sending(name, value))
}

/// Origin headers of a request, and the expected error code.
const WITH_A_COOKIE: &[(Headers, &str)] = &[
    (&[], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "")], "INVALID_ORIGIN"),
    (&[("origin", "null")], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "null"), ("sec-fetch-site", "cross-site")], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "null"), ("sec-fetch-site", "same-site")], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "https://evil.example")], "INVALID_ORIGIN"),
    (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], "INVALID_ORIGIN"),
    (&[("origin", "http://localhost:3001.evil.example")], "INVALID_ORIGIN"),
    (&[("origin", "http://evil-localhost:3001")], "INVALID_ORIGIN"),
    (&[("origin", "https://localhost:3001")], "INVALID_ORIGIN"),
    (&[("origin", "http://localhost:3002")], "INVALID_ORIGIN"),
    (&[("origin", "http://localhost")], "INVALID_ORIGIN"),
    (&[("origin", "http://user@localhost:3001")], "INVALID_ORIGIN"),
    (&[("origin", "file://")], "INVALID_ORIGIN"),
    (&[("referer", "https://evil.example/http://localhost:3001/")], "INVALID_ORIGIN"),
];

const TRUSTED: &[Headers] = &[
    &[("origin", "http://localhost:3001")],
    &[("origin", "HTTP://LOCALHOST:3001")],
    &[("origin", "null"), ("sec-fetch-site", "same-origin")],
    &[("referer", "http://localhost:3001/account")],
];

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_write_with_a_cookie_needs_a_trusted_origin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let mut other = app.browser();
    other.keep("theme", "dark");
    let before = app.database.rows().await;
    for (headers, code) in WITH_A_COOKIE {
        for client in [&reader, &other] {
            for path in
                [SIGN_OUT, UPDATE_USER, SIGN_IN, SIGN_UP, "/api/auth/session/refresh", "/api/auth/signout"]
            {
                let reply = sending(client, headers).json(path, READER.json()).await;
                reply.refused(403, code);
                assert!(reply.cookies().is_empty(), "{path} {headers:?}");
            }
        }
    }
    assert_eq!(app.database.rows().await, before);
    for headers in TRUSTED {
        let reply = sending(&reader, headers).json(UPDATE_USER, json!({ "name": "Ada" })).await;
        assert_eq!(reply.status, 200, "{headers:?} {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_nobody_is_signed_in_from_another_site() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let refused: &[(Headers, &str)] = &[
        (&[("origin", "https://evil.example")], "INVALID_ORIGIN"),
        (&[("origin", "null")], "MISSING_OR_NULL_ORIGIN"),
        (&[("referer", "https://evil.example/")], "INVALID_ORIGIN"),
        (&[("sec-fetch-mode", "cors")], "MISSING_OR_NULL_ORIGIN"),
        (&[("sec-fetch-dest", "empty")], "MISSING_OR_NULL_ORIGIN"),
        (
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("origin", "http://localhost:3001"),
            ],
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
    ];
    let grace = READER.with("email", "grace@example.com").json();
    for (headers, code) in refused {
        for (path, body) in [(SIGN_IN, READER.json()), (SIGN_UP, grace.clone())] {
            let reply = sending(&app.browser(), headers).json(path, body).await;
            reply.refused(403, code);
            assert!(reply.cookies().is_empty(), "{headers:?}");
        }
    }
    assert_eq!(app.database.rows().await, before);
    for headers in TRUSTED.iter().chain(&[&[("sec-fetch-site", " "), ("sec-fetch-mode", "")] as Headers]) {
        let reply = sending(&app.browser(), headers).json(SIGN_IN, READER.json()).await;
        assert_eq!(reply.status, 200, "{headers:?} {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_form_must_come_from_our_origin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let mut cases: Vec<Headers> = WITH_A_COOKIE.iter().map(|(headers, _)| *headers).collect();
    // The book is trusted with JSON, but has no form that posts here.
    cases.push(&[("origin", "http://localhost:3000")]);
    for headers in cases {
        for path in ["/sign-in", "/sign-up", "/account", "/sign-out"] {
            let mut client = sending(&reader, headers);
            let reply = client.form(path, READER).await;
            assert_eq!(reply.status, 403, "{path} {headers:?}");
            assert!(reply.cookies().is_empty(), "{path} {headers:?}");
            let page = reply.page();
            assert!(page.title().starts_with("Error: "), "{path} {headers:?}");
            assert!(
                page.problem_title().unwrap().starts_with("This form was sent from another page."),
                "{path}"
            );
        }
    }
    let mut stranger = app.browser().sending("origin", "https://evil.example");
    for path in ["/sign-in", "/sign-up"] {
        let reply = stranger.form(path, READER.with("email", "grace@example.com")).await;
        assert_eq!(reply.status, 403, "{path}");
        let page = reply.page();
        assert!(page.title().starts_with("Error: "), "{path}");
        assert!(
            page.problem_title().unwrap().starts_with("This form was sent from another page."),
            "{path:?}"
        );
        assert!(!reply.text().contains("grace@example.com"), "nothing of a foreign form is shown");
    }
    assert_eq!(app.database.rows().await, before);
    for headers in TRUSTED {
        assert_eq!(sending(&reader, headers).form("/account", READER).await.status, 303, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_without_cookies_needs_no_origin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    assert_eq!(app.script().json(SIGN_UP, READER.json()).await.status, 200);
    assert_eq!(app.script().json(SIGN_IN, READER.json()).await.status, 200);
    assert_eq!(app.script().json(SIGN_OUT, json!({})).await.status, 200);
    assert_eq!(app.script().form("/sign-in", READER).await.status, 303);
    // Whatever has no cookie and signs nobody in changes nothing of anybody's.
    let mut stranger = app.script().sending("origin", "https://evil.example");
    assert_eq!(stranger.json(SIGN_OUT, json!({})).await.status, 200);
    stranger.json(UPDATE_USER, json!({ "name": "x" })).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_from_the_books_pages_is_accepted_if_they_are_trusted() {
    let database = a_database().await;
    let trusted = [("BOOKPLATE_TRUSTED_ORIGINS", "https://book.example.org")];
    let app = TestApp::with(database, &trusted).await;
    let reader = app.reader("ada@example.com").await;
    for (origin, is_trusted) in [
        (ORIGIN, true),
        ("http://localhost:3000", true),
        ("https://book.example.org", true),
        ("https://book.example.org:443", true),
        ("http://book.example.org", false),
        ("https://www.book.example.org", false),
        ("https://book.example.org.evil.example", false),
        ("https://xn--bok-ula.example.org", false),
    ] {
        let reply = reader.clone().sending("origin", origin).json(UPDATE_USER, json!({ "name": "x" })).await;
        assert_eq!(reply.status == 200, is_trusted, "{origin}");
    }
    // On a public origin, nothing on this machine is trusted by itself.
    let public = app.again(&[("BOOKPLATE_URL", "https://accounts.example.org"), trusted[0]], "").await;
    for (origin, is_trusted) in [("http://localhost:3000", false), ("https://book.example.org", true)] {
        let reply = public.browser().sending("origin", origin).json(SIGN_IN, READER.json()).await;
        assert_eq!(reply.status == 200, is_trusted, "{origin}");
    }
}
