//! CORS.

use http::Method;
use testkit::databases::TestDatabase;

use super::{GET_SESSION, SIGN_IN};
use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
    reply::Reply,
};

const BOOK: &str = "https://book.example.org";
const STRANGERS: [&str; 6] = [
    "https://evil.example",
    "null",
    "https://book.example.org.evil.example",
    "https://wwwbook.example.org",
    "http://book.example.org",
    "https://book.example.org:8443",
];

async fn app(database: TestDatabase) -> TestApp {
    TestApp::with(database, &[("BOOKPLATE_TRUSTED_ORIGINS", BOOK)]).await
}

async fn preflight(client: &mut Client, path: &str, method: &str) -> Reply {
    let request = client
        .request(Method::OPTIONS, path)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "content-type,authorization");
    client.send(request, "").await
}

fn varies(reply: &Reply) -> bool {
    let lines = reply.headers.get_all("vary").iter().map(|line| line.to_str().unwrap().to_lowercase());
    lines.collect::<Vec<_>>().join(",").contains("origin")
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_only_trusted_origins_pass_preflight() {
    let database = a_database().await;
    let app = app(database).await;
    for (path, method) in [(SIGN_IN, "POST"), (GET_SESSION, "GET")] {
        for origin in [BOOK, "http://localhost:3000", "http://localhost:3001"] {
            let mut client = app.script().sending("origin", origin);
            let reply = preflight(&mut client, path, method).await;
            assert!(reply.status.is_success(), "{path} {}", reply.status);
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin), "{origin:?}");
            assert_eq!(reply.header("access-control-allow-credentials"), Some("true"), "{origin:?}");
            assert_eq!(reply.header("access-control-allow-methods"), Some("GET,POST"), "{origin:?}");
            assert_eq!(
                reply.header("access-control-allow-headers"),
                Some(
                    "content-type,authorization,baggage,sentry-trace,traceparent,tracestate,x-requested-with"
                ),
                "{origin:?}"
            );
            assert!(varies(&reply) && reply.body.is_empty(), "{path}");
        }
        for origin in STRANGERS {
            let mut client = app.script().sending("origin", origin);
            let reply = preflight(&mut client, path, method).await;
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert!(varies(&reply), "{origin}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_only_trusted_origins_can_read_responses() {
    let database = a_database().await;
    let app = app(database).await;
    app.reader("ada@example.com").await;
    let mut book = app.script().sending("origin", BOOK);
    let answers = [
        book.json(SIGN_IN, READER.json()).await,
        book.get(GET_SESSION).await,
        book.json(SIGN_IN, READER.with("password", "not the password").json()).await,
        book.get("/api/auth/nothing").await,
        book.get("/api/auth/jwks").await,
    ];
    for reply in answers {
        assert_eq!(reply.header("access-control-allow-origin"), Some(BOOK), "{}", reply.status);
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert!(varies(&reply));
        let exposed = reply.header("access-control-expose-headers").unwrap();
        for name in ["set-auth-token", "set-auth-jwt", "x-request-id"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
    for origin in STRANGERS {
        let mut stranger = app.script().sending("origin", origin);
        for path in [GET_SESSION, "/api/auth/jwks", "/api/auth/user"] {
            let reply = stranger.get(path).await;
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert!(varies(&reply), "a cache must not give one origin's answer to another");
        }
    }
    assert!(varies(&app.script().get(GET_SESSION).await), "also without an origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_pages_have_no_cors_headers() {
    let database = a_database().await;
    let app = app(database).await;
    let mut book = app.script().sending("origin", BOOK);
    for path in ["/", "/sign-in", "/no-such-page"] {
        let reply = book.get(path).await;
        assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
        let reply = preflight(&mut book, path, "POST").await;
        assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
    }
}
