//! Headers that may stand once.

use http::{Method, header};

use crate::{
    app::{TestApp, a_database},
    reply::Reply,
};

/// The headers that decide something, with two values either of which would pass.
const SINGLE: [(&str, &str, &str); 8] = [
    ("Authorization", "Bearer a.b.c", "Bearer d.e.f"),
    ("Content-Type", "application/json", "text/plain"),
    ("Origin", "http://localhost:3001", "https://evil.example"),
    ("Referer", "http://localhost:3001/", "https://evil.example/"),
    ("Idempotency-Key", "one", "two"),
    ("Last-Event-ID", "1", "2"),
    ("Sec-Fetch-Mode", "cors", "navigate"),
    ("Sec-Fetch-Site", "same-origin", "cross-site"),
];

async fn twice(app: &TestApp, method: &Method, path: &str, name: &str, values: [&str; 2]) -> Reply {
    let mut client = app.script();
    let mut request = client.request(method.clone(), path);
    for value in values {
        request = request.header(name, value);
    }
    client.send(request, "").await
}

#[track_caller]
fn is_told(reply: &Reply, said: &str, name: &str) {
    assert!(said.contains(&format!("The header {name} stands more than once")), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_a_header_that_decides_something_stands_once() {
    let app = TestApp::on(a_database().await).await;
    for (name, first, second) in SINGLE {
        for values in [[first, second], [second, first], [first, first]] {
            for method in [Method::GET, Method::POST] {
                for path in ["/api/auth/ok", "/api/auth/user", "/api/auth/sign-in/email", "/api/auth/nothing"]
                {
                    let reply = twice(&app, &method, path, name, values).await;
                    reply.refused(400, "MALFORMED_REQUEST");
                    is_told(&reply, reply.json()["message"].as_str().unwrap(), name);
                }
                for path in [
                    "/api/conversations",
                    "/api/conversations/c/messages",
                    "/api/search",
                    "/api/me",
                    "/api/nothing",
                ] {
                    let reply = twice(&app, &method, path, name, values).await;
                    assert_eq!(
                        (reply.status.as_u16(), reply.json()["code"].as_str()),
                        (400, Some("MALFORMED_REQUEST"))
                    );
                    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
                    is_told(&reply, reply.json()["detail"].as_str().unwrap(), name);
                }
                for path in ["/", "/sign-in", "/account/data/delete", "/conversations", "/no-such-page"] {
                    let reply = twice(&app, &method, path, name, values).await;
                    assert_eq!(reply.status, 400, "{method} {path} {name}");
                    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
                    assert!(reply.text().contains("sent one thing twice"), "{}", reply.text());
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_a_good_token_beside_another_opens_nothing() {
    let app = TestApp::on(a_database().await).await;
    let mut ada = app.reader("ada@example.com").await;
    let token = ada.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();
    let good = format!("Bearer {token}");
    for values in
        [[good.as_str(), "Bearer a.b.c"], ["Bearer a.b.c", &good], [&good, &good], ["Basic eDp5", &good]]
    {
        for path in ["/api/auth/user", "/api/conversations", "/api/me"] {
            assert_eq!(twice(&app, &Method::GET, path, "authorization", values).await.status, 400, "{path}");
        }
    }
    let both = format!("{good}, {good}");
    assert_eq!(app.script().sending("authorization", &both).get("/api/me").await.status, 401);
    assert_eq!(app.script().sending("authorization", &good).get("/api/me").await.status, 200);
}

/// HTTP/2 splits cookies over lines, and a proxy may pass them on like that; each proxy adds a line of its own to those with
/// addresses.
#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_lists_may_stand_on_several_lines() {
    let app = TestApp::on(a_database().await).await;
    let ada = app.reader("ada@example.com").await;
    let session = format!("better-auth.session_token={}", ada.session().unwrap());
    for cookies in [[session.as_str(), "other=1"], ["other=1", &session]] {
        for list in ["x-forwarded-for", "accept", "accept-encoding", "accept-language", "via"] {
            let mut client = app.script();
            let mut request = client.request(Method::GET, "/api/me");
            for cookie in cookies {
                request = request.header(header::COOKIE, cookie);
            }
            let request = request.header(list, "192.0.2.1").header(list, "192.0.2.2");
            let reply = client.send(request, "").await;
            assert_eq!(reply.status, 200, "{list} {}", reply.text());
            assert_eq!(reply.json()["email"], "ada@example.com");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_9_a_second_content_encoding_is_seen() {
    let app = TestApp::on(a_database().await).await;
    for codings in [["identity", "gzip"], ["gzip", "identity"]] {
        let mut client = app.script();
        let request = client.request(Method::POST, "/api/auth/sign-in/email");
        let request = request.header("content-type", "application/json");
        let request = request.header("content-encoding", codings[0]).header("content-encoding", codings[1]);
        client.send(request, "{}").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
}
