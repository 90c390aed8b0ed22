//! Changing the profile.

use contract::{Code, Problem, Questions, Reason};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{TestApp, a_database},
    fields::Fields,
};

const PROFILE: Fields = Fields::new(&[
    ("name", "Grace"),
    ("experienceLevel", "advanced"),
    ("professionalRole", "other"),
    ("roleOther", "Admiral"),
    ("organization", "Navy"),
]);

#[tokio::test(flavor = "multi_thread")]
async fn form_and_json_make_the_same_change() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let cleared = PROFILE.with("roleOther", "").with("organization", "").with("name", "");
    let mut stored = Vec::new();
    for entry in ENTRY_POINTS {
        let address = entry.address("reader");
        let mut browser = app.reader(&address).await;
        for fields in [&PROFILE, &cleared] {
            app.ports.clock.advance_seconds(60);
            let reply = entry.ask(&mut browser, Operation::SaveProfile, fields).await;
            entry.accepted(&reply);
            stored.push(app.stored(&address).await);
            let user = browser.get("/api/auth/get-session").await.json()["user"].clone();
            assert!(user["updatedAt"].as_str() > user["createdAt"].as_str(), "{user}");
        }
    }
    let [full, empty] = [&stored[0], &stored[1]];
    assert_eq!([full, empty], [&stored[2], &stored[3]]);
    assert_eq!((full["name"].as_str(), full["roleOther"].as_str()), (Some("Grace"), Some("Admiral")));
    assert_eq!(empty["name"], "");
    assert!(empty["roleOther"].is_null() && empty["organization"].is_null(), "{empty}");
    assert_eq!(empty["experienceLevel"], "advanced");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_change_is_refused_and_changes_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let options = Questions::default().iter().next().unwrap().options().unwrap();
    let long = Reason::TooLong { max: 200 };
    let cases = [
        (PROFILE.with("name", &"n".repeat(201)), Problem::invalid("name", long.clone())),
        (PROFILE.with("name", "a\0b"), Problem::invalid("name", Reason::ForbiddenCharacter)),
        (PROFILE.with("organization", &"n".repeat(201)), Problem::invalid("organization", long)),
        (PROFILE.with("organization", "a\nb"), Problem::invalid("organization", Reason::ForbiddenCharacter)),
        (
            PROFILE.with("experienceLevel", "wizard"),
            Problem::invalid("experienceLevel", Reason::NotAnOption { options }),
        ),
        (PROFILE.with("professionalRole", ""), Problem::on(Code::MissingField, "professionalRole")),
    ];
    for (fields, problem) in cases {
        for entry in ENTRY_POINTS {
            let reply = entry.ask(&mut browser, Operation::SaveProfile, &fields).await;
            entry.refused(&reply, Operation::SaveProfile, &fields, &problem);
        }
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_out_reader_can_change_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let ended = app.reader("ada@example.com").await;
    let mut out = ended.clone();
    EntryPoint::Json.accepted(&EntryPoint::Json.ask(&mut out, Operation::SignOut, &Fields::new(&[])).await);
    let before = app.database.rows().await;
    for (mut browser, is_stale) in [(app.browser(), false), (ended.clone(), true)] {
        let reply = EntryPoint::Json.ask(&mut browser.clone(), Operation::SaveProfile, &PROFILE).await;
        reply.refused(401, "UNAUTHORIZED");
        assert_eq!(
            reply.cookie("better-auth.session_token").is_some_and(|it| it.expires()),
            is_stale,
            "{is_stale:?}"
        );
        // A reader has a page that says what to do: sign in, and come back.
        let reply = EntryPoint::Form.ask(&mut browser, Operation::SaveProfile, &PROFILE).await;
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, Some("/sign-in?next=/account")),
            "{is_stale:?}"
        );
        assert_eq!(
            reply.cookie("better-auth.session_token").is_some_and(|it| it.expires()),
            is_stale,
            "{is_stale:?}"
        );
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_saved_message_is_shown_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let status = |page: &crate::page::Page| {
        let told = page.elements().find(|it| it.get("role") == Some("status") && it.tag == "p");
        told.map(|it| it.text.clone())
    };
    assert_eq!(status(&browser.get("/account").await.page()), None);
    let reply = browser.form("/account", PROFILE).await;
    assert_eq!(reply.location(), Some("/account"));
    let page = browser.get("/account").await.page();
    assert_eq!(status(&page).as_deref(), Some("Your changes are saved."));
    for (name, value) in PROFILE.iter() {
        assert_eq!(page.value(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(status(&browser.get("/account").await.page()), None);
}
