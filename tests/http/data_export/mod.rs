//! The data export.

use std::io::{Cursor, Read};

use rstest::rstest;
use serde_json::Value;
use testkit::databases::Kind;
use zip::ZipArchive;

use crate::{
    app::{TestApp, a_database},
    client::{ADDRESS, Client, READER},
    fields::Fields,
    reply::Reply,
};

const EXPORT: &str = "/account/data/export";
const NOTHING: Fields = Fields::new(&[]);

async fn ask(browser: &mut Client) -> Reply {
    browser.form(EXPORT, NOTHING).await
}

/// Reads a file of the archive.
fn file(reply: &Reply, name: &str) -> String {
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let mut zip = ZipArchive::new(Cursor::new(reply.body.to_vec())).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn json(reply: &Reply) -> Value {
    serde_json::from_str(&file(reply, "account.json")).unwrap()
}

/// Creates a conversation with one message.
async fn talk(app: &TestApp, email: &str) {
    let query = format!(
        "insert into bookplate_conversations (no, user_id, id, status, metadata, message_count, revision, created_at, \
         updated_at, active_at) select coalesce((select max(no) from bookplate_conversations), 0) + 1, id, 'c', 'active', \
         '{{}}', 1, 1, 0, 0, 0 from bookplate_users where email = '{email}';
         insert into bookplate_messages (no, conversation_no, id, role, parts, status, revision, created_at, updated_at)
         select c.no * 1048576 + 1, c.no, 'm', 'user', '[{{\"type\":\"text\",\"text\":\"Who <b>owns</b> it?\"}}]', 'complete', \
         1, 0, 0 from bookplate_conversations c join bookplate_users u on u.id = c.user_id where u.email = '{email}'"
    );
    app.database.arrange(&query).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_can_export_everything(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    app.reader("grace@example.com").await;
    talk(&app, "ada@example.com").await;
    talk(&app, "grace@example.com").await;
    let reply = ask(&mut browser).await;
    let json = json(&reply);
    assert_eq!((&json["format"], &json["version"]), (&"bookplate-export".into(), &1.into()));
    assert_eq!(json["profile"]["email"], "ada@example.com");
    assert_eq!(json["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(json["sessions"][0]["ipAddress"], ADDRESS);
    let kinds: Vec<&str> =
        json["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    // Both happened at the same moment of a clock that stands still.
    assert!(kinds.contains(&"sign-up") && kinds.contains(&"export") && kinds.len() == 2, "{kinds:?}");
    assert!(!json.to_string().contains("grace"));
    assert!(file(&reply, "account.html").contains("ada@example.com"));
    assert!(file(&reply, "README.txt").contains("account.json"));
    assert_eq!(json["conversations"], 1);
    let said: Value = serde_json::from_str(&file(&reply, "conversations.json")).unwrap();
    assert_eq!(said["conversations"][0]["messages"][0]["parts"][0]["text"], "Who <b>owns</b> it?");
    assert_eq!(said["conversations"].as_array().unwrap().len(), 1);
    assert!(file(&reply, "conversations.html").contains("conversations/00001.html"));
    assert!(file(&reply, "conversations/00001.html").contains("Who &#60;b&#62;owns&#60;/b&#62; it?"));
    let recorded = "select count(*) from bookplate_events where kind = 'export' and user_id is not null";
    assert_eq!(app.database.number(recorded).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_requires_sign_in() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = ask(&mut app.browser()).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.location(), Some("/sign-in?next=/account/data"));
    let mut browser = app.reader("ada@example.com").await;
    app.database.arrange("delete from bookplate_sessions").await;
    let reply = ask(&mut browser).await;
    assert_eq!(reply.location(), Some("/sign-in?next=/account/data"));
    assert!(browser.session().is_none(), "the cookie of a session that has ended is taken away");
    assert_eq!(app.database.number("select count(*) from bookplate_events where kind = 'export'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_the_export_is_not_cached() {
    let database = a_database().await;
    let app = TestApp::declared(database, &[], "[book]\nname = \"Rust, \\\"by\\\" heart\"\n").await;
    let reply = ask(&mut app.reader("ada@example.com").await).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("content-type"), Some("application/zip"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let name = "attachment; filename=\"rust-by-heart-account-2026-11-21.zip\"";
    assert_eq!(reply.header("content-disposition"), Some(name));
    assert_eq!(json(&reply)["book"]["name"], "Rust, \"by\" heart");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_another_site_cannot_trigger_an_export() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let browser = app.reader("ada@example.com").await;
    let elsewhere =
        [("https://elsewhere.example", "cross-site"), ("http://localhost:3001.example", "cross-site")];
    for (origin, site) in elsewhere {
        let mut browser = browser.clone().sending("origin", origin).sending("sec-fetch-site", site);
        let reply = ask(&mut browser).await;
        assert_eq!(reply.status, 403, "{origin}");
        assert_eq!(reply.header("content-disposition"), None, "{origin:?} {site:?}");
    }
    let mut silent = browser.clone().without("origin").sending("sec-fetch-site", "cross-site");
    assert_eq!(ask(&mut silent).await.status, 403);
    assert_eq!(app.database.number("select count(*) from bookplate_events where kind = 'export'").await, 0);
    assert_eq!(ask(&mut browser.clone()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_26_exports_are_rate_limited_per_user() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_MAIL", "3/60")]).await;
    let mut ada = app.reader("ada@example.com").await;
    let mut grace = app.reader("grace@example.com").await;
    for _ in 0..3 {
        assert_eq!(ask(&mut ada).await.status, 200);
    }
    let reply = ask(&mut ada).await;
    assert_eq!(reply.status, 429);
    assert_eq!((reply.header("retry-after"), reply.header("x-retry-after")), (Some("60"), Some("60")));
    assert_eq!(ask(&mut grace).await.status, 200, "another reader at the same address");
    app.ports.clock.advance_seconds(61);
    assert_eq!(ask(&mut ada).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_06_a_name_stays_text_in_the_page() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let attack = "<script>alert(1)</script>";
    let reply = browser.json("/api/auth/sign-up/email", READER.with("name", attack).json()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = ask(&mut browser).await;
    assert_eq!(json(&reply)["profile"]["name"], attack);
    let page = file(&reply, "account.html");
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;") && !page.contains("<script"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_needs_a_form_post() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.reader("ada@example.com").await.get(EXPORT).await;
    assert_eq!(reply.status, 405);
}
