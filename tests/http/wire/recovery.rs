//! Password reset (sections 6.9 and 6.11).

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{GET_SESSION, OTHER_PASSWORD, REQUEST_RESET, RESET_PASSWORD, SESSION_COOKIE, opens};
use crate::{
    app::{ORIGIN, PASSWORD, TestApp, a_database},
    client::Client,
};

const ADA: &str = "ada@example.com";

async fn ask(client: &mut Client, email: &str) -> crate::reply::Reply {
    client.json(REQUEST_RESET, json!({ "email": email, "redirectTo": "/back" })).await
}

/// Requests a reset link and returns its token.
async fn token(app: &TestApp) -> String {
    assert_eq!(ask(&mut app.browser(), ADA).await.status, 200);
    app.link("reset-password", ADA).await.token
}

async fn set(app: &TestApp, token: &str, password: &str) -> crate::reply::Reply {
    app.browser().json(RESET_PASSWORD, json!({ "newPassword": password, "token": token })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_a_reset_request_gets_the_same_response_with_or_without_an_account() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    app.mails().await;
    let mut answers = Vec::new();
    for email in [ADA, "nobody@example.com", "ADA@Example.com"] {
        let before = (app.database.rows_of("bookplate_mails").await.len(), app.ports.hasher.work());
        let reply = ask(&mut app.browser(), email).await;
        assert_eq!(reply.status, 200, "{email:?}");
        let body = json!({
            "status": true,
            "message": "If this email exists in our system, check your email for the reset link",
        });
        assert_eq!(reply.json(), body, "{email:?}");
        // The same is written for every address: who it is for is found out later.
        assert_eq!(app.database.rows_of("bookplate_mails").await.len(), before.0 + 1, "{email:?}");
        assert_eq!(app.ports.hasher.work(), before.1, "{email:?}");
        answers.push((reply.status, reply.headers, reply.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let mails = app.mails().await;
    let resets: Vec<_> = mails.iter().filter(|it| it.kind == "reset-password").map(|it| &it.to).collect();
    assert_eq!(resets, [ADA, ADA]);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_02_no_other_spelling_of_an_address_receives_its_mail() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    app.reader("ada+tag@example.com").await;
    app.mails().await;
    app.ports.mailer.clear();
    for other in [
        "\u{430}da@example.com",
        "ad\u{131}@example.com",
        "a\u{200b}da@example.com",
        "ada@example.com.",
        "ada@example.com ",
        "ada@example\u{3002}com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com,eve@example.com",
    ] {
        ask(&mut app.browser(), other).await.refused(400, "VALIDATION_ERROR");
    }
    assert!(app.mails().await.is_empty());
    ask(&mut app.browser(), "ADA+Tag@Example.com").await;
    let to: Vec<_> = app.mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["ada+tag@example.com"], "a tag is another address");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_23_the_link_is_built_from_the_configuration_alone() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let headers = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "https://evil.example/"),
    ];
    for (name, value) in headers {
        let mut script = app.script();
        let mut request = http::Request::post(REQUEST_RESET).header("content-type", "application/json");
        request = request.header(name, value);
        if name != "host" {
            request = request.header("host", "localhost:3001");
        }
        let reply = script.send(request, json!({ "email": ADA }).to_string()).await;
        assert_eq!(reply.status, 200, "{name}");
        let mail = app.mail("reset-password", ADA).await;
        let link = mail.link.unwrap();
        let expected = format!("{ORIGIN}{RESET_PASSWORD}/{}?callbackURL=", link.token);
        assert_eq!(link.url, expected, "{name}");
        assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{name}");
        app.ports.mailer.clear();
    }
    let body = json!({ "email": ADA, "redirectTo": "/back?a=b&c=\u{fc}" });
    app.script().json(REQUEST_RESET, body).await;
    let url = app.link("reset-password", ADA).await.url;
    assert!(url.ends_with("?callbackURL=%2Fback%3Fa%3Db%26c%3D%C3%BC"), "{url}");
    // A place that leads away gets into no mail.
    let body = json!({ "email": ADA, "redirectTo": "https://evil.example/" });
    let reply = app.script().json(REQUEST_RESET, body).await;
    reply.refused(403, "INVALID_REDIRECT_URL");
    assert_eq!(reply.message(), "Invalid redirectURL");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_password_reset_ends_every_session_and_sends_a_notice() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let readers = [app.reader(ADA).await, {
        let mut other = app.browser();
        other.json(super::SIGN_IN, json!({ "email": ADA, "password": PASSWORD })).await;
        other
    }];
    let stranger = app.reader("grace@example.com").await;
    let token = token(&app).await;
    assert!(token.len() >= 22 && !app.database.rows().await.iter().any(|row| row.contains(&token)));
    let reply = set(&app, &token, OTHER_PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "status": true })));
    assert!(reply.cookie(SESSION_COOKIE).is_none(), "nobody is signed in by it");
    for mut ended in readers {
        assert!(ended.get(GET_SESSION).await.json().is_null());
    }
    assert!(stranger.clone().get(GET_SESSION).await.json().is_object());
    assert!(opens(&app, ADA, OTHER_PASSWORD).await && !opens(&app, ADA, PASSWORD).await);
    assert_eq!(app.count_mails("password-changed", ADA).await, 1);
    assert_eq!(app.stored(ADA).await["emailVerified"], true, "who read the mail has the address");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_reset_link_works_once_even_concurrently(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    let passwords =
        ["first paper, chalk", "second paper, chalk", "third paper, chalk", "fourth paper, chalk"];
    let mut under_way = JoinSet::new();
    for (at, password) in passwords.into_iter().enumerate() {
        let (mut browser, body) = (app.browser(), json!({ "newPassword": password, "token": token }));
        under_way.spawn(async move { (at, browser.json(RESET_PASSWORD, body).await) });
    }
    let mut answers = under_way.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    let answers: Vec<_> = answers.into_iter().map(|(_, reply)| reply).collect();
    let good: Vec<_> = answers.iter().map(|reply| reply.status == 200).collect();
    assert_eq!(good.iter().filter(|good| **good).count(), 1);
    for reply in answers.iter().filter(|reply| reply.status != 200) {
        reply.refused(400, "INVALID_TOKEN");
        assert_eq!(reply.message(), "Invalid token");
    }
    for (password, good) in passwords.iter().zip(good) {
        assert_eq!(opens(&app, ADA, password).await, good, "{password}");
    }
    set(&app, &token, OTHER_PASSWORD).await.refused(400, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_reset_link_is_invalid_after_an_hour_a_newer_request_or_a_password_change() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader(ADA).await;
    let old = token(&app).await;
    app.ports.clock.advance_seconds(3600);
    set(&app, &old, OTHER_PASSWORD).await.refused(400, "INVALID_TOKEN");

    let replaced = token(&app).await;
    let newer = token(&app).await;
    set(&app, &replaced, OTHER_PASSWORD).await.refused(400, "INVALID_TOKEN");
    app.ports.clock.advance_seconds(3599);
    assert_eq!(set(&app, &newer, OTHER_PASSWORD).await.status, 200);

    let before_change = token(&app).await;
    let again = json!({ "email": ADA, "password": OTHER_PASSWORD });
    reader.json(super::SIGN_IN, again).await;
    app.ports.clock.advance_seconds(1);
    let body = json!({ "currentPassword": OTHER_PASSWORD, "newPassword": PASSWORD });
    assert_eq!(reader.json(super::CHANGE_PASSWORD, body).await.status, 200);
    set(&app, &before_change, OTHER_PASSWORD).await.refused(400, "INVALID_TOKEN");
    assert!(opens(&app, ADA, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_token_of_another_purpose_sets_no_password() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let verify = app.link("verify-email", ADA).await.token;
    let reset = token(&app).await;
    for token in [verify.as_str(), "", "x", "no such token at all!", &format!("{reset}x"), &reset[1..]] {
        let reply = set(&app, token, OTHER_PASSWORD).await;
        reply.refused(400, "INVALID_TOKEN");
        assert_eq!(reply.message(), "Invalid token", "{token}");
    }
    let reply = app.browser().json(RESET_PASSWORD, json!({ "newPassword": "short" })).await;
    reply.refused(400, "INVALID_TOKEN");
    // Nor does one for setting a password prove an address.
    app.script().get(&format!("{}?token={reset}", super::VERIFY_EMAIL)).await.refused(401, "INVALID_TOKEN");
    assert_eq!(set(&app, &reset, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_password_leaves_the_link_valid() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    let token = token(&app).await;
    for (password, code) in [
        ("", "PASSWORD_TOO_SHORT"),
        ("1234567", "PASSWORD_TOO_SHORT"),
        (&*"p".repeat(129), "PASSWORD_TOO_LONG"),
        ("password1", "PASSWORD_COMPROMISED"),
        ("ada@example.com", "PASSWORD_TOO_WEAK"),
    ] {
        set(&app, &token, password).await.refused(400, code);
    }
    assert_eq!(app.ports.hasher.work().hashed, 1, "refused before hashing");
    // The token may stand in the address instead.
    let path = format!("{RESET_PASSWORD}?token={token}");
    let reply = app.browser().json(&path, json!({ "newPassword": OTHER_PASSWORD })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_password_can_set_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader(ADA).await;
    app.database.arrange("delete from bookplate_accounts").await;
    let token = token(&app).await;
    assert_eq!(set(&app, &token, OTHER_PASSWORD).await.status, 200);
    assert!(opens(&app, ADA, OTHER_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_no_link_can_be_requested() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_URL", "https://accounts.example.org")]).await;
    let mut reader = app.reader(ADA).await;
    let cases = [
        (REQUEST_RESET, json!({ "email": ADA }), "RESET_PASSWORD_DISABLED", "Reset password isn't enabled"),
        (
            super::SEND_VERIFICATION,
            json!({ "email": ADA }),
            "VERIFICATION_EMAIL_NOT_ENABLED",
            "Verification email isn't enabled",
        ),
        (
            super::CHANGE_EMAIL,
            json!({ "newEmail": "new@example.com" }),
            "CHANGE_EMAIL_DISABLED",
            "Change email is disabled",
        ),
    ];
    for (path, body, code, message) in cases {
        let reply = reader.json(path, body).await;
        reply.refused(400, code);
        assert_eq!(reply.message(), message, "{path:?} {code:?} {message:?}");
    }
}
