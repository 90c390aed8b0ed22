//! E-mail verification (sections 6.12 and 6.13).

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{GET_SESSION, SEND_VERIFICATION, SESSION_COOKIE, VERIFY_EMAIL};
use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::READER,
};

const ADA: &str = "ada@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_sends_a_verification_link() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.browser();
    reader.json(super::SIGN_UP, READER.with("callbackURL", "/welcome?a=b").json()).await;
    let link = app.link("verify-email", ADA).await;
    let expected = format!("{ORIGIN}{VERIFY_EMAIL}?token={}&callbackURL=%2Fwelcome%3Fa%3Db", link.token);
    assert_eq!(link.url, expected);
    assert_eq!(reader.get(GET_SESSION).await.json()["user"]["emailVerified"], false);
    let reply = app.script().get(link.url.strip_prefix(ORIGIN).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, Some("http://localhost:3001/welcome?a=b")));
    assert_eq!(reader.get(GET_SESSION).await.json()["user"]["emailVerified"], true);
    // Without a callback of its own the mail's link leads to the first page.
    app.reader("grace@example.com").await;
    assert!(app.link("verify-email", "grace@example.com").await.url.ends_with("&callbackURL=%2F"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn opening_a_link_twice_is_harmless(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = app.link("verify-email", ADA).await.token;
    let path = format!("{VERIFY_EMAIL}?token={token}");
    for _ in 0..3 {
        let reply = app.script().get(&path).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true, "user": null })));
    }
    let proven = "select count(*) from bookplate_events where kind = 'email-verification'";
    assert_eq!(app.database.number(proven).await, 1);
    let (one, other) = (app.script(), app.script());
    app.reader("grace@example.com").await;
    let path = format!("{VERIFY_EMAIL}?token={}", app.link("verify-email", "grace@example.com").await.token);
    let (mut one, mut other) = (one, other);
    let (one, other) = tokio::join!(one.get(&path), other.get(&path));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_verification_request_reveals_nothing_about_an_address() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    app.proven_reader("grace@example.com").await;
    app.ports.mailer.clear();
    let mut answers = Vec::new();
    for email in [ADA, "grace@example.com", "nobody@example.com"] {
        let before = app.database.rows_of("bookplate_mails").await.len();
        let reply = app.browser().json(SEND_VERIFICATION, json!({ "email": email })).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })), "{email:?}");
        assert_eq!(
            app.database.rows_of("bookplate_mails").await.len(),
            before + 1,
            "the same work for {email}"
        );
        answers.push((reply.status, reply.headers, reply.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let to: Vec<_> = app.mails().await.into_iter().map(|mail| (mail.kind, mail.to)).collect();
    assert_eq!(to, [("verify-email".to_owned(), ADA.to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_link_is_sent_only_to_the_users_own_unverified_address() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut ada = app.reader(ADA).await;
    let mut grace = app.proven_reader("grace@example.com").await;
    for email in ["grace@example.com", "nobody@example.com"] {
        let reply = ada.json(SEND_VERIFICATION, json!({ "email": email })).await;
        reply.refused(400, "EMAIL_MISMATCH");
        assert_eq!(reply.message(), "Email mismatch", "{email:?}");
    }
    let reply = grace.json(SEND_VERIFICATION, json!({ "email": "grace@example.com" })).await;
    reply.refused(400, "EMAIL_ALREADY_VERIFIED");
    assert_eq!(reply.message(), "Email is already verified");
    app.ports.mailer.clear();
    let reply = ada.json(SEND_VERIFICATION, json!({ "email": "ADA@example.com", "callbackURL": "/x" })).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    assert!(app.link("verify-email", ADA).await.url.ends_with("&callbackURL=%2Fx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_verification_link_is_invalid_after_a_day_and_after_a_newer_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let replaced = app.link("verify-email", ADA).await.token;
    app.browser().json(SEND_VERIFICATION, json!({ "email": ADA })).await;
    let newer = app.link("verify-email", ADA).await.token;
    assert_ne!(replaced, newer);
    for token in [replaced.as_str(), "", "x", &format!("{newer}x")] {
        let reply = app.script().get(&format!("{VERIFY_EMAIL}?token={token}")).await;
        reply.refused(401, "INVALID_TOKEN");
        assert_eq!(reply.message(), "Invalid token", "{token:?}");
    }
    app.ports.clock.advance_seconds(86_400);
    let reply = app.script().get(&format!("{VERIFY_EMAIL}?token={newer}")).await;
    reply.refused(401, "TOKEN_EXPIRED");
    assert_eq!(reply.message(), "Token expired");
    assert_eq!(app.stored(ADA).await["emailVerified"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_verification_link_signs_nobody_in_without_required_verification() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let grace = app.reader("grace@example.com").await;
    let token = app.link("verify-email", ADA).await.token;
    for (at, mut client) in [app.browser(), grace].into_iter().enumerate() {
        let before = client.session().map(str::to_owned);
        let reply = client.get(&format!("{VERIFY_EMAIL}?token={token}")).await;
        assert_eq!(reply.status, 200, "{at}");
        assert!(reply.cookie(SESSION_COOKIE).is_none(), "{at:?}");
        assert_eq!(client.session().map(str::to_owned), before, "{at:?}");
    }
}
