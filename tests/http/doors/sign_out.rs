//! Sign-out.

use super::{DOORS, Door, Wish};
use crate::{
    app::{TestApp, a_database},
    fields::Fields,
    reply::Reply,
};

const NOTHING: Fields = Fields::new(&[]);
const COOKIES: [&str; 3] =
    ["better-auth.session_token", "better-auth.session_data", "better-auth.dont_remember"];

fn every_cookie_is_taken(door: Door, reply: &Reply) {
    door.accepted(reply);
    for name in COOKIES {
        let cookie = reply.cookie(name).unwrap();
        assert!(cookie.expires() && cookie.has("Path=/") && cookie.has("HttpOnly"), "{cookie:?}");
    }
    match door {
        Door::Form => assert_eq!(reply.location(), Some("/")),
        Door::Json => assert_eq!(reply.json(), serde_json::json!({ "success": true })),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_signing_out_ends_the_session_in_the_database() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let mut browser = app.reader(&door.address("reader")).await;
        let copied = browser.clone();
        let token = browser.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();
        every_cookie_is_taken(door, &door.ask(&mut browser, Wish::SignOut, &NOTHING).await);
        assert_eq!(browser.session(), None, "{door:?}");
        assert_eq!(app.sessions().await, 0, "{door:?}");
        assert_eq!(app.database.rows_of("bookplate_session_records").await, Vec::<String>::new(), "{door:?}");
        // A cookie that was copied before opens nothing, nor does a token drawn before.
        assert!(copied.clone().get("/api/auth/get-session").await.json().is_null(), "{door:?}");
        copied.clone().get("/api/auth/token").await.refused(401, "UNAUTHORIZED");
        let mut service = app.script().sending("authorization", &format!("Bearer {token}"));
        service.get("/api/auth/user").await.refused(401, "INVALID_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_without_a_session_is_no_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        every_cookie_is_taken(door, &door.ask(&mut app.browser(), Wish::SignOut, &NOTHING).await);
        let mut browser = app.browser();
        browser.keep("better-auth.session_token", "forged.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D");
        every_cookie_is_taken(door, &door.ask(&mut browser, Wish::SignOut, &NOTHING).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_sessions_of_the_reader_go_on() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let address = door.address("reader");
        let mut here = app.reader(&address).await;
        let mut there = app.browser();
        let credentials = Fields::new(&[("password", crate::app::PASSWORD)]).with("email", &address);
        Door::Json.accepted(&Door::Json.ask(&mut there, Wish::SignIn, &credentials).await);
        every_cookie_is_taken(door, &door.ask(&mut here, Wish::SignOut, &NOTHING).await);
        assert!(there.get("/api/auth/get-session").await.json().is_object(), "{door:?}");
    }
}
