//! Password reset, and requesting a verification link.

use contract::{Code, Problem, Reason};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
    fields::Fields,
};

const NEW: &str = "loud paper, chalk";

/// A browser that has opened a link with this token.
async fn led(app: &TestApp, token: &str) -> Client {
    let mut browser = app.browser();
    let reply = browser.get(&format!("/reset-password?token={token}")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/reset-password")));
    browser
}

async fn token(app: &TestApp, entry: EntryPoint, email: &str) -> String {
    let fields = Fields::new(&[]).with("email", email);
    entry.accepted(&entry.ask(&mut app.browser(), Operation::AskForReset, &fields).await);
    app.link("reset-password", email).await.token
}

fn setting(token: &str, password: &str) -> Fields {
    Fields::new(&[]).with("token", token).with("newPassword", password)
}

async fn opens(app: &TestApp, email: &str, password: &str) -> bool {
    let fields = Fields::new(&[]).with("email", email).with("password", password);
    let reply = EntryPoint::Json.ask(&mut app.browser(), Operation::SignIn, &fields).await;
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_by_form_and_json_a_link_sets_the_password_and_ends_every_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        let mut reader = app.reader(&email).await;
        let token = token(&app, entry, &email).await;
        let mut browser = led(&app, &token).await;
        let reply = entry.ask(&mut browser, Operation::SetPassword, &setting(&token, NEW)).await;
        entry.accepted(&reply);
        assert!(reply.cookie("better-auth.session_token").is_none(), "{entry:?}");
        assert!(reply.cookie("bookplate.device").is_some(), "the browser is known from now on");
        assert!(reader.get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        assert!(opens(&app, &email, NEW).await && !opens(&app, &email, PASSWORD).await, "{entry:?}");
        assert_eq!(app.count_mails("password-changed", &email).await, 1, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_by_form_and_json_known_and_unknown_addresses_get_the_same_response() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    app.proven_reader("grace@example.com").await;
    for entry in ENTRY_POINTS {
        for wish in [Operation::AskForReset, Operation::AskForVerification] {
            let mut answers = Vec::new();
            for email in ["ada@example.com", "grace@example.com", "nobody@example.com"] {
                let fields = Fields::new(&[]).with("email", email);
                let reply = entry.ask(&mut app.browser(), wish, &fields).await;
                entry.accepted(&reply);
                answers.push((reply.headers, reply.body));
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{entry:?} {wish:?}");
        }
    }
    assert!(app.mails().await.iter().all(|mail| mail.to != "nobody@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_by_form_and_json_an_invalid_link_sets_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let used = token(&app, EntryPoint::Json, "ada@example.com").await;
    EntryPoint::Json.accepted(
        &EntryPoint::Json.ask(&mut app.browser(), Operation::SetPassword, &setting(&used, NEW)).await,
    );
    let old = token(&app, EntryPoint::Form, "ada@example.com").await;
    app.ports.clock.advance_seconds(3600);
    for entry in ENTRY_POINTS {
        for token in [used.as_str(), &old, "no-such-token"] {
            let reply = entry
                .ask(&mut led(&app, token).await, Operation::SetPassword, &setting(token, PASSWORD))
                .await;
            assert_eq!(reply.status, 400, "{entry:?} {}", reply.text());
            if entry == EntryPoint::Json {
                reply.refused(400, "INVALID_TOKEN");
            } else {
                assert!(reply.page().one("main").text.contains("does not work any more"), "{}", reply.text());
            }
        }
    }
    // Without having been led here there is nothing to set a password with.
    let reply = app.browser().form("/reset-password", setting(&old, PASSWORD)).await;
    assert_eq!(reply.status, 400);
    assert!(opens(&app, "ada@example.com", NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_a_rejected_password_leaves_the_link_valid() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        app.reader(&email).await;
        let token = token(&app, entry, &email).await;
        for (password, code) in [
            ("1234567", Code::PasswordTooShort),
            (&*"p".repeat(129), Code::PasswordTooLong),
            ("password1", Code::PasswordCompromised),
            ("aaaaaaaaaaaa", Code::PasswordTooWeak),
        ] {
            let fields = setting(&token, password);
            let reply = entry.ask(&mut led(&app, &token).await, Operation::SetPassword, &fields).await;
            entry.refused(&reply, Operation::SetPassword, &fields, &Problem::on(code, "newPassword"));
        }
        let mut browser = led(&app, &token).await;
        entry.accepted(&entry.ask(&mut browser, Operation::SetPassword, &setting(&token, NEW)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_an_address_must_be_valid() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let before = app.database.rows().await;
    for wish in [Operation::AskForReset, Operation::AskForVerification] {
        for address in ["", "nobody", "аda@example.com", "ada@example.com\0", "a@example.com, b@example.com"]
        {
            let fields = Fields::new(&[]).with("email", address);
            for entry in ENTRY_POINTS {
                let reply = entry.ask(&mut app.browser(), wish, &fields).await;
                assert_eq!(reply.status, 400, "{entry:?} {address}");
                assert!(reply.location().is_none(), "{entry:?}");
                match entry {
                    EntryPoint::Json => {
                        entry.refused(
                            &reply,
                            wish,
                            &fields,
                            &Problem::invalid("email", Reason::NotAnAddress),
                        );
                    }
                    EntryPoint::Form => assert_eq!(
                        reply.page().error("email"),
                        Some("Enter an e-mail address, such as name@example.com."),
                        "{}",
                        reply.text()
                    ),
                }
            }
        }
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_a_verification_link_is_sent_again() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        let mut reader = app.reader(&email).await;
        let first = app.link("verify-email", &email).await.token;
        let fields = Fields::new(&[]).with("email", &email);
        entry.accepted(&entry.ask(&mut reader, Operation::AskForVerification, &fields).await);
        let second = app.link("verify-email", &email).await.token;
        assert_ne!(first, second, "{entry:?}");
        let reply = app.browser().get(&format!("/api/auth/verify-email?token={second}")).await;
        assert_eq!(reply.status, 200, "{entry:?}");
        let reply = entry.ask(&mut reader, Operation::AskForVerification, &fields).await;
        assert_eq!(reply.status, 400, "{entry:?} {}", reply.text());
    }
}
