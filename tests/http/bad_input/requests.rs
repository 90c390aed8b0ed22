//! Malformed targets, hosts, headers and cookies.

use http::{HeaderValue, Method, Request, Version};

use super::{ENDPOINTS, FORMS};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

const QUERIES: &[&str] = &[
    "?",
    "??",
    "?&",
    "?=",
    "?%",
    "?%zz",
    "?%00",
    "?%ff%fe",
    "?next",
    "?next=",
    "?next=%",
    "?next=%ff",
    "?next=/%00",
    "?next=/&next=/account",
    "?next[]=/",
    "?next[a]=/",
    "?a=b;c=d",
    "?next=/%25%32%66",
    "?disableRefresh=%ff",
    "?disableRefresh=a&disableRefresh=b",
    "?audience=%ff",
    "?audience[]=x",
    "?error=%00",
    "?__path=x&__err=y",
    "?next=/%F0%9F%92%A9",
    "?+",
    "?next=%2E%2E",
];

const PATHS: &[&str] = &[
    "/",
    "/sign-in",
    "/sign-up",
    "/account",
    "/sign-out",
    "/login",
    "/api/auth/get-session",
    "/api/auth/token",
    "/api/auth/user",
    "/api/auth/jwks",
    "/api/auth/error",
    "/nothing",
];

const HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "if-none-match",
    "origin",
    "referer",
    "sec-fetch-mode",
    "sec-fetch-site",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "expect",
    "te",
    "upgrade",
    "range",
];

#[tokio::test(flavor = "multi_thread")]
async fn security_38_an_unreadable_host_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let hosts: [&[u8]; 12] = [
        b"",
        b" ",
        b"a b",
        b"user@localhost:3001",
        b"localhost:3001/path",
        b"http://localhost:3001",
        b"localhost:port",
        b"localhost:99999",
        b"[::1",
        b"::1]",
        b"localhost:3001, evil.example",
        b"caf\xc3\xa9.example",
    ];
    for host in hosts {
        for path in ["/", "/sign-in", "/api/auth/ok", "/no-such-page"] {
            let mut client = app.script();
            let host = HeaderValue::from_bytes(host).unwrap();
            let reply = client.send(Request::builder().uri(path).header("host", &host), "").await;
            assert_eq!(reply.status, 400, "{host:?} {path}");
            reply.refused(400, "MALFORMED_REQUEST");
        }
    }
    let nameless = |version| Request::builder().uri("/api/auth/ok").version(version);
    app.script().send(nameless(Version::HTTP_11), "").await.refused(400, "MALFORMED_REQUEST");
    assert_eq!(app.script().send(nameless(Version::HTTP_10), "").await.status, 200, "it need not name one");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_two_hosts_are_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (first, second) in [("localhost:3001", "evil.example"), ("localhost:3001", "localhost:3001")] {
        for path in ["/", "/api/auth/ok"] {
            let request = Request::builder().uri(path).header("host", first).header("host", second);
            app.script().send(request, "").await.refused(400, "MALFORMED_REQUEST");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_no_query_causes_an_internal_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let long = format!("?next=/{}", "a".repeat(20_000));
    let many = format!("?{}", "a=b&".repeat(5_000));
    for query in QUERIES.iter().copied().chain([long.as_str(), many.as_str()]) {
        for path in PATHS {
            for mut client in [reader.clone(), app.browser()] {
                let reply = client.get(&format!("{path}{query}")).await;
                assert!(reply.status.as_u16() < 500, "{path}{query}: {}", reply.status);
                assert!(
                    reply.location().is_none_or(|to| to.starts_with('/') && !to.starts_with("//")),
                    "{path}{query}"
                );
            }
        }
        for path in FORMS {
            let status =
                app.browser().form(&format!("{path}{query}"), READER.with("email", "nobody")).await.status;
            assert!(status.as_u16() < 500, "{path}{query}: {status}");
        }
    }
    assert_eq!(reader.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_no_header_causes_an_internal_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let long = "x".repeat(30_000);
    let values: [&[u8]; 9] = [
        b"",
        b" ",
        b",;=",
        b"\xff\xfe",
        b"null",
        b"\"",
        b"a=b; a=b; =; ;",
        b"Bearer \xe2\x98\x83",
        long.as_bytes(),
    ];
    for name in HEADERS.iter().copied() {
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            for path in
                ["/", "/sign-in", "/account", "/api/auth/get-session", "/api/auth/user", "/robots.txt"]
            {
                let mut client = app.script();
                let request = client.request(Method::GET, path).header(name, &value);
                let reply = client.send(request, "").await;
                assert!(reply.status.as_u16() < 500, "{name}: {value:?} {path} {}", reply.status);
            }
            for path in ENDPOINTS.iter().map(|(path, _)| *path).chain(FORMS) {
                let mut client = app.script();
                let mut request = client.request(Method::POST, path).header(name, &value);
                if name != "content-type" {
                    request = request.header("content-type", FORM);
                }
                let reply = client.send(request, "email=x&password=y").await;
                assert!(reply.status.as_u16() < 500, "{name}: {value:?} {path} {}", reply.status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_no_path_causes_an_internal_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let long = format!("/{}", "a".repeat(30_000));
    let paths = [
        "/%",
        "/%zz",
        "/%00",
        "/%ff",
        "/sign-in%00",
        "/sign-in%2f",
        "/..",
        "/../../etc/passwd",
        "/%2e%2e%2fetc/passwd",
        "/pkg/",
        "/pkg/..%2f..%2fCargo.toml",
        "/api/auth/%ff",
        "/api/auth/%2e%2e/sign-in",
        "/api",
        "/apis",
        "/;",
        "/*",
        "/{*rest}",
        "/:id",
        "/a//b",
        "/\u{7e}",
        &long,
        "//",
        "///",
        "*",
    ];
    for path in paths {
        for method in
            [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::CONNECT]
        {
            let Ok(request) =
                Request::builder().method(&method).uri(path).header("host", "localhost:3001").body(())
            else {
                continue;
            };
            let reply = app.script().send(rebuilt(&request), "").await;
            assert!(reply.status.as_u16() < 500, "{method} {path} {}", reply.status);
            assert!(
                !reply.status.is_success() || method == Method::OPTIONS,
                "{method} {path}: nothing is there"
            );
        }
    }
}

fn rebuilt(request: &Request<()>) -> http::request::Builder {
    Request::builder().method(request.method()).uri(request.uri()).header("host", "localhost:3001")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stored_user_agent_is_truncated() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (at, agent) in ["x".repeat(10_000), "caf\u{e9}".to_owned(), String::new()].into_iter().enumerate() {
        let address = format!("reader-{at}@example.com");
        let mut client = app.script();
        let request = client.request(Method::POST, "/api/auth/sign-up/email").header("content-type", FORM);
        let request = request.header("user-agent", HeaderValue::from_bytes(agent.as_bytes()).unwrap());
        // Nobody is trusted with saying where a request comes from.
        let request = request.header("x-forwarded-for", "203.0.113.7");
        let reply = client.send(request, READER.with("email", &address).form()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let session = client.get("/api/auth/get-session").await.json()["session"].clone();
        assert_eq!(session["ipAddress"], crate::client::ADDRESS);
        assert!(session["userAgent"].as_str().unwrap().len() <= 512, "{session}");
    }
}
