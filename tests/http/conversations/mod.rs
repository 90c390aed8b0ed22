//! The conversations API, for chatbots with a token and for pages with a cookie.

mod audiences;
mod clients;
mod endpoints;
mod events;
mod expired_tokens;
mod export_import;
mod isolation;
mod limits;
mod origins;
mod problems;
mod storage;
mod tokens;
mod uploads;

use http::{Method, header};
use serde_json::{Value, json};
use testkit::databases::TestDatabase;

use crate::{app::TestApp, client::Client, reply::Reply};

const ALL: &str = "/api/conversations";
const SEARCH: &str = "/api/search?q=paper";
const ME: &str = "/api/me";
const TOKEN: &str = "/api/auth/token";
const JSON: &str = "application/json";

/// Every method and route, with a valid body. `{c}` stands for a conversation, `{m}` for a message of it.
const ROUTES: [(&str, &str, &str); 15] = [
    ("GET", ALL, ""),
    ("POST", ALL, r#"{"id":"made"}"#),
    ("GET", SEARCH, ""),
    ("GET", ME, ""),
    ("GET", "/api/conversations/{c}", ""),
    ("PATCH", "/api/conversations/{c}", r#"{"title":"Named"}"#),
    ("GET", "/api/conversations/{c}/messages", ""),
    ("POST", "/api/conversations/{c}/messages", r#"{"id":"added","role":"user","content":"x"}"#),
    ("GET", "/api/conversations/{c}/messages/{m}", ""),
    ("PATCH", "/api/conversations/{c}/messages/{m}", r#"{"status":"complete"}"#),
    ("PUT", "/api/conversations/{c}/messages/{m}/feedback", r#"{"value":1}"#),
    ("DELETE", "/api/conversations/{c}/messages/{m}/feedback", ""),
    ("HEAD", "/api/conversations/{c}/events", ""),
    ("DELETE", "/api/conversations/{c}", ""),
    ("POST", "/api/conversations/{c}/restore", ""),
];

/// The routes that write.
fn writes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES.into_iter().filter(|(method, ..)| !matches!(*method, "GET" | "HEAD"))
}

/// The routes of one conversation.
fn of_a_conversation() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES.into_iter().filter(|(_, path, _)| path.contains("{c}"))
}

fn path(route: &str, conversation: &str, message: &str) -> String {
    route.replace("{c}", conversation).replace("{m}", message)
}

/// Two users, and a conversation `c` of the first with an unfinished message `m`.
struct Chat {
    app: TestApp,
    /// Ada's browser.
    ada: Client,
    /// A chatbot with Ada's token.
    bot: Client,
    grace: Client,
    grace_bot: Client,
}

impl Chat {
    async fn on(database: TestDatabase) -> Self {
        Self::with(database, &[]).await
    }

    async fn with(database: TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::of(TestApp::with(database, variables).await).await
    }

    async fn of(app: TestApp) -> Self {
        let (mut ada, mut grace) =
            (app.reader("ada@example.com").await, app.reader("grace@example.com").await);
        let mut bot = bearing(&app, &drawn(&mut ada, "").await);
        let grace_bot = bearing(&app, &drawn(&mut grace, "").await);
        let made = call(&mut bot, "POST", ALL, r#"{"id":"c"}"#).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let begun = r#"{"id":"m","role":"assistant","content":"paper","status":"in_progress"}"#;
        let added = call(&mut bot, "POST", "/api/conversations/c/messages", begun).await;
        assert_eq!(added.status, 201, "{}", added.text());
        Self { app, ada, bot, grace, grace_bot }
    }

    /// A dump of the conversations' tables.
    async fn stored(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in ["bookplate_conversations", "bookplate_messages", "bookplate_idempotency"] {
            rows.extend(self.app.database.rows_of(table).await);
        }
        rows
    }
}

/// A token for the audience in the query.
async fn drawn(reader: &mut Client, query: &str) -> String {
    let reply = reader.get(&format!("{TOKEN}{query}")).await;
    reply.json()["token"].as_str().unwrap().to_owned()
}

/// A chatbot with a token.
fn bearing(app: &TestApp, token: &str) -> Client {
    app.script().sending("authorization", &format!("Bearer {token}"))
}

/// Sends a request, with a JSON body if not empty.
async fn call(client: &mut Client, method: &str, path: &str, body: &str) -> Reply {
    let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, JSON);
    }
    client.send(request, body.to_owned()).await
}

async fn call_json(client: &mut Client, method: &str, path: &str, body: Value) -> Reply {
    call(client, method, path, &body.to_string()).await
}

/// Asserts a problem document: its status, code, and consistent members.
#[track_caller]
fn assert_problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status.as_u16(), status, "{:?}", reply.body);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.text());
    let document = reply.json();
    assert_eq!((&document["status"], &document["code"]), (&json!(status), &json!(code)), "{document}");
    assert_eq!(document["type"], format!("/api/docs#{code}"));
    assert!(document["title"].is_string() && document["detail"].is_string(), "{document}");
    assert_headers(reply);
}

/// Asserts the headers of every conversations response.
#[track_caller]
fn assert_headers(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
}

/// The fields in a problem document.
fn fields(reply: &Reply) -> Vec<String> {
    let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}
