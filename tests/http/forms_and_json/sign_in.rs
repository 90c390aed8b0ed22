//! Sign-in.

use contract::{Code, Problem};

use super::{ENTRY_POINTS, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::READER,
    fields::Fields,
};

const ADA: Fields =
    Fields::new(&[("email", "ada@example.com"), ("password", PASSWORD), ("rememberMe", "true")]);

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_can_sign_in_by_form_and_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    for address in ["ada@example.com", "ADA@Example.COM"] {
        for entry in ENTRY_POINTS {
            let before = app.sessions().await;
            let mut browser = app.browser();
            let reply = entry.ask(&mut browser, Operation::SignIn, &ADA.with("email", address)).await;
            entry.accepted(&reply);
            assert_eq!(
                reply.cookie("better-auth.session_token").unwrap().max_age(),
                Some(604_800),
                "{entry:?}"
            );
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["user"]["email"], "ada@example.com", "{entry:?}");
            assert_eq!(session["session"]["expiresAt"], "2026-11-28T00:00:00.000Z", "{entry:?}");
            assert_eq!(app.sessions().await, before + 1, "{entry:?}");
        }
    }
    assert_eq!(app.accounts().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_sign_in_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let before = app.rows_but_events().await;
    let wrong = Problem::new(Code::InvalidEmailOrPassword);
    let malformed = Problem::on(Code::InvalidEmail, "email");
    let cases = [
        (ADA.with("password", "loud paper, ink"), &wrong),
        (ADA.with("password", &PASSWORD.to_uppercase()), &wrong),
        (ADA.with("password", "quiet paper, ink "), &wrong),
        (ADA.with("password", ""), &wrong),
        (ADA.with("email", "nobody@example.com"), &wrong),
        (ADA.with("email", "ada+tag@example.com"), &wrong),
        (ADA.with("email", "ada"), &malformed),
        (ADA.with("email", ""), &malformed),
        (ADA.with("email", "аda@example.com"), &malformed),
        (ADA.with("email", "ada@example.com\0"), &malformed),
        (ADA.with("password", &"p".repeat(129)), &Problem::on(Code::PasswordTooLong, "password")),
    ];
    for (fields, problem) in cases {
        for entry in ENTRY_POINTS {
            let reply = entry.ask(&mut app.browser(), Operation::SignIn, &fields).await;
            entry.refused(&reply, Operation::SignIn, &fields, problem);
        }
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_an_unknown_address_and_a_wrong_password_get_the_same_response() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut answers = Vec::new();
    let mut work = Vec::new();
    // The same request twice: before there is such an account, and after.
    for known in [false, true] {
        if known {
            app.reader("ada@example.com").await;
        }
        for entry in ENTRY_POINTS {
            let before = app.ports.hasher.work().verified;
            let fields = ADA.with("password", "not the password");
            let reply = entry.ask(&mut app.browser(), Operation::SignIn, &fields).await;
            work.push(app.ports.hasher.work().verified - before);
            let text = reply.nonce().map_or(reply.text().to_owned(), |nonce| reply.text().replace(nonce, ""));
            let mut headers: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            answers.push((reply.status, headers, text));
        }
    }
    assert_eq!(work, [1, 1, 1, 1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_every_sign_in_opens_a_new_session_and_ends_the_browsers_old_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let elsewhere = app.reader("grace@example.com").await;
    for entry in ENTRY_POINTS {
        let replaced = browser.clone();
        entry.accepted(&entry.ask(&mut browser, Operation::SignIn, &ADA).await);
        assert_ne!(browser.session(), replaced.session(), "{entry:?}");
        assert!(replaced.clone().get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        assert!(elsewhere.clone().get("/api/auth/get-session").await.json().is_object(), "{entry:?}");
        assert_eq!(app.sessions().await, 2, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_a_refused_sign_in_leaves_the_current_session_alone() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let before = (browser.session().map(str::to_owned), app.rows_but_events().await);
    for entry in ENTRY_POINTS {
        let reply =
            entry.ask(&mut browser, Operation::SignIn, &ADA.with("password", "not the password")).await;
        // On a page that was opened before, the reader is told, although a signed-in reader has no such page.
        let problem = Problem::new(Code::InvalidEmailOrPassword);
        entry.refused(&reply, Operation::SignIn, &ADA, &problem);
        assert_eq!((browser.session().map(str::to_owned), app.rows_but_events().await), before, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_redirects_to_next() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let cases = [
        ("/account", "/account"),
        ("/chapter/1?tab=a&x=y#top", "/chapter/1?tab=a&x=y#top"),
        ("/kapitel/über uns", "/kapitel/%C3%BCber%20uns"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ];
    for (at, (next, location)) in cases.into_iter().enumerate() {
        let address = format!("reader-{at}@example.com");
        let new = READER.with("email", &address).with("next", next);
        for (path, fields) in [("/sign-up", new), ("/sign-in", ADA.with("next", next))] {
            let reply = app.browser().form(path, fields).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(location)), "{path} {next:?}");
        }
    }
}
