//! Changing and verifying the password (sections 6.7 and 6.22).

use contract::Code;
use serde_json::json;

use super::{
    CHANGE_PASSWORD, GET_SESSION, OTHER_PASSWORD, REQUEST_RESET, RESET_PASSWORD, SESSION_COOKIE,
    VERIFY_PASSWORD, opens,
};
use crate::app::{PASSWORD, TestApp, a_database};

fn change(current: &str, new: &str) -> serde_json::Value {
    json!({ "currentPassword": current, "newPassword": new })
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_change_of_password_ends_every_other_session_and_replaces_this_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut here = app.reader("ada@example.com").await;
    let stranger = app.reader("grace@example.com").await;
    for (body, current, new) in [
        (change(PASSWORD, OTHER_PASSWORD), PASSWORD, OTHER_PASSWORD),
        (
            json!({ "currentPassword": OTHER_PASSWORD, "newPassword": PASSWORD, "revokeOtherSessions": true }),
            OTHER_PASSWORD,
            PASSWORD,
        ),
    ] {
        let mut there = app.browser();
        there.json(super::SIGN_IN, json!({ "email": "ada@example.com", "password": current })).await;
        let before = here.clone();
        let reply = here.json(CHANGE_PASSWORD, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer = reply.json();
        assert_eq!(answer["user"]["email"], "ada@example.com", "{current:?} {new:?}");
        assert_eq!(reply.cookie(SESSION_COOKIE).unwrap().max_age(), Some(604_800), "{current:?} {new:?}");
        let session = here.get(GET_SESSION).await.json();
        assert_eq!(session["session"]["token"], answer["token"], "{current:?} {new:?}");
        assert_ne!(here.session(), before.session(), "{current:?} {new:?}");
        for ended in [before, there] {
            assert!(ended.clone().get(GET_SESSION).await.json().is_null());
        }
        assert!(stranger.clone().get(GET_SESSION).await.json().is_object(), "{current:?} {new:?}");
        assert!(
            opens(&app, "ada@example.com", new).await && !opens(&app, "ada@example.com", current).await,
            "{current:?} {new:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_sessions_can_be_kept() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut here = app.reader("ada@example.com").await;
    let mut body = change(PASSWORD, OTHER_PASSWORD);
    body["revokeOtherSessions"] = false.into();
    let there = {
        let mut there = app.browser();
        there.json(super::SIGN_IN, json!({ "email": "ada@example.com", "password": PASSWORD })).await;
        there
    };
    let reply = here.json(CHANGE_PASSWORD, body).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["token"]), (200, &json!(null)));
    assert!(reply.cookies().is_empty());
    for mut living in [here, there] {
        assert!(living.get(GET_SESSION).await.json().is_object());
    }
    assert!(opens(&app, "ada@example.com", OTHER_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_compatibility_mode_other_sessions_are_kept_by_default() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_REFERENCE_HABITS", "true")]).await;
    let mut here = app.reader("ada@example.com").await;
    let reply = here.json(CHANGE_PASSWORD, change(PASSWORD, "password")).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["token"]), (200, &json!(null)));
    assert!(reply.cookies().is_empty() && here.get(GET_SESSION).await.json().is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_change_sends_a_notice_and_invalidates_earlier_links() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.browser().json(REQUEST_RESET, json!({ "email": "ada@example.com" })).await;
    let link = app.link("reset-password", "ada@example.com").await;
    assert_eq!(app.count_mails("password-changed", "ada@example.com").await, 0);
    assert_eq!(reader.json(CHANGE_PASSWORD, change(PASSWORD, OTHER_PASSWORD)).await.status, 200);
    assert_eq!(app.count_mails("password-changed", "ada@example.com").await, 1);
    let mail = app.mail("password-changed", "ada@example.com").await;
    assert!(!mail.text.contains(OTHER_PASSWORD) && mail.link.is_none());
    let body = json!({ "newPassword": "third paper, pencil", "token": link.token });
    app.browser().json(RESET_PASSWORD, body).await.refused(400, "INVALID_TOKEN");
    assert!(opens(&app, "ada@example.com", OTHER_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_08_a_change_needs_the_current_password_and_a_good_new_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = app.rows_but_events().await;
    let long = "p".repeat(129);
    let cases = [
        (PASSWORD, "1234567", Code::PasswordTooShort),
        (PASSWORD, "", Code::PasswordTooShort),
        (PASSWORD, &long, Code::PasswordTooLong),
        (&long, OTHER_PASSWORD, Code::PasswordTooLong),
        (PASSWORD, "password", Code::PasswordCompromised),
        (PASSWORD, "Password1", Code::PasswordCompromised),
        (PASSWORD, "aaaaaaaaaaaa", Code::PasswordTooWeak),
        (PASSWORD, "ada@example.com", Code::PasswordTooWeak),
        ("", OTHER_PASSWORD, Code::InvalidPassword),
        ("quiet paper, ink ", OTHER_PASSWORD, Code::InvalidPassword),
        ("Quiet paper, ink", OTHER_PASSWORD, Code::InvalidPassword),
        // The length says nothing of the account; the rest is told to its reader alone.
        ("not the password", "1234567", Code::PasswordTooShort),
        ("not the password", "password", Code::InvalidPassword),
    ];
    for (current, new, code) in cases {
        let reply = reader.json(CHANGE_PASSWORD, change(current, new)).await;
        reply.refused(400, code.wire().unwrap());
        assert_eq!(reply.message(), code.message(), "{current} {new}");
        assert!(reply.cookies().is_empty(), "{current:?} {new:?} {code:?}");
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_password_cannot_change_it() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.database.arrange("update bookplate_accounts set password_hash = null").await;
    for (path, body) in [
        (CHANGE_PASSWORD, change(PASSWORD, OTHER_PASSWORD)),
        (VERIFY_PASSWORD, json!({ "password": PASSWORD })),
    ] {
        let reply = reader.json(path, body).await;
        reply.refused(400, "CREDENTIAL_ACCOUNT_NOT_FOUND");
        assert_eq!(reply.message(), "Credential account not found", "{path:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_checked_without_changing_anything() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = app.rows_but_events().await;
    let reply = reader.json(VERIFY_PASSWORD, json!({ "password": PASSWORD })).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    for wrong in ["not the password", "", "QUIET PAPER, INK"] {
        let reply = reader.json(VERIFY_PASSWORD, json!({ "password": wrong })).await;
        reply.refused(400, "INVALID_PASSWORD");
        assert_eq!(reply.message(), "Invalid password", "{wrong:?}");
    }
    reader
        .json(VERIFY_PASSWORD, json!({ "password": "p".repeat(129) }))
        .await
        .refused(400, "PASSWORD_TOO_LONG");
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_27_guesses_at_the_current_password_are_limited_for_each_session() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_ACCOUNT", "3/60")]).await;
    let mut taken_over = app.reader("ada@example.com").await;
    let mut owner = app.browser();
    owner.json(super::SIGN_IN, json!({ "email": "ada@example.com", "password": PASSWORD })).await;
    let wrong = [
        (VERIFY_PASSWORD, json!({ "password": "guess number one" })),
        (CHANGE_PASSWORD, change("guess number two", OTHER_PASSWORD)),
        (super::DELETE_USER, json!({ "password": "guess number three" })),
    ];
    for (path, body) in &wrong {
        taken_over.json(path, body.clone()).await.refused(400, "INVALID_PASSWORD");
    }
    let right = json!({ "password": PASSWORD });
    for (path, body) in
        [(VERIFY_PASSWORD, right.clone()), (CHANGE_PASSWORD, change(PASSWORD, OTHER_PASSWORD))]
    {
        let reply = taken_over.json(path, body).await;
        reply.refused(429, "TOO_MANY_REQUESTS");
        assert_eq!((reply.header("retry-after"), reply.header("x-retry-after")), (Some("60"), Some("60")));
    }
    // The reader's own browser goes on, and right ones are no guesses.
    for _ in 0..5 {
        assert_eq!(owner.json(VERIFY_PASSWORD, right.clone()).await.status, 200);
    }
    app.ports.clock.advance_seconds(60);
    assert_eq!(taken_over.json(VERIFY_PASSWORD, right).await.status, 200);
}
