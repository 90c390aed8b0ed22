//! Setting a password with a mailed link, and asking for one that proves an address.

use contract::{Code, Problem, Reason};

use super::{DOORS, Door, Wish};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
    fields::Fields,
};

const NEW: &str = "loud paper, chalk";

/// A browser that has been led to our page by a link with this token.
async fn led(app: &TestApp, token: &str) -> Client {
    let mut browser = app.browser();
    let reply = browser.get(&format!("/reset-password?token={token}")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/reset-password")));
    browser
}

async fn token(app: &TestApp, door: Door, email: &str) -> String {
    let fields = Fields::new(&[]).with("email", email);
    door.accepted(&door.ask(&mut app.browser(), Wish::AskForReset, &fields).await);
    app.link("reset-password", email).await.token
}

fn setting(token: &str, password: &str) -> Fields {
    Fields::new(&[]).with("token", token).with("newPassword", password)
}

async fn opens(app: &TestApp, email: &str, password: &str) -> bool {
    let fields = Fields::new(&[]).with("email", email).with("password", password);
    let reply = Door::Json.ask(&mut app.browser(), Wish::SignIn, &fields).await;
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_by_either_door_a_link_sets_the_password_and_ends_every_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let email = door.address("reader");
        let mut reader = app.reader(&email).await;
        let token = token(&app, door, &email).await;
        let mut browser = led(&app, &token).await;
        let reply = door.ask(&mut browser, Wish::SetPassword, &setting(&token, NEW)).await;
        door.accepted(&reply);
        assert!(reply.cookie("better-auth.session_token").is_none(), "{door:?}");
        assert!(reply.cookie("bookplate.device").is_some(), "the browser is known from now on");
        assert!(reader.get("/api/auth/get-session").await.json().is_null(), "{door:?}");
        assert!(opens(&app, &email, NEW).await && !opens(&app, &email, PASSWORD).await, "{door:?}");
        assert_eq!(app.count_letters("password-changed", &email).await, 1, "{door:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_by_either_door_nothing_tells_a_known_address_from_an_unknown_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    app.proven_reader("grace@example.com").await;
    for door in DOORS {
        for wish in [Wish::AskForReset, Wish::AskForVerification] {
            let mut answers = Vec::new();
            for email in ["ada@example.com", "grace@example.com", "nobody@example.com"] {
                let fields = Fields::new(&[]).with("email", email);
                let reply = door.ask(&mut app.browser(), wish, &fields).await;
                door.accepted(&reply);
                answers.push((reply.headers, reply.body));
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{door:?} {wish:?}");
        }
    }
    assert!(app.letters().await.iter().all(|letter| letter.to != "nobody@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_by_either_door_a_link_that_is_no_good_sets_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let used = token(&app, Door::Json, "ada@example.com").await;
    Door::Json.accepted(&Door::Json.ask(&mut app.browser(), Wish::SetPassword, &setting(&used, NEW)).await);
    let old = token(&app, Door::Form, "ada@example.com").await;
    app.ports.clock.advance_seconds(3600);
    for door in DOORS {
        for token in [used.as_str(), &old, "no-such-token"] {
            let reply =
                door.ask(&mut led(&app, token).await, Wish::SetPassword, &setting(token, PASSWORD)).await;
            assert_eq!(reply.status, 400, "{door:?} {}", reply.text());
            if door == Door::Json {
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
async fn by_either_door_a_password_that_is_not_accepted_leaves_the_link_good() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let email = door.address("reader");
        app.reader(&email).await;
        let token = token(&app, door, &email).await;
        for (password, code) in [
            ("1234567", Code::PasswordTooShort),
            (&*"p".repeat(129), Code::PasswordTooLong),
            ("password1", Code::PasswordCompromised),
            ("aaaaaaaaaaaa", Code::PasswordTooWeak),
        ] {
            let fields = setting(&token, password);
            let reply = door.ask(&mut led(&app, &token).await, Wish::SetPassword, &fields).await;
            door.refused(&reply, Wish::SetPassword, &fields, &Problem::on(code, "newPassword"));
        }
        let mut browser = led(&app, &token).await;
        door.accepted(&door.ask(&mut browser, Wish::SetPassword, &setting(&token, NEW)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_an_address_has_to_be_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let before = app.database.rows().await;
    for wish in [Wish::AskForReset, Wish::AskForVerification] {
        for address in ["", "nobody", "аda@example.com", "ada@example.com\0", "a@example.com, b@example.com"]
        {
            let fields = Fields::new(&[]).with("email", address);
            for door in DOORS {
                let reply = door.ask(&mut app.browser(), wish, &fields).await;
                assert_eq!(reply.status, 400, "{door:?} {address}");
                assert!(reply.location().is_none(), "{door:?}");
                match door {
                    Door::Json => {
                        door.refused(&reply, wish, &fields, &Problem::invalid("email", Reason::NotAnAddress))
                    }
                    Door::Form => assert_eq!(
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
async fn by_either_door_a_link_that_proves_the_address_is_mailed_again() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let email = door.address("reader");
        let mut reader = app.reader(&email).await;
        let first = app.link("verify-email", &email).await.token;
        let fields = Fields::new(&[]).with("email", &email);
        door.accepted(&door.ask(&mut reader, Wish::AskForVerification, &fields).await);
        let second = app.link("verify-email", &email).await.token;
        assert_ne!(first, second, "{door:?}");
        let reply = app.browser().get(&format!("/api/auth/verify-email?token={second}")).await;
        assert_eq!(reply.status, 200, "{door:?}");
        let reply = door.ask(&mut reader, Wish::AskForVerification, &fields).await;
        assert_eq!(reply.status, 400, "{door:?} {}", reply.text());
    }
}
