//! Where the reader is signed in.

use super::{DOORS, Door, Wish};
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
    Door::Json.accepted(&Door::Json.ask(&mut there, Wish::SignIn, &credentials).await);
    (here, there)
}

async fn lives(client: &Client) -> bool {
    client.clone().get("/api/auth/get-session").await.json().is_object()
}

/// What the door calls a session by, as it stands on the page or in the list.
async fn named(client: &Client) -> Fields {
    let session = client.clone().get("/api/auth/get-session").await.json()["session"].clone();
    let id = session["id"].as_str().unwrap();
    Fields::new(&[]).with("session", id).with("token", id)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_by_either_door_one_session_or_every_other_is_ended() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        for wish in [Wish::EndSession, Wish::EndOtherSessions] {
            let (mut here, there) = two(&app, &door.address(&format!("{wish:?}"))).await;
            let reply = door.ask(&mut here, wish, &named(&there).await).await;
            door.accepted(&reply);
            assert!(reply.cookies().is_empty() && lives(&here).await && !lives(&there).await, "{door:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_ending_this_session_is_a_sign_out() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let (mut here, there) = two(&app, &door.address("reader")).await;
        let before = here.clone();
        let own = named(&here).await;
        let reply = door.ask(&mut here, Wish::EndSession, &own).await;
        door.accepted(&reply);
        assert!(reply.cookie("better-auth.session_token").unwrap().expires(), "{door:?}");
        assert!(!lives(&before).await && lives(&there).await, "{door:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_a_session_of_somebody_else_goes_on() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let grace = app.reader("grace@example.com").await;
    for door in DOORS {
        let mut reader = app.reader(&door.address("reader")).await;
        let mut answers = Vec::new();
        for fields in [named(&grace).await, Fields::new(&[("session", "x"), ("token", "x")])] {
            let reply = door.ask(&mut reader, Wish::EndSession, &fields).await;
            door.accepted(&reply);
            answers.push((reply.status, reply.headers, reply.body));
        }
        assert_eq!(answers[0], answers[1], "{door:?}");
        assert!(lives(&grace).await && lives(&reader).await, "{door:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_the_page_shows_no_more_than_is_needed_to_end_a_session() {
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
