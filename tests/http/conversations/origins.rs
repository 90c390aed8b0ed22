//! Origin checks and CORS.

use http::Method;

use super::{ALL, Chat, ROUTES, assert_problem, call, path, writes};
use crate::{app::a_database, client::Client};

type Headers = &'static [(&'static str, &'static str)];

fn sending(client: &Client, headers: Headers) -> Client {
    let plain = client.clone().without("origin").without("sec-fetch-site");
    headers.iter().fold(plain, |client, (name, value)| client.sending(name, value))
}

const ELSEWHERE: &[(Headers, &str)] = &[
    (&[], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "null")], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "null"), ("sec-fetch-site", "cross-site")], "MISSING_OR_NULL_ORIGIN"),
    (&[("origin", "https://evil.example")], "INVALID_ORIGIN"),
    (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], "INVALID_ORIGIN"),
    (&[("origin", "http://localhost:3001.evil.example")], "INVALID_ORIGIN"),
    (&[("origin", "https://localhost:3001")], "INVALID_ORIGIN"),
    (&[("referer", "https://evil.example/http://localhost:3001/")], "INVALID_ORIGIN"),
];

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_write_with_a_cookie_needs_a_trusted_origin() {
    let database = a_database().await;
    let chat = Chat::on(database).await;
    let before = chat.stored().await;
    for (headers, code) in ELSEWHERE {
        for (method, route, body) in writes() {
            let reply = call(&mut sending(&chat.ada, headers), method, &path(route, "c", "m"), body).await;
            assert_problem(&reply, 403, code);
        }
    }
    assert_eq!(chat.stored().await, before);
    for trusted in [[("origin", "http://localhost:3001")], [("referer", "http://localhost:3001/c")]] {
        let mut ada =
            chat.ada.clone().without("origin").without("sec-fetch-site").sending(trusted[0].0, trusted[0].1);
        for (method, route, body) in writes() {
            let reply = call(&mut ada, method, &path(route, "c", "m"), body).await;
            assert!(reply.status.is_success(), "{method} {route} {trusted:?}: {}", reply.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_no_origin_and_takes_precedence_over_a_cookie() {
    let database = a_database().await;
    let chat = Chat::on(database).await;
    for (headers, _) in ELSEWHERE {
        let reply = call(&mut sending(&chat.bot, headers), "POST", ALL, "{}").await;
        assert_eq!(reply.status, 201, "{headers:?}: no site can make a browser send a token");
    }
    let token = chat.grace_bot.clone();
    let made = call(&mut token.clone(), "POST", ALL, r#"{"id":"g"}"#).await;
    assert_eq!(made.status, 201);
    let mut both = token;
    both.keep("better-auth.session_token", chat.ada.session().unwrap());
    assert_eq!(both.get("/api/conversations/g").await.status, 200, "Grace's token counts");
    let wrong = chat.ada.clone().sending("authorization", "Bearer x");
    assert_problem(&wrong.clone().get(ALL).await, 401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_only_listed_origins_can_read_responses() {
    let database = a_database().await;
    let book = "https://book.example.org";
    let chat = Chat::with(database, &[("BOOKPLATE_TRUSTED_ORIGINS", book)]).await;
    for (origin, allowed) in [
        (book, Some(book)),
        ("https://evil.example", None),
        ("null", None),
        ("https://book.example.org:8443", None),
    ] {
        for (_, route, _) in ROUTES {
            let mut browser = chat.app.script().sending("origin", origin);
            let request = browser.request(Method::OPTIONS, &path(route, "c", "m"));
            let request = request.header("access-control-request-method", "PATCH");
            let request = request.header("access-control-request-headers", "authorization,idempotency-key");
            let reply = browser.send(request, "").await;
            assert_eq!(reply.header("access-control-allow-origin"), allowed, "{route}");
            if allowed.is_some() {
                assert!(reply.status.is_success() && reply.body.is_empty(), "{route:?}");
                let methods = reply.header("access-control-allow-methods").unwrap();
                assert!(
                    ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|it| methods.contains(it)),
                    "{methods}"
                );
                let headers = reply.header("access-control-allow-headers").unwrap();
                assert!(
                    [
                        "content-type",
                        "authorization",
                        "idempotency-key",
                        "last-event-id",
                        "baggage",
                        "sentry-trace",
                        "traceparent",
                        "tracestate",
                        "x-requested-with",
                    ]
                    .iter()
                    .all(|it| headers.contains(it)),
                    "{route:?}"
                );
            }
        }
        let mut browser = chat.ada.clone();
        browser.set("origin", origin);
        for (method, path, body) in [
            ("POST", ALL, "{}"),
            ("PATCH", "/api/conversations/never", r#"{"title":"x"}"#),
            ("POST", "/api/nothing", "{}"),
            ("PUT", "/api/nothing/at/all", "{}"),
            ("POST", "/api/", "{}"),
        ] {
            let reply = call(&mut browser, method, path, body).await;
            let said = reply.header("access-control-allow-origin");
            assert_eq!(said, allowed, "{origin} {path} {}", reply.text());
            if allowed.is_some() {
                let exposed = reply.header("access-control-expose-headers").unwrap();
                assert!(exposed.contains("x-request-id"), "{path} {exposed}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_chatbot_may_use_any_loopback_name() {
    let database = a_database().await;
    let chat = Chat::on(database).await;
    for host in ["127.0.0.1:3001", "[::1]:3001", "bookplate.localhost:3001"] {
        for path in [ALL, super::ME, "/api/conversations/c/messages", "/api/nothing"] {
            let mut bot = chat.bot.clone();
            let mut request = bot.request(Method::GET, path);
            request.headers_mut().unwrap().insert("host", host.parse().unwrap());
            let reply = bot.send(request, "").await;
            let expected = if path == "/api/nothing" { 404 } else { 200 };
            assert_eq!(reply.status, expected, "{host} {path}: it would lose its token on the way elsewhere");
        }
    }
}
