//! Rate limits by account and by recipient.

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{CHANGE_PASSWORD, OTHER_PASSWORD, REQUEST_RESET, RESET_PASSWORD, SEND_VERIFICATION, SIGN_IN};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const GUESSES: &[(&str, &str)] = &[("BOOKPLATE_LIMIT_ACCOUNT", "3/900")];

/// A new browser at a new IP address.
fn stranger(app: &TestApp, number: usize) -> Client {
    app.browser().at(&format!("198.51.100.{number}"))
}

async fn tries(client: &mut Client, email: &str, password: &str) -> Reply {
    client.json(SIGN_IN, json!({ "email": email, "password": password })).await
}

async fn lock_out(app: &TestApp, email: &str) {
    for number in 1..=3 {
        tries(&mut stranger(app, number), email, "not the password")
            .await
            .refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_guesses_at_one_account_are_limited_across_ip_addresses() {
    let database = a_database().await;
    let app = TestApp::with(database, GUESSES).await;
    app.reader(ADA).await;
    let mut answers = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        lock_out(&app, email).await;
        for (number, password) in [(4, "not the password"), (5, PASSWORD)] {
            let reply = tries(&mut stranger(&app, number), email, password).await;
            reply.refused(429, "TOO_MANY_REQUESTS");
            assert_eq!(
                (reply.header("retry-after"), reply.header("x-retry-after")),
                (Some("900"), Some("900")),
                "{number:?} {password:?}"
            );
            answers.push((reply.headers, reply.body));
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "it does not tell whether there is an account"
    );
    tries(&mut stranger(&app, 6), "ADA@Example.com", PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(stranger(&app, 7).form("/sign-in", crate::client::READER).await.status, 429);
    app.again(GUESSES, "")
        .await
        .browser()
        .json(SIGN_IN, json!({ "email": ADA, "password": PASSWORD }))
        .await
        .refused(429, "TOO_MANY_REQUESTS");
    tries(&mut stranger(&app, 8), "grace@example.com", PASSWORD)
        .await
        .refused(401, "INVALID_EMAIL_OR_PASSWORD");
    app.ports.clock.advance_seconds(900);
    assert_eq!(tries(&mut stranger(&app, 9), ADA, PASSWORD).await.status, 200, "never for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_26_guesses_do_not_lock_a_reader_out_of_a_recognised_browser() {
    let database = a_database().await;
    let app = TestApp::with(database, GUESSES).await;
    let mut known = app.reader(ADA).await;
    known.json(super::SIGN_OUT, json!({})).await;
    let mut of_another = app.reader("eve@example.com").await;
    of_another.json(super::SIGN_OUT, json!({})).await;
    lock_out(&app, ADA).await;
    tries(&mut of_another, ADA, PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
    let value = known.cookie("bookplate.device").unwrap().to_owned();
    for forged in [format!("x{value}"), value.to_uppercase(), value.split('.').next().unwrap().to_owned()] {
        let mut thief = stranger(&app, 20);
        thief.keep("bookplate.device", &forged);
        tries(&mut thief, ADA, PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
    }
    assert_eq!(tries(&mut known, ADA, PASSWORD).await.status, 200);
    // By the form as well.
    known.json(super::SIGN_OUT, json!({})).await;
    assert_eq!(known.form("/sign-in", crate::client::READER).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_a_recognised_browser_has_its_own_limit() {
    let database = a_database().await;
    let app = TestApp::with(database, GUESSES).await;
    let mut known = app.reader(ADA).await;
    known.json(super::SIGN_OUT, json!({})).await;
    for _ in 0..3 {
        tries(&mut known, ADA, "not the password").await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    tries(&mut known, ADA, PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(tries(&mut stranger(&app, 1), ADA, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_correct_passwords_do_not_count() {
    let database = a_database().await;
    let app = TestApp::with(database, GUESSES).await;
    app.reader(ADA).await;
    for number in 1..=6 {
        assert_eq!(tries(&mut stranger(&app, number), ADA, PASSWORD).await.status, 200, "{number:?}");
    }
    lock_out(&app, ADA).await;
    tries(&mut stranger(&app, 9), ADA, PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_concurrent_guesses_do_not_bypass_the_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::with(database, GUESSES).await;
    app.reader(ADA).await;
    let mut under_way = JoinSet::new();
    for number in 1..=20 {
        let mut client = stranger(&app, number);
        under_way.spawn(async move { tries(&mut client, ADA, "not the password").await.status.as_u16() });
    }
    let mut answers = under_way.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers[..4], [401, 401, 401, 429]);
    assert_eq!(app.ports.hasher.work().verified, 3, "who is refused is compared with nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_26_a_password_reset_lets_a_locked_out_reader_in() {
    let database = a_database().await;
    let app = TestApp::with(database, GUESSES).await;
    app.reader(ADA).await;
    lock_out(&app, ADA).await;
    let mut fresh = stranger(&app, 30);
    fresh.json(REQUEST_RESET, json!({ "email": ADA })).await;
    let token = app.link("reset-password", ADA).await.token;
    let body = json!({ "newPassword": OTHER_PASSWORD, "token": token });
    assert_eq!(fresh.json(RESET_PASSWORD, body).await.status, 200);
    assert_eq!(tries(&mut fresh, ADA, OTHER_PASSWORD).await.status, 200, "this browser is the reader's");
    tries(&mut stranger(&app, 31), ADA, OTHER_PASSWORD).await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_27_mail_of_one_kind_to_one_address_is_limited_across_clients() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_RECIPIENT", "3/3600")]).await;
    app.reader(ADA).await;
    app.reader("grace@example.com").await;
    let counts = async || {
        let proving = app.count_mails("verify-email", ADA).await;
        (proving, app.count_mails("reset-password", ADA).await)
    };
    assert_eq!(counts().await, (1, 0));
    for number in 1..=6 {
        let reply = stranger(&app, number).json(SEND_VERIFICATION, json!({ "email": ADA })).await;
        assert_eq!(reply.status, 200, "who asks is not told");
        app.mails().await;
    }
    assert_eq!(counts().await, (3, 0));
    // Each kind is counted for itself: one that strangers have used up keeps no other away.
    for number in 1..=6 {
        let reply = stranger(&app, number).json(REQUEST_RESET, json!({ "email": ADA })).await;
        assert_eq!(reply.status, 200, "who asks is not told");
        app.mails().await;
    }
    assert_eq!(counts().await, (3, 3));
    stranger(&app, 9).json(REQUEST_RESET, json!({ "email": "grace@example.com" })).await;
    app.link("reset-password", "grace@example.com").await;
    app.ports.clock.advance_seconds(3600);
    stranger(&app, 9).json(REQUEST_RESET, json!({ "email": ADA })).await;
    assert_eq!(counts().await, (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_27_notices_are_limited_separately_from_other_mail() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_RECIPIENT", "2/3600")]).await;
    let mut reader = app.reader(ADA).await;
    for number in 1..=3 {
        stranger(&app, number).json(REQUEST_RESET, json!({ "email": ADA })).await;
        stranger(&app, number).json(SEND_VERIFICATION, json!({ "email": ADA })).await;
        app.mails().await;
    }
    let (mut current, mut new) = (PASSWORD, OTHER_PASSWORD);
    // The third within the hour is not told of, the fourth after it is.
    for (waits, told) in [(0, 1), (0, 2), (0, 2), (3600, 3)] {
        app.ports.clock.advance_seconds(waits);
        let body = json!({ "currentPassword": current, "newPassword": new });
        assert_eq!(reader.json(CHANGE_PASSWORD, body).await.status, 200, "{waits:?} {told:?}");
        assert_eq!(app.count_mails("password-changed", ADA).await, told, "{waits:?} {told:?}");
        (current, new) = (new, current);
    }
    assert!(app.database.rows_of("bookplate_mails").await.is_empty(), "what was held back is not sent later");
}
