//! Change of address (sections 6.8 and 6.13).

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{CHANGE_EMAIL, GET_SESSION, SESSION_COOKIE, VERIFY_EMAIL, opens};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const NEW: &str = "countess@example.com";

async fn ask(reader: &mut Client, to: &str) {
    let reply = reader.json(CHANGE_EMAIL, json!({ "newEmail": to, "callbackURL": "/x" })).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
}

async fn open(client: &mut Client, token: &str) -> Reply {
    client.get(&format!("{VERIFY_EMAIL}?token={token}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_address_confirms_first_and_the_new_one_second() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.proven_reader(ADA).await;
    ask(&mut reader, "Countess@Example.com").await;
    let first = app.link("change-email", ADA).await;
    assert!(first.url.ends_with("&callbackURL=%2Fx"));
    assert_eq!(app.count_mails("verify-email", NEW).await, 0, "the new address gets nothing yet");
    let reply = open(&mut app.script(), &first.token).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    assert_eq!(app.stored(ADA).await["emailVerified"], true, "nothing has changed yet");
    let second = app.link("verify-email", NEW).await;
    let reply = open(&mut reader, &second.token).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!((&body["status"], &body["user"]["email"]), (&json!(true), &json!(NEW)));
    assert_eq!(body["user"]["emailVerified"], true);
    assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(604_800), "the cookie again");
    assert_eq!(reader.get(GET_SESSION).await.json()["user"]["email"], NEW);
    assert!(opens(&app, NEW, PASSWORD).await && !opens(&app, ADA, PASSWORD).await);
    // Who had the address is told.
    assert_eq!(app.count_mails("email-changed", ADA).await, 1);
    open(&mut reader, &second.token).await.refused(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_is_not_asked_to_confirm() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    app.mails().await;
    ask(&mut reader, NEW).await;
    let link = app.link("verify-email", NEW).await;
    assert_eq!(app.count_mails("change-email", ADA).await, 0);
    let reply = open(&mut app.script(), &link.token).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["user"]["email"]), (200, &json!(NEW)));
    assert!(reply.cookies().is_empty());
    assert!(opens(&app, NEW, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_taken_new_address_gets_the_same_response_and_no_mail() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut unproven = app.reader(ADA).await;
    let mut proven = app.proven_reader("grace@example.com").await;
    app.reader("taken@example.com").await;
    app.mails().await;
    app.ports.mailer.clear();
    for reader in [&mut unproven, &mut proven] {
        let mut answers = Vec::new();
        for to in ["taken@example.com", "TAKEN@example.com", "free@example.com"] {
            let before = app.database.rows_of("bookplate_mails").await.len();
            let reply = reader.json(CHANGE_EMAIL, json!({ "newEmail": to })).await;
            assert_eq!(app.database.rows_of("bookplate_mails").await.len(), before + 1, "the same work");
            answers.push((reply.status, reply.headers, reply.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }
    assert!(app.mails().await.iter().all(|mail| mail.to != "taken@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_address_is_not_a_change() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    for same in [ADA, "ADA@Example.com"] {
        let reply = reader.json(CHANGE_EMAIL, json!({ "newEmail": same })).await;
        reply.refused(400, "");
        assert_eq!(reply.message(), "Email is the same", "{same:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_change_of_address_links_work_once_and_for_their_user_only(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut ada = app.proven_reader(ADA).await;
    let mut eve = app.reader("eve@example.com").await;
    ask(&mut ada, NEW).await;
    let first = app.link("change-email", ADA).await.token;
    let refused = open(&mut eve, &first).await;
    refused.refused(401, "INVALID_USER");
    assert_eq!(refused.message(), "Invalid user");
    let reply = eve.get(&format!("{VERIFY_EMAIL}?token={first}&callbackURL=/x")).await;
    assert_eq!(reply.location(), Some("http://localhost:3001/x?error=INVALID_USER"));
    // Being refused has spent nothing.
    assert_eq!(open(&mut ada, &first).await.status, 200);
    open(&mut ada, &first).await.refused(401, "INVALID_TOKEN");
    let second = app.link("verify-email", NEW).await.token;
    open(&mut eve, &second).await.refused(401, "INVALID_USER");
    let (mut one, mut other) = (ada.clone(), app.script());
    let (one, other) = tokio::join!(open(&mut one, &second), open(&mut other, &second));
    let good = [&one, &other].iter().filter(|reply| reply.status == 200).count();
    assert_eq!(good, 1, "{} {}", one.text(), other.text());
    assert_eq!(eve.get(GET_SESSION).await.json()["user"]["email"], "eve@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_newer_change_invalidates_older_links() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut ada = app.proven_reader(ADA).await;
    ask(&mut ada, "first@example.com").await;
    let replaced = app.link("change-email", ADA).await.token;
    ask(&mut ada, "second@example.com").await;
    let newer = app.link("change-email", ADA).await.token;
    open(&mut ada, &replaced).await.refused(401, "INVALID_TOKEN");
    assert_eq!(open(&mut ada, &newer).await.status, 200);
    let last = app.link("verify-email", "second@example.com").await.token;
    app.browser().json(super::REQUEST_RESET, json!({ "email": ADA })).await;
    let reset = app.link("reset-password", ADA).await.token;
    assert_eq!(open(&mut ada, &last).await.status, 200);
    // A link to set the password that went to the address before is worth nothing now.
    let body = json!({ "newPassword": super::OTHER_PASSWORD, "token": reset });
    app.browser().json(super::RESET_PASSWORD, body).await.refused(400, "INVALID_TOKEN");
    app.ports.clock.advance_seconds(3600);
    ask(&mut ada, "third@example.com").await;
    let old = app.link("change-email", "second@example.com").await.token;
    app.ports.clock.advance_seconds(86_400);
    open(&mut ada, &old).await.refused(401, "TOKEN_EXPIRED");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_two_changes_to_one_address_one_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut tokens = Vec::new();
    for (at, email) in [ADA, "grace@example.com"].into_iter().enumerate() {
        let mut reader = app.reader(email).await;
        app.mails().await;
        ask(&mut reader, NEW).await;
        tokens.push(app.link("verify-email", NEW).await.token);
        assert_eq!(app.count_mails("verify-email", NEW).await, at + 1, "{at:?} {email:?}");
    }
    let (mut one, mut other) = (app.script(), app.script());
    let (one, other) = tokio::join!(open(&mut one, &tokens[0]), open(&mut other, &tokens[1]));
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 401], "{} {}", one.text(), other.text());
    assert_eq!(app.accounts().await, 2);
}
