//! The id of each request, in the answer and in the log.

use tracing::instrument::WithSubscriber;

use crate::{
    app::{TestApp, a_database},
    bad_input::Log,
    client::Client,
};

const PROXY: &str = "10.0.0.5";

async fn id(client: &mut Client, path: &str) -> String {
    client.get(path).await.request_id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_of_its_own() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut client = app.script();
    let mut ids = Vec::new();
    for path in ["/api/auth/ok", "/api/auth/ok", "/sign-in", "/nothing", "/api/nothing", "/api/auth/nothing"]
    {
        ids.push(id(&mut client, path).await);
    }
    assert!(
        ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{ids:?}"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_over_from_a_trusted_proxy_alone() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_TRUSTED_PROXIES", PROXY)]).await;
    let longest = "a".repeat(64);
    for given in ["edge-1.A_b", &longest] {
        let mut proxied = app.script().at(PROXY).sending("x-request-id", given);
        assert_eq!(id(&mut proxied, "/api/auth/ok").await, given);
        let mut stranger = app.script().at("10.0.0.6").sending("x-request-id", given);
        assert_ne!(id(&mut stranger, "/api/auth/ok").await, given);
    }
    for malformed in ["", "a b", "ada@example.com", "a\u{e9}", "a=\"b\"", &"a".repeat(65)] {
        let mut proxied = app.script().at(PROXY).sending("x-request-id", malformed);
        assert_eq!(id(&mut proxied, "/api/auth/ok").await.len(), 32, "{malformed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_log_line_of_a_request_has_its_id() {
    let database = a_database().await;
    let limited = [("BOOKPLATE_LIMIT_REQUESTS", "1/60"), ("BOOKPLATE_TRUSTED_PROXIES", PROXY)];
    let app = TestApp::with(database, &limited).await;
    let log = Log::default();
    let asking = async {
        let mut client = app.script().at(PROXY).sending("x-request-id", "seen-by-the-proxy");
        for _ in 0..2 {
            client.get("/api/auth/reset-password/no0one1may2read3this?callbackURL=/").await;
        }
    };
    asking.with_subscriber(log.subscriber()).await;
    let text = log.text();
    for line in ["too many requests", "answered"] {
        let found =
            text.lines().find(|it| it.contains(line) && it.contains("bookplate::")).unwrap_or_default();
        let route = "route=\"/api/auth/reset-password/{token}\"";
        let has_span = ["id=\"seen-by-the-proxy\"", "method=GET", route].iter().all(|it| found.contains(it));
        assert!(has_span, "{line}: {found}\n{text}");
    }
    assert!(text.contains("status=429") && text.contains("duration_ms="), "{text}");
    assert!(!text.contains("no0one1may2read3this"), "{text}");
}
