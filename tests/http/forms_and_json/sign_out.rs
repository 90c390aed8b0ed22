//! Sign-out.

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{TestApp, a_database},
    fields::Fields,
    reply::Reply,
};

const NOTHING: Fields = Fields::new(&[]);
const COOKIES: [&str; 3] =
    ["better-auth.session_token", "better-auth.session_data", "better-auth.dont_remember"];

fn every_cookie_is_taken(entry: EntryPoint, reply: &Reply) {
    entry.accepted(reply);
    for name in COOKIES {
        let cookie = reply.cookie(name).unwrap();
        assert!(cookie.expires() && cookie.has("Path=/") && cookie.has("HttpOnly"), "{cookie:?}");
    }
    match entry {
        EntryPoint::Form => assert_eq!(reply.location(), Some("/")),
        EntryPoint::Json => assert_eq!(reply.json(), serde_json::json!({ "success": true })),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_signing_out_ends_the_session_in_the_database() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let mut browser = app.reader(&entry.address("reader")).await;
        let copied = browser.clone();
        let token = browser.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();
        every_cookie_is_taken(entry, &entry.ask(&mut browser, Operation::SignOut, &NOTHING).await);
        assert_eq!(browser.session(), None, "{entry:?}");
        assert_eq!(app.sessions().await, 0, "{entry:?}");
        assert_eq!(
            app.database.rows_of("bookplate_session_records").await,
            Vec::<String>::new(),
            "{entry:?}"
        );
        // A cookie that was copied before opens nothing, nor does a token drawn before.
        assert!(copied.clone().get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        copied.clone().get("/api/auth/token").await.refused(401, "UNAUTHORIZED");
        let mut service = app.script().sending("authorization", &format!("Bearer {token}"));
        service.get("/api/auth/user").await.refused(401, "INVALID_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_without_a_session_is_no_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        every_cookie_is_taken(entry, &entry.ask(&mut app.browser(), Operation::SignOut, &NOTHING).await);
        let mut browser = app.browser();
        browser.keep("better-auth.session_token", "forged.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D");
        every_cookie_is_taken(entry, &entry.ask(&mut browser, Operation::SignOut, &NOTHING).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_keeps_the_readers_other_sessions() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let address = entry.address("reader");
        let mut here = app.reader(&address).await;
        let mut there = app.browser();
        let credentials = Fields::new(&[("password", crate::app::PASSWORD)]).with("email", &address);
        EntryPoint::Json.accepted(&EntryPoint::Json.ask(&mut there, Operation::SignIn, &credentials).await);
        every_cookie_is_taken(entry, &entry.ask(&mut here, Operation::SignOut, &NOTHING).await);
        assert!(there.get("/api/auth/get-session").await.json().is_object(), "{entry:?}");
    }
}
