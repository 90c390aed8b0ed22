//! The audit log: a row for each event, with user, kind, outcome, address and agent, and an equal log line.

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;
use tracing::instrument::WithSubscriber;

use crate::{
    app::{PASSWORD, TestApp},
    bad_input::Log,
    client::{Client, READER},
};

const ADA: &str = "ada@example.com";
const OTHER: &str = "loud paper, chalk";
const AGENT: &str = "Mozilla/5.0 (an audit)";

/// The events so far as `kind outcome`, sorted.
async fn events(app: &TestApp) -> Vec<String> {
    let rows = app.database.rows_of("bookplate_events").await;
    let unquoted = |row: &String| row.replace(['\'', '"', '(', ')'], "");
    let part = |row: &String, at| unquoted(row).split(',').nth(at).unwrap().trim().to_owned();
    let mut events: Vec<_> = rows.iter().map(|row| format!("{} {}", part(row, 2), part(row, 3))).collect();
    events.sort();
    events
}

async fn post(client: &mut Client, path: &str, body: serde_json::Value) -> u16 {
    client.json(&format!("/api/auth/{path}"), body).await.status.as_u16()
}

/// Triggers every event of a remaining account from one browser; returns the user's id.
async fn everything(app: &TestApp) -> String {
    let mut browser = app.browser().sending("user-agent", AGENT).at("2001:db8::7");
    assert_eq!(post(&mut browser, "sign-up/email", READER.json()).await, 200);
    let id = browser.get("/api/auth/get-session").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let verify = app.link("verify-email", ADA).await.token;
    browser.get(&format!("/api/auth/verify-email?token={verify}")).await;
    let wrong = json!({ "email": ADA, "password": "not the password" });
    assert_eq!(post(&mut browser, "sign-in/email", wrong).await, 401);
    assert_eq!(post(&mut browser, "verify-password", json!({ "password": "x" })).await, 400);
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    assert_eq!(post(&mut browser, "change-password", change("x", OTHER)).await, 400);
    assert_eq!(post(&mut browser, "change-password", change(PASSWORD, OTHER)).await, 200);
    assert_eq!(post(&mut browser, "delete-user", json!({ "password": "x" })).await, 400);
    assert_eq!(post(&mut browser, "change-email", json!({ "newEmail": "new@example.com" })).await, 200);
    let token = app.link("change-email", ADA).await.token;
    browser.get(&format!("/api/auth/verify-email?token={token}")).await;
    let token = app.link("verify-email", "new@example.com").await.token;
    browser.get(&format!("/api/auth/verify-email?token={token}")).await;
    assert_eq!(post(&mut browser, "revoke-other-sessions", json!({})).await, 200);
    assert_eq!(post(&mut browser, "sign-out", json!({})).await, 200);
    assert_eq!(
        post(&mut browser, "request-password-reset", json!({ "email": "new@example.com" })).await,
        200
    );
    let token = app.link("reset-password", "new@example.com").await.token;
    let set = json!({ "newPassword": PASSWORD, "token": token });
    assert_eq!(post(&mut browser, "reset-password", set).await, 200);
    let right = json!({ "email": "new@example.com", "password": PASSWORD });
    assert_eq!(post(&mut browser, "sign-in/email", right).await, 200);
    id
}

const EVERYTHING: [&str; 14] = [
    "deletion wrong-password",
    "email-change done",
    "email-change-request done",
    "email-verification done",
    "password-change done",
    "password-change wrong-password",
    "password-check wrong-password",
    "password-reset done",
    "password-reset-request done",
    "session-end done",
    "sign-in done",
    "sign-in wrong-credentials",
    "sign-out done",
    "sign-up done",
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_account_event_leaves_a_row_with_user_address_and_agent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let id = everything(&app).await;
    assert_eq!(events(&app).await, EVERYTHING);
    for row in app.database.rows_of("bookplate_events").await {
        assert!(row.contains(&id) && row.contains("2001:db8::7") && row.contains(AGENT), "{row}");
        assert!(row.contains("1795219200000"), "and when: {row}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_audit_row_has_a_log_line(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let log = Log::default();
    let app = TestApp::on(database).await;
    let id = everything(&app).with_subscriber(log.subscriber()).await;
    let text = log.text();
    for event in EVERYTHING {
        let (kind, outcome) = event.split_once(' ').unwrap();
        let said = format!("event=\"{kind}\" outcome=\"{outcome}\" user=\"{id}\" address=\"2001:db8::7\"");
        let line = text.lines().find(|line| line.contains(&said));
        assert!(line.is_some_and(|line| line.contains(AGENT)), "{said} in {text}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_at_an_unknown_account_is_recorded_without_a_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut stranger = app.browser();
    let nobody = json!({ "email": "nobody@example.com", "password": "not the password" });
    post(&mut stranger, "sign-in/email", nobody).await;
    post(&mut stranger, "request-password-reset", json!({ "email": "nobody@example.com" })).await;
    app.mails().await;
    assert_eq!(events(&app).await, ["password-reset-request nobody", "sign-in wrong-credentials"]);
    assert!(app.database.rows_holding("nobody@example.com").await.is_empty());
    app.reader(ADA).await;
    post(&mut stranger, "sign-up/email", READER.json()).await;
    let taken: Vec<_> =
        events(&app).await.into_iter().filter(|event| event == "sign-up email-taken").collect();
    assert_eq!(taken.len(), 1);
    let about_her = "select count(*) from bookplate_events where user_id is not null";
    assert_eq!(app.database.number(about_her).await, 1, "her own sign-up alone");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_audit_rows_of_an_erased_user_are_anonymous(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    app.reader("grace@example.com").await;
    let before = events(&app).await.len();
    let id = everything(&app).await;
    let mut browser = app.browser().sending("user-agent", AGENT).at("2001:db8::7");
    let right = json!({ "email": "new@example.com", "password": PASSWORD });
    post(&mut browser, "sign-in/email", right).await;
    assert_eq!(post(&mut browser, "delete-user", json!({ "password": PASSWORD })).await, 200);
    app.mails().await;
    assert_eq!(events(&app).await.len(), before + EVERYTHING.len() + 2, "what happened is still known");
    for trace in [id.as_str(), "2001:db8", AGENT, ADA, "new@example.com"] {
        assert_eq!(app.database.rows_holding(trace).await, Vec::<String>::new(), "{trace}");
    }
    let whole = "select count(*) from bookplate_events where user_id is not null and ip_address is not null";
    assert_eq!(app.database.number(whole).await, 1, "Grace's");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_user_agent_is_truncated_and_on_one_line(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let log = Log::default();
    let app = TestApp::on(database).await;
    let agent = format!("x\tevent=\"forged\" {}", "y".repeat(5000));
    let mut browser = app.browser().sending("user-agent", &agent);
    let signing_up = async { post(&mut browser, "sign-up/email", READER.json()).await };
    assert_eq!(signing_up.with_subscriber(log.subscriber()).await, 200);
    let longest = "select cast(max(length(user_agent)) as bigint) from bookplate_events";
    assert_eq!(app.database.number(longest).await, 512);
    assert!(!log.text().contains(" event=\"forged\""), "it stays inside its own value: {}", log.text());
}
