//! Sign-up that succeeds.

use contract::{Problem, Reason};

use super::{DOORS, Door, Wish};
use crate::{
    app::{TestApp, a_database},
    client::{ADDRESS, READER},
    fields::Fields,
};

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_store_the_same_reader_and_open_a_session() {
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
        for door in DOORS {
            let address = format!("{name}-{door:?}@Example.COM");
            let mut browser = app.browser();
            let reply = door.ask(&mut browser, Wish::SignUp, &case.with("email", &address)).await;
            door.accepted(&reply);
            assert_eq!(
                reply.cookie("better-auth.session_token").unwrap().max_age(),
                Some(604_800),
                "{door:?}"
            );
            assert!(reply.cookie("better-auth.dont_remember").is_none(), "{door:?}");
            stored.push(app.stored(&address.to_lowercase()).await);
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["user"]["email"], address.to_lowercase(), "{door:?}");
            assert_eq!(session["session"]["ipAddress"], ADDRESS, "{door:?}");
            assert_eq!(session["session"]["userAgent"], "Mozilla/5.0 (a test)", "{door:?}");
        }
        assert_eq!(stored[0], stored[1], "{case:?}");
    }
    assert_eq!((app.accounts().await, app.sessions().await), (12, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_07_passwords_of_8_to_128_code_units_open_an_account_and_let_its_reader_in() {
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
        for door in DOORS {
            let fields =
                READER.with("email", &door.address(&format!("reader-{at}"))).with("password", password);
            door.accepted(&door.ask(&mut app.browser(), Wish::SignUp, &fields).await);
            for other in DOORS {
                other.accepted(&other.ask(&mut app.browser(), Wish::SignIn, &fields).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_box_ticked_the_session_ends_with_the_browser() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for wish in [Wish::SignUp, Wish::SignIn] {
        for door in DOORS {
            let fields = READER.with("email", &door.address("reader")).with("rememberMe", "false");
            let mut browser = app.browser();
            let reply = door.ask(&mut browser, wish, &fields).await;
            door.accepted(&reply);
            for name in ["better-auth.session_token", "better-auth.dont_remember"] {
                assert_eq!(reply.cookie(name).unwrap().max_age(), None, "{name}");
            }
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["session"]["expiresAt"], "2026-11-22T00:00:00.000Z", "{door:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blanks_around_an_address_are_a_slip_on_the_form_and_a_mistake_in_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let fields = READER.with("email", " ada@example.com \t").with("name", "  Ada ");
    Door::Form.accepted(&Door::Form.ask(&mut app.browser(), Wish::SignUp, &fields).await);
    assert_eq!(app.stored("ada@example.com").await["name"], "Ada");
    Door::Form.accepted(&Door::Form.ask(&mut app.browser(), Wish::SignIn, &fields).await);

    let before = app.database.rows().await;
    let reply = Door::Json.ask(&mut app.browser(), Wish::SignUp, &fields).await;
    Door::Json.refused(&reply, Wish::SignUp, &fields, &Problem::invalid("email", Reason::NotAnAddress));
    let reply = Door::Json.ask(&mut app.browser(), Wish::SignIn, &fields).await;
    reply.refused(400, "INVALID_EMAIL");
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_04_only_the_documented_fields_are_taken() {
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
    for door in DOORS {
        let address = door.address("reader");
        let fields = more(&READER.with("email", &address));
        let mut browser = app.browser();
        door.accepted(&door.ask(&mut browser, Wish::SignUp, &fields).await);
        door.accepted(&door.ask(&mut browser, Wish::SaveProfile, &more(&READER.without("email"))).await);
        let user = browser.get("/api/auth/get-session").await.json()["user"].clone();
        assert_eq!(user["emailVerified"], false, "{door:?}");
        assert_eq!(user["createdAt"], "2026-11-21T00:00:00.000Z", "{door:?}");
        assert_ne!(user["id"], "chosen", "{door:?}");
        assert!(user.get("role").is_none() && user.get("unknown").is_none(), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_ones_own_goes_with_another_role() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    // The form does not ask then, so what a script-less browser sends along is not an answer; the wire takes it always.
    for (door, expected) in [(Door::Form, None), (Door::Json, Some("Bookbinder"))] {
        let address = door.address("reader");
        let fields = READER.with("email", &address).with("roleOther", "Bookbinder");
        door.accepted(&door.ask(&mut app.browser(), Wish::SignUp, &fields).await);
        assert_eq!(app.stored(&address).await["roleOther"].as_str(), expected, "{door:?} {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_signing_up_ends_the_session_the_browser_brought_along() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let mut browser = app.reader(&door.address("first")).await;
        let replaced = browser.clone();
        let fields = READER.with("email", &door.address("second"));
        door.accepted(&door.ask(&mut browser, Wish::SignUp, &fields).await);
        assert_ne!(browser.session(), replaced.session(), "{door:?}");
        assert!(replaced.clone().get("/api/auth/get-session").await.json().is_null(), "{door:?}");
        assert!(browser.get("/api/auth/get-session").await.json().is_object(), "{door:?}");
    }
}
