//! Changing password and address.

use contract::{Code, Problem};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    fields::Fields,
};

const CHANGE: Fields = Fields::new(&[
    ("currentPassword", PASSWORD),
    ("newPassword", "loud paper, chalk"),
    ("revokeOtherSessions", "true"),
]);

#[tokio::test(flavor = "multi_thread")]
async fn security_12_by_form_and_json_a_new_password_ends_every_other_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        let mut here = app.reader(&email).await;
        let before = here.clone();
        let mut there = app.browser();
        let credentials = Fields::new(&[("password", PASSWORD)]).with("email", &email);
        EntryPoint::Json.accepted(&EntryPoint::Json.ask(&mut there, Operation::SignIn, &credentials).await);
        let reply = entry.ask(&mut here, Operation::ChangePassword, &CHANGE).await;
        entry.accepted(&reply);
        assert!(here.get("/api/auth/get-session").await.json().is_object(), "{entry:?}");
        assert_ne!(here.session(), before.session(), "{entry:?}");
        for mut ended in [before, there] {
            assert!(ended.get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        }
        assert_eq!(app.count_mails("password-changed", &email).await, 1, "{entry:?}");
        let new = credentials.with("password", "loud paper, chalk");
        EntryPoint::Json.accepted(&EntryPoint::Json.ask(&mut app.browser(), Operation::SignIn, &new).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_the_other_sessions_can_be_kept() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let mut here = app.reader(&entry.address("reader")).await;
        let before = here.session().map(str::to_owned);
        // A form says so by a box that is not ticked and therefore not sent.
        let fields = match entry {
            EntryPoint::Form => CHANGE.without("revokeOtherSessions"),
            EntryPoint::Json => CHANGE.with("revokeOtherSessions", "false"),
        };
        let reply = entry.ask(&mut here, Operation::ChangePassword, &fields).await;
        entry.accepted(&reply);
        assert!(reply.cookies().is_empty() && here.session().map(str::to_owned) == before, "{entry:?}");
        assert!(here.get("/api/auth/get-session").await.json().is_object(), "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_08_by_form_and_json_an_invalid_change_of_password_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = app.rows_but_events().await;
    let current = |password: &str| CHANGE.with("currentPassword", password);
    let new = |password: &str| CHANGE.with("newPassword", password);
    let long = "p".repeat(129);
    let cases = [
        (current("not the password"), Problem::on(Code::InvalidPassword, "currentPassword")),
        (current(&long), Problem::on(Code::PasswordTooLong, "currentPassword")),
        (new("1234567"), Problem::on(Code::PasswordTooShort, "newPassword")),
        (new(&long), Problem::on(Code::PasswordTooLong, "newPassword")),
        (new("password"), Problem::on(Code::PasswordCompromised, "newPassword")),
        (new("ada@example.com"), Problem::on(Code::PasswordTooWeak, "newPassword")),
    ];
    for (fields, problem) in cases {
        for entry in ENTRY_POINTS {
            let reply = entry.ask(&mut reader, Operation::ChangePassword, &fields).await;
            if entry == EntryPoint::Form {
                let page = reply.page();
                let field = problem.field.as_deref().unwrap();
                assert_eq!(reply.status, bookplate::http::status(problem.code), "{entry:?}");
                assert_eq!(page.error(field), Some(contract::sentence(&problem).as_str()), "{entry:?}");
                assert!(
                    page.all("form").any(|form| form.get("action") == Some(Operation::ChangePassword.page())),
                    "{entry:?}"
                );
                assert!(
                    !reply.text().contains(
                        fields.get("newPassword").filter(|it| it.contains("chalk")).unwrap_or(&long)
                    ),
                    "{entry:?}"
                );
            } else {
                entry.refused(&reply, Operation::ChangePassword, &fields, &problem);
            }
        }
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_a_change_of_address_is_confirmed_by_mail() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let (old, new) = (entry.address("reader"), entry.address("renamed"));
        let mut reader = app.proven_reader(&old).await;
        let fields = Fields::new(&[]).with("newEmail", &new);
        entry.accepted(&entry.ask(&mut reader, Operation::ChangeEmail, &fields).await);
        for (kind, to) in [("change-email", &old), ("verify-email", &new)] {
            let link = app.link(kind, to).await;
            let path = link.url.strip_prefix(crate::app::ORIGIN).unwrap();
            let reply = reader.get(path).await;
            assert_eq!(reply.status, 302, "{entry:?} {kind} {}", reply.text());
            assert!(!reply.location().unwrap().contains("error="), "{kind:?} {to:?}");
        }
        assert_eq!(reader.get("/api/auth/get-session").await.json()["user"]["email"], new, "{entry:?}");
        // A taken address is answered alike.
        let taken = Fields::new(&[("newEmail", "taken@example.com")]);
        if entry == EntryPoint::Form {
            app.reader("taken@example.com").await;
        }
        entry.accepted(&entry.ask(&mut reader, Operation::ChangeEmail, &taken).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_the_current_address_is_not_a_change() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let fields = Fields::new(&[("newEmail", "ada@example.com")]);
    for entry in ENTRY_POINTS {
        let reply = entry.ask(&mut reader, Operation::ChangeEmail, &fields).await;
        let problem = Problem::on(Code::EmailIsTheSame, "newEmail");
        entry.refused(&reply, Operation::ChangeEmail, &fields, &problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_an_account_form_must_come_from_our_origin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    for wish in [
        Operation::ChangePassword,
        Operation::ChangeEmail,
        Operation::EndSession,
        Operation::EndOtherSessions,
        Operation::DeleteAccount,
        Operation::AskForReset,
        Operation::AskForVerification,
        Operation::SetPassword,
    ] {
        let fields = CHANGE.with("password", PASSWORD).with("newEmail", "new@example.com");
        // Not even from the pages of the book, which the JSON entry trusts.
        for origin in
            ["https://evil.example", "null", "http://localhost:3000", "http://localhost:3001.evil.example"]
        {
            let mut browser =
                reader.clone().sending("origin", origin).sending("sec-fetch-site", "cross-site");
            let reply = browser.form(wish.page(), fields.clone()).await;
            assert_eq!(reply.status, 403, "{wish:?} {origin} {}", reply.text());
        }
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_out_reader_can_change_neither() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let ended = app.reader("ada@example.com").await;
    EntryPoint::Json.ask(&mut ended.clone(), Operation::SignOut, &Fields::new(&[])).await;
    let before = app.database.rows().await;
    for client in [app.browser(), ended] {
        for (wish, back) in [
            (Operation::ChangePassword, "/sign-in?next=/account/security"),
            (Operation::ChangeEmail, "/sign-in?next=/account/security"),
            (Operation::EndSession, "/sign-in?next=/account/sessions"),
            (Operation::EndOtherSessions, "/sign-in?next=/account/sessions"),
            (Operation::DeleteAccount, "/sign-in?next=/account/data"),
        ] {
            let fields = CHANGE.with("newEmail", "new@example.com").with("session", "x").with("token", "x");
            let reply = EntryPoint::Form.ask(&mut client.clone(), wish, &fields).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(back)), "{wish:?}");
            let reply = EntryPoint::Json.ask(&mut client.clone(), wish, &fields.without("password")).await;
            reply.refused(401, "UNAUTHORIZED");
        }
    }
    assert_eq!(app.database.rows().await, before);
}
