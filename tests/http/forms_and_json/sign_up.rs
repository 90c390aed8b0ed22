//! Successful sign-ups.

use contract::{Problem, Reason};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{TestApp, a_database},
    client::{ADDRESS, READER},
    fields::Fields,
};

#[tokio::test(flavor = "multi_thread")]
async fn form_and_json_create_the_same_user_and_open_a_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let full = READER
        .with("professionalRole", "other")
        .with("roleOther", "Bookbinder")
        .with("organization", "Ink & Paper");
    let cases = [
        ("plain", READER),
        ("full", full),
        ("nameless", READER.with("name", "")),
        ("marked-up", READER.with("name", "Åsa <b>Öberg</b> \u{1f58b}")),
        ("unorganized", READER.with("organization", "")),
        ("UPPER", READER),
    ];
    for (name, case) in cases {
        let mut stored = Vec::new();
        for entry in ENTRY_POINTS {
            let address = format!("{name}-{entry:?}@Example.COM");
            let mut browser = app.browser();
            let reply = entry.ask(&mut browser, Operation::SignUp, &case.with("email", &address)).await;
            entry.accepted(&reply);
            assert_eq!(
                reply.cookie("better-auth.session_token").unwrap().max_age(),
                Some(604_800),
                "{entry:?}"
            );
            assert!(reply.cookie("better-auth.dont_remember").is_none(), "{entry:?}");
            stored.push(app.stored(&address.to_lowercase()).await);
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["user"]["email"], address.to_lowercase(), "{entry:?}");
            assert_eq!(session["session"]["ipAddress"], ADDRESS, "{entry:?}");
            assert_eq!(session["session"]["userAgent"], "Mozilla/5.0 (a test)", "{entry:?}");
        }
        assert_eq!(stored[0], stored[1], "{case:?}");
    }
    assert_eq!((app.accounts().await, app.sessions().await), (12, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_07_passwords_of_8_to_128_code_units_work_for_sign_up_and_sign_in() {
    let database = a_database().await;
    // Where nothing but the length is judged, so that every length and every character can be tried.
    let app = TestApp::with(database, &[("BOOKPLATE_REFERENCE_HABITS", "true")]).await;
    let passwords = [
        "SecurePassword123!",
        "12345678",
        &"p".repeat(128),
        "🔑🔑🔑🔑",
        " blanks are kept ",
        "nul\0and more",
        "caf\u{e9}-and-more",
    ];
    for (at, password) in passwords.iter().enumerate() {
        for entry in ENTRY_POINTS {
            let fields =
                READER.with("email", &entry.address(&format!("reader-{at}"))).with("password", password);
            entry.accepted(&entry.ask(&mut app.browser(), Operation::SignUp, &fields).await);
            for other in ENTRY_POINTS {
                other.accepted(&other.ask(&mut app.browser(), Operation::SignIn, &fields).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_remember_me_the_session_ends_with_the_browser() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for wish in [Operation::SignUp, Operation::SignIn] {
        for entry in ENTRY_POINTS {
            let fields = READER.with("email", &entry.address("reader")).with("rememberMe", "false");
            let mut browser = app.browser();
            let reply = entry.ask(&mut browser, wish, &fields).await;
            entry.accepted(&reply);
            for name in ["better-auth.session_token", "better-auth.dont_remember"] {
                assert_eq!(reply.cookie(name).unwrap().max_age(), None, "{name}");
            }
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["session"]["expiresAt"], "2026-11-22T00:00:00.000Z", "{entry:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whitespace_around_an_address_is_trimmed_in_forms_and_refused_in_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let fields = READER.with("email", " ada@example.com \t").with("name", "  Ada ");
    EntryPoint::Form.accepted(&EntryPoint::Form.ask(&mut app.browser(), Operation::SignUp, &fields).await);
    assert_eq!(app.stored("ada@example.com").await["name"], "Ada");
    EntryPoint::Form.accepted(&EntryPoint::Form.ask(&mut app.browser(), Operation::SignIn, &fields).await);

    let before = app.database.rows().await;
    let reply = EntryPoint::Json.ask(&mut app.browser(), Operation::SignUp, &fields).await;
    EntryPoint::Json.refused(
        &reply,
        Operation::SignUp,
        &fields,
        &Problem::invalid("email", Reason::NotAnAddress),
    );
    let reply = EntryPoint::Json.ask(&mut app.browser(), Operation::SignIn, &fields).await;
    reply.refused(400, "INVALID_EMAIL");
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_04_only_the_documented_fields_are_accepted() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let given = [
        ("id", "chosen"),
        ("emailVerified", "true"),
        ("createdAt", "2020-01-01T00:00:00.000Z"),
        ("role", "admin"),
        ("banned", "false"),
        ("unknown", "anything"),
    ];
    let more = |fields: &Fields| given.iter().fold(fields.clone(), |it, (name, value)| it.with(name, value));
    for entry in ENTRY_POINTS {
        let address = entry.address("reader");
        let fields = more(&READER.with("email", &address));
        let mut browser = app.browser();
        entry.accepted(&entry.ask(&mut browser, Operation::SignUp, &fields).await);
        entry.accepted(
            &entry.ask(&mut browser, Operation::SaveProfile, &more(&READER.without("email"))).await,
        );
        let user = browser.get("/api/auth/get-session").await.json()["user"].clone();
        assert_eq!(user["emailVerified"], false, "{entry:?}");
        assert_eq!(user["createdAt"], "2026-11-21T00:00:00.000Z", "{entry:?}");
        assert_ne!(user["id"], "chosen", "{entry:?}");
        assert!(user.get("role").is_none() && user.get("unknown").is_none(), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn role_other_is_accepted_with_any_role() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    // The form does not ask then, so what a script-less browser sends along is not an answer; the wire takes it always.
    for (entry, expected) in [(EntryPoint::Form, None), (EntryPoint::Json, Some("Bookbinder"))] {
        let address = entry.address("reader");
        let fields = READER.with("email", &address).with("roleOther", "Bookbinder");
        entry.accepted(&entry.ask(&mut app.browser(), Operation::SignUp, &fields).await);
        assert_eq!(app.stored(&address).await["roleOther"].as_str(), expected, "{entry:?} {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_signing_up_ends_the_browsers_old_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let mut browser = app.reader(&entry.address("first")).await;
        let replaced = browser.clone();
        let fields = READER.with("email", &entry.address("second"));
        entry.accepted(&entry.ask(&mut browser, Operation::SignUp, &fields).await);
        assert_ne!(browser.session(), replaced.session(), "{entry:?}");
        assert!(replaced.clone().get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        assert!(browser.get("/api/auth/get-session").await.json().is_object(), "{entry:?}");
    }
}
