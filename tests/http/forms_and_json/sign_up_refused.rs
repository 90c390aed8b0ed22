//! Refused sign-ups.

use contract::{Code, Problem, Questions, Reason};

use super::{ENTRY_POINTS, Operation};
use crate::{
    app::{TestApp, a_database},
    client::READER,
    fields::Fields,
};

/// Forms and JSON refuse each of these with the given problem, and nothing is stored.
async fn each_is_refused(app: &TestApp, cases: Vec<(Fields, Problem)>) {
    let before = app.rows_but_events().await;
    for (fields, problem) in cases {
        for entry in ENTRY_POINTS {
            let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
            entry.refused(&reply, Operation::SignUp, &fields, &problem);
        }
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_password_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let with = |password: &str| READER.with("password", password);
    let cases = vec![
        (with("weak"), Problem::on(Code::PasswordTooShort, "password")),
        (with("1234567"), Problem::on(Code::PasswordTooShort, "password")),
        (with("🔑🔑🔑"), Problem::on(Code::PasswordTooShort, "password")),
        (with(&"p".repeat(129)), Problem::on(Code::PasswordTooLong, "password")),
        (with(&"🔑".repeat(65)), Problem::on(Code::PasswordTooLong, "password")),
        (with(""), Problem::invalid("password", Reason::Empty)),
    ];
    each_is_refused(&app, cases).await;
    assert_eq!(app.ports.hasher.work().hashed, 0, "refused before hashing");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_08_a_common_or_personal_password_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let with = |password: &str| READER.with("password", password);
    let cases = vec![
        (with("iloveyou"), Problem::on(Code::PasswordCompromised, "password")),
        (with("PassWord1"), Problem::on(Code::PasswordCompromised, "password")),
        (with("12345678"), Problem::on(Code::PasswordCompromised, "password")),
        (with("ada@example.com1"), Problem::on(Code::PasswordTooWeak, "password")),
        (with("AdaLovelace1"), Problem::on(Code::PasswordTooWeak, "password")),
        (with("bookplate1"), Problem::on(Code::PasswordTooWeak, "password")),
        (with("zzzzzzzzzzzzzzzz"), Problem::on(Code::PasswordTooWeak, "password")),
    ];
    each_is_refused(&app, cases).await;
    assert_eq!(app.ports.hasher.work().hashed, 0, "refused before hashing");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_02_invalid_and_confusable_addresses_are_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let addresses = [
        "",
        "ada",
        "ada@",
        "ada@example",
        "аda@example.com",
        "ada@example\u{3002}com",
        "a\u{200b}da@example.com",
        "ada@example.com.",
        "ada@example.com\0",
        "ad\u{131}@example.com",
        "ada@example.c0",
        "имя@example.com",
        "ada@ｅxample.com",
        "\"ada\"@example.com",
        "ada@example.com, eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
    ];
    let problem = Problem::invalid("email", Reason::NotAnAddress);
    let cases = addresses.iter().map(|address| (READER.with("email", address), problem.clone())).collect();
    each_is_refused(&app, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_answer_or_an_unknown_option_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let missing = |name: &str| Problem::on(Code::MissingField, name);
    let mut cases = Vec::new();
    for name in ["experienceLevel", "professionalRole"] {
        cases.push((READER.without(name), missing(name)));
        cases.push((READER.with(name, ""), missing(name)));
        cases.push((READER.with(name, "  "), missing(name)));
        let questions = Questions::default();
        let options = questions.iter().find(|it| it.name == name).unwrap().options().unwrap();
        for answer in ["wizard", "Beginner", "beginner\0"] {
            let reason = Reason::NotAnOption { options: options.clone() };
            cases.push((READER.with(name, answer), Problem::invalid(name, reason)));
        }
    }
    each_is_refused(&app, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_line_that_is_too_long_or_contains_control_characters_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let other = READER.with("professionalRole", "other");
    let mut cases = Vec::new();
    for name in ["name", "organization", "roleOther"] {
        for long in ["n".repeat(201), "ü".repeat(201)] {
            cases.push((other.with(name, &long), Problem::invalid(name, Reason::TooLong { max: 200 })));
        }
        for text in ["a\0b", "a\nb", "a\r\nb", "a\u{1b}[31mb", "a\u{7f}b", "a\u{202e}b", "a\u{2028}b"] {
            cases.push((other.with(name, text), Problem::invalid(name, Reason::ForbiddenCharacter)));
        }
    }
    each_is_refused(&app, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_refused_in_any_letter_case() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let cases = ["ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com"];
    let problem = Problem::on(Code::UserAlreadyExists, "email");
    let cases = cases.iter().map(|address| (READER.with("email", address), problem.clone())).collect();
    each_is_refused(&app, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invalid_field_has_its_own_error_and_the_first_decides_the_status() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let fields = Fields::new(&[
        ("name", "a\u{1}b"),
        ("email", "nobody"),
        ("password", "weak"),
        ("professionalRole", "wizard"),
        ("next", "/chapter/1"),
    ]);
    let reply = app.browser().form("/sign-up?next=/chapter/1", fields).await;
    assert_eq!(reply.status, 400);
    let page = reply.page();
    assert_eq!(page.problem_title(), Some("5 fields need your attention."));
    let errors = [
        ("name", "Use letters, digits and signs on one line."),
        ("email", "Enter an e-mail address, such as name@example.com."),
        ("password", "Use at least 8 characters."),
        ("experienceLevel", "Please answer this question."),
        ("professionalRole", "Choose one of the options."),
    ];
    for (name, sentence) in errors {
        assert_eq!(page.error(name), Some(sentence), "{name}");
    }
    // The summary links to each field, and the page opens in the first.
    let links: Vec<_> = page.inside(page.problem().unwrap()).filter_map(|it| it.get("href")).collect();
    assert_eq!(links, ["#name", "#email", "#password", "#experienceLevel", "#professionalRole"]);
    assert!(links.iter().all(|link| page.by_id(link.trim_start_matches('#')).is_some()));
    let focused: Vec<_> = page.elements().filter(|it| it.has("autofocus")).map(|it| it.get("id")).collect();
    assert_eq!(focused, [Some("name")]);
    // Nothing was ticked, and where the reader was going is not forgotten.
    assert!(!page.control("rememberMe").unwrap().has("checked"));
    assert_eq!(page.value("next").as_deref(), Some("/chapter/1"));
}
