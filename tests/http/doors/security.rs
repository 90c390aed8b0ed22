//! Another password and another address.

use contract::{Code, Problem};

use super::{DOORS, Door, Wish};
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
async fn security_12_by_either_door_a_new_password_ends_every_other_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let email = door.address("reader");
        let mut here = app.reader(&email).await;
        let before = here.clone();
        let mut there = app.browser();
        let credentials = Fields::new(&[("password", PASSWORD)]).with("email", &email);
        Door::Json.accepted(&Door::Json.ask(&mut there, Wish::SignIn, &credentials).await);
        let reply = door.ask(&mut here, Wish::ChangePassword, &CHANGE).await;
        door.accepted(&reply);
        assert!(here.get("/api/auth/get-session").await.json().is_object(), "{door:?}");
        assert_ne!(here.session(), before.session(), "{door:?}");
        for mut ended in [before, there] {
            assert!(ended.get("/api/auth/get-session").await.json().is_null(), "{door:?}");
        }
        assert_eq!(app.count_letters("password-changed", &email).await, 1, "{door:?}");
        let new = credentials.with("password", "loud paper, chalk");
        Door::Json.accepted(&Door::Json.ask(&mut app.browser(), Wish::SignIn, &new).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_who_says_so_keeps_the_other_sessions() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let mut here = app.reader(&door.address("reader")).await;
        let before = here.session().map(str::to_owned);
        // A form says so by a box that is not ticked and therefore not sent.
        let fields = match door {
            Door::Form => CHANGE.without("revokeOtherSessions"),
            Door::Json => CHANGE.with("revokeOtherSessions", "false"),
        };
        let reply = door.ask(&mut here, Wish::ChangePassword, &fields).await;
        door.accepted(&reply);
        assert!(reply.cookies().is_empty() && here.session().map(str::to_owned) == before, "{door:?}");
        assert!(here.get("/api/auth/get-session").await.json().is_object(), "{door:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_08_by_either_door_a_change_of_password_that_is_wrong_is_refused() {
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
        for door in DOORS {
            let reply = door.ask(&mut reader, Wish::ChangePassword, &fields).await;
            if door == Door::Form {
                let page = reply.page();
                let field = problem.field.as_deref().unwrap();
                assert_eq!(reply.status, bookplate::http::status(problem.code), "{door:?}");
                assert_eq!(page.error(field), Some(contract::sentence(&problem).as_str()), "{door:?}");
                assert!(
                    page.all("form").any(|form| form.get("action") == Some(Wish::ChangePassword.page())),
                    "{door:?}"
                );
                assert!(
                    !reply.text().contains(
                        fields.get("newPassword").filter(|it| it.contains("chalk")).unwrap_or(&long)
                    ),
                    "{door:?}"
                );
            } else {
                door.refused(&reply, Wish::ChangePassword, &fields, &problem);
            }
        }
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_a_change_of_address_is_confirmed_by_mail() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let (old, new) = (door.address("reader"), door.address("renamed"));
        let mut reader = app.proven_reader(&old).await;
        let fields = Fields::new(&[]).with("newEmail", &new);
        door.accepted(&door.ask(&mut reader, Wish::ChangeEmail, &fields).await);
        for (kind, to) in [("change-email", &old), ("verify-email", &new)] {
            let link = app.link(kind, to).await;
            let path = link.url.strip_prefix(crate::app::ORIGIN).unwrap();
            let reply = reader.get(path).await;
            assert_eq!(reply.status, 302, "{door:?} {kind} {}", reply.text());
            assert!(!reply.location().unwrap().contains("error="), "{kind:?} {to:?}");
        }
        assert_eq!(reader.get("/api/auth/get-session").await.json()["user"]["email"], new, "{door:?}");
        // A taken address is answered alike.
        let taken = Fields::new(&[("newEmail", "taken@example.com")]);
        if door == Door::Form {
            app.reader("taken@example.com").await;
        }
        door.accepted(&door.ask(&mut reader, Wish::ChangeEmail, &taken).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_the_present_address_is_no_new_one() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let fields = Fields::new(&[("newEmail", "ada@example.com")]);
    for door in DOORS {
        let reply = door.ask(&mut reader, Wish::ChangeEmail, &fields).await;
        let problem = Problem::on(Code::EmailIsTheSame, "newEmail");
        door.refused(&reply, Wish::ChangeEmail, &fields, &problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_form_of_the_account_comes_from_a_page_of_ours() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    for wish in [
        Wish::ChangePassword,
        Wish::ChangeEmail,
        Wish::EndSession,
        Wish::EndOtherSessions,
        Wish::DeleteAccount,
        Wish::AskForReset,
        Wish::AskForVerification,
        Wish::SetPassword,
    ] {
        let fields = CHANGE.with("password", PASSWORD).with("newEmail", "new@example.com");
        // Not even from the pages of the book, which the JSON door trusts.
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
async fn a_reader_who_is_signed_out_changes_neither() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let ended = app.reader("ada@example.com").await;
    Door::Json.ask(&mut ended.clone(), Wish::SignOut, &Fields::new(&[])).await;
    let before = app.database.rows().await;
    for client in [app.browser(), ended] {
        for (wish, back) in [
            (Wish::ChangePassword, "/sign-in?next=/account/security"),
            (Wish::ChangeEmail, "/sign-in?next=/account/security"),
            (Wish::EndSession, "/sign-in?next=/account/sessions"),
            (Wish::EndOtherSessions, "/sign-in?next=/account/sessions"),
            (Wish::DeleteAccount, "/sign-in?next=/account/data"),
        ] {
            let fields = CHANGE.with("newEmail", "new@example.com").with("session", "x").with("token", "x");
            let reply = Door::Form.ask(&mut client.clone(), wish, &fields).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(back)), "{wish:?}");
            let reply = Door::Json.ask(&mut client.clone(), wish, &fields.without("password")).await;
            reply.refused(401, "UNAUTHORIZED");
        }
    }
    assert_eq!(app.database.rows().await, before);
}
