//! How much a reader may store, and a database that has no room.

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{ALL, Chat, assert_problem, call, call_json};
use crate::{app::a_database, fields::Fields};

const MESSAGES: &str = "/api/conversations/c/messages";
const NOTHING: Fields = Fields::new(&[]);

/// A time of something that is imported.
const AT: &str = "2026-11-01T00:00:00.000Z";

/// A message of about so many bytes.
fn large(id: &str, bytes: usize) -> String {
    json!({ "id": id, "role": "user", "content": "x".repeat(bytes) }).to_string()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_has_stored_as_much_as_allowed_is_told_so(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let variables = [
        ("BOOKPLATE_MAX_PART_BYTES", "1k"),
        ("BOOKPLATE_MAX_MESSAGE_BYTES", "1k"),
        ("BOOKPLATE_MAX_READER_BYTES", "2k"),
    ];
    let mut chat = Chat::with(kind.migrated().await, &variables).await;
    assert_eq!(call(&mut chat.bot, "POST", MESSAGES, &large("a", 900)).await.status, 201);
    assert_eq!(call(&mut chat.bot, "POST", MESSAGES, &large("b", 900)).await.status, 201);
    let full = [
        ("POST", MESSAGES, large("d", 500)),
        (
            "POST",
            MESSAGES,
            json!({ "messages": [{ "role": "user", "content": "x".repeat(500) }] }).to_string(),
        ),
        ("PATCH", "/api/conversations/c/messages/m", json!({ "content": "x".repeat(500) }).to_string()),
        (
            "PUT",
            "/api/conversations/c/messages/a/feedback",
            json!({ "value": 1, "comment": "x".repeat(500) }).to_string(),
        ),
        ("PATCH", "/api/conversations/c", json!({ "metadata": { "a": "x".repeat(500) } }).to_string()),
        ("POST", ALL, json!({ "metadata": { "a": "x".repeat(500) } }).to_string()),
    ];
    for (method, path, body) in &full {
        let reply = call(&mut chat.bot, method, path, body).await;
        assert_problem(&reply, 422, "STORAGE_FULL");
        assert!(reply.json()["detail"].as_str().unwrap().contains("BOOKPLATE_MAX_READER_BYTES"));
    }
    // Nobody else is hit, and whoever has no room left reads, exports and deletes.
    assert_eq!(call(&mut chat.grace_bot, "POST", ALL, "{}").await.status, 201);
    for path in [ALL, MESSAGES, "/api/conversations/export", "/api/search?q=paper"] {
        assert_eq!(chat.bot.get(path).await.status, 200, "{path}");
    }
    let shown = chat.ada.get("/account/data").await;
    assert!(
        shown.text().contains("Your conversations take up 2 KB of the 2 KB that there are for you."),
        "{}",
        shown.text()
    );
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/c", "").await.status, 204);
    chat.app.ports.clock.advance_seconds(601);
    chat.app.services.cleanup.run().await.unwrap();
    assert!(chat.ada.get("/account/data").await.text().contains("take up 0 bytes of the 2 KB"));
    let again = chat.ada.request(http::Method::POST, ALL).header("content-type", "application/json");
    assert_eq!(chat.ada.send(again, full[5].2.clone()).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_writes_too_fast_is_told_when_to_go_on() {
    let variables = [
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "1k/10"),
        ("BOOKPLATE_MAX_PART_BYTES", "1k"),
        ("BOOKPLATE_MAX_MESSAGE_BYTES", "1k"),
    ];
    let mut chat = Chat::with(a_database().await, &variables).await;
    chat.app.ports.clock.advance_seconds(10);
    assert_eq!(call(&mut chat.bot, "POST", MESSAGES, &large("a", 900)).await.status, 201);
    let refused = call(&mut chat.bot, "POST", MESSAGES, &large("b", 485)).await;
    assert_problem(&refused, 429, "TOO_MANY_REQUESTS");
    assert_eq!((refused.header("retry-after"), &refused.json()["retryAfter"]), (Some("5"), &json!(5)));
    let import = json!({ "format": "bookplate-conversations", "version": 1, "conversations": [
        { "id": "i", "createdAt": AT, "updatedAt": AT, "messages": [{
            "id": "m", "role": "user", "parts": [{ "type": "text", "text": "x".repeat(900) }],
            "createdAt": AT, "updatedAt": AT,
        }] },
    ] });
    let imported = call_json(&mut chat.bot, "POST", "/api/conversations/import", import).await;
    assert_eq!(imported.json()["conversations"][0]["added"], 1, "{}", imported.text());
    assert_eq!(chat.bot.get(ALL).await.status, 200);
    chat.app.ports.clock.advance_seconds(5);
    assert_eq!(call(&mut chat.bot, "POST", MESSAGES, &large("b", 485)).await.status, 201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_room_is_read_exported_and_deleted_from(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut chat = Chat::on(kind.migrated().await).await;
    call(&mut chat.bot, "POST", ALL, r#"{"id":"d"}"#).await;
    // A day later the session is renewed by whatever comes first, and the token is over.
    chat.app.ports.clock.advance_seconds(86_400 + 1);
    let inserts = [
        "bookplate_conversations",
        "bookplate_devices",
        "bookplate_events",
        "bookplate_idempotency",
        "bookplate_limits",
        "bookplate_links",
        "bookplate_mails",
        "bookplate_messages",
        "bookplate_session_records",
        "bookplate_sessions",
        "bookplate_storage",
        "bookplate_users",
    ];
    let updates =
        ["bookplate_limits", "bookplate_messages", "bookplate_session_records", "bookplate_sessions"];
    let statements: Vec<_> =
        inserts.map(|it| ("insert", it)).into_iter().chain(updates.map(|it| ("update", it))).collect();
    chat.app.database.fill_up(&statements).await;

    for (method, path, body) in [
        ("POST", ALL, r#"{"id":"e"}"#),
        ("POST", MESSAGES, r#"{"role":"user","content":"x"}"#),
        ("POST", MESSAGES, r#"{"messages":[{"role":"user","content":"x"},{"role":"user","content":"y"}]}"#),
        ("PATCH", "/api/conversations/c/messages/m", r#"{"status":"complete"}"#),
        ("PUT", "/api/conversations/c/messages/m/feedback", r#"{"value":1}"#),
    ] {
        let reply = call(&mut chat.ada, method, path, body).await;
        assert_problem(&reply, 507, "INSUFFICIENT_STORAGE");
        assert_eq!(reply.header("retry-after"), None);
    }
    let form = [("email", "ada@example.com"), ("password", "a long enough password")];
    let json = json!({ "email": form[0].1, "password": form[1].1 });
    let mut elsewhere = chat.app.browser();
    let refused = elsewhere.json("/api/auth/sign-in/email", json).await;
    assert!(refused.status == 507 || refused.status == 401, "{}", refused.text());

    for path in [
        ALL,
        MESSAGES,
        "/api/conversations/c",
        "/api/conversations/c/messages/m",
        "/api/search?q=paper",
        "/api/conversations/export",
        "/api/conversations/c/export?format=markdown",
        "/api/me",
    ] {
        assert_eq!(chat.ada.get(path).await.status, 200, "{path}");
    }
    for path in ["/", "/conversations", "/conversations/c", "/account", "/account/data", "/account/sessions"]
    {
        assert_eq!(chat.ada.get(path).await.status, 200, "{path}");
    }
    let exported = chat.ada.form("/account/data/export", NOTHING).await;
    assert_eq!((exported.status.as_u16(), exported.header("content-type")), (200, Some("application/zip")));
    assert_eq!(call(&mut chat.ada, "DELETE", "/api/conversations/d", "").await.status, 204);
    assert_eq!(call(&mut chat.ada, "POST", "/api/conversations/d/restore", "").await.status, 200);
    assert_eq!(call(&mut chat.ada, "DELETE", "/api/conversations/c", "").await.status, 204);
    chat.app.ports.clock.advance_seconds(601);
    chat.app.services.cleanup.run().await.unwrap();
    assert_eq!(chat.app.database.number("select count(*) from bookplate_messages").await, 0);
}
