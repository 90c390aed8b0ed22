//! The list of sessions.

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::Client,
    fields::Fields,
};

async fn two(app: &TestApp, email: &str) -> (Client, Client) {
    let here = app.reader(email).await;
    let mut there =
        app.browser().sending("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0").at("2001:db8::7");
    let credentials = Fields::new(&[("password", PASSWORD)]).with("email", email);
    EntryPoint::Json.accepted(&EntryPoint::Json.ask(&mut there, Operation::SignIn, &credentials).await);
    (here, there)
}

async fn lives(client: &Client) -> bool {
    client.clone().get("/api/auth/get-session").await.json().is_object()
}

/// What the entry calls a session by, as it stands on the page or in the list.
async fn named(client: &Client) -> Fields {
    let session = client.clone().get("/api/auth/get-session").await.json()["session"].clone();
    let id = session["id"].as_str().unwrap();
    Fields::new(&[]).with("session", id).with("token", id)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_by_form_and_json_one_session_or_all_others_can_be_ended() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        for wish in [Operation::EndSession, Operation::EndOtherSessions] {
            let (mut here, there) = two(&app, &entry.address(&format!("{wish:?}"))).await;
            let reply = entry.ask(&mut here, wish, &named(&there).await).await;
            entry.accepted(&reply);
            assert!(reply.cookies().is_empty() && lives(&here).await && !lives(&there).await, "{entry:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_ending_the_current_session_signs_out() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let (mut here, there) = two(&app, &entry.address("reader")).await;
        let before = here.clone();
        let own = named(&here).await;
        let reply = entry.ask(&mut here, Operation::EndSession, &own).await;
        entry.accepted(&reply);
        assert!(reply.cookie("better-auth.session_token").unwrap().expires(), "{entry:?}");
        assert!(!lives(&before).await && lives(&there).await, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_another_users_session_is_left_alone() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let grace = app.reader("grace@example.com").await;
    for entry in ENTRY_POINTS {
        let mut reader = app.reader(&entry.address("reader")).await;
        let mut answers = Vec::new();
        for fields in [named(&grace).await, Fields::new(&[("session", "x"), ("token", "x")])] {
            let reply = entry.ask(&mut reader, Operation::EndSession, &fields).await;
            entry.accepted(&reply);
            answers.push((reply.status, reply.headers, reply.body));
        }
        assert_eq!(answers[0], answers[1], "{entry:?}");
        assert!(lives(&grace).await && lives(&reader).await, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_the_page_shows_only_public_handles_of_sessions() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let (mut here, mut there) = two(&app, "ada@example.com").await;
    let reply = here.get("/account/sessions").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for client in [&here, &there] {
        let cookie = client.session().unwrap();
        assert!(!reply.text().contains(cookie), "{cookie}");
        let signature = cookie.split_once('.').unwrap().1;
        assert!(!reply.text().contains(signature));
    }
    let page = reply.page();
    assert!(page.one("main").text.contains("2001:db8::7") && page.one("main").text.contains("Firefox"));
    // What the page offers for the other browser ends it.
    let own = here.get("/api/auth/get-session").await.json()["session"]["id"].clone();
    let offered = page.all("input").filter(|it| it.get("name") == Some("session"));
    let other = offered.filter_map(|it| it.get("value")).find(|value| own != **value).unwrap();
    here.form("/account/sessions/end", Fields::new(&[]).with("session", other)).await;
    assert!(there.get("/api/auth/get-session").await.json().is_null());
    assert!(here.get("/api/auth/get-session").await.json().is_object());
}
