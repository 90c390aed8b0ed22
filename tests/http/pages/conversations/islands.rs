//! Fragments that islands load.

use serde_json::json;

use super::{Talk, dialogue, shown};
use crate::{
    app::{TestApp, a_database},
    fields::Fields,
    page::Page,
};

#[tokio::test(flavor = "multi_thread")]
async fn islands_load_fragments() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Sensors")).await;
    talk.say("c", &dialogue(40)).await;
    let list = "/conversations/-/list";
    let reply = browser.json(list, json!({ "asked": { "q": "" } })).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (200, Some("no-store")));
    assert!(reply.json()["html"].as_str().unwrap().contains("/conversations/c"));
    assert_eq!(reply.json()["note"], "One conversation found.");
    let reply = browser.json(list, json!({ "asked": { "q": "words" } })).await;
    let first = reply.json();
    assert_eq!(first["note"], "More than 20 messages found.");
    let more = Page::read(first["more"].as_str().unwrap());
    let cursor = more.one("a").get("data-cursor").unwrap().to_owned();
    let reply = browser.json(list, json!({ "asked": { "q": "words", "more": cursor, "shown": 40 } })).await;
    let rest = reply.json();
    assert_eq!((rest["note"].as_str(), rest["more"].as_str()), (Some("20 more messages."), Some("")));
    let rest = Page::read(rest["html"].as_str().unwrap());
    assert_eq!(rest.all("li").next().unwrap().get("id"), Some("r21"));
    for (client, note) in [
        (json!(null), "One conversation found."),
        (json!(""), "One conversation found."),
        (json!("robots"), "No conversations found."),
        (json!("\u{0}"), "No conversations found."),
    ] {
        let reply = browser.json(list, json!({ "asked": { "client": client } })).await;
        assert_eq!(reply.json()["note"], note, "{client}");
    }
    let turns = "/conversations/-/turns";
    let reply =
        browser.json(turns, json!({ "asked": { "id": "c", "place": "Before", "message": "m11" } })).await;
    let answered = reply.json();
    assert_eq!(shown(&Page::read(answered["html"].as_str().unwrap())).len(), 10);
    assert_eq!(answered["earlier"], "");
    let reply =
        browser.json(turns, json!({ "asked": { "id": "c", "place": "Only", "message": "m7" } })).await;
    assert_eq!(shown(&Page::read(reply.json()["html"].as_str().unwrap())), ["m7"]);
    // What is refused says so with its status.
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "made-up" } })).await.status, 404);
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "c", "branch": "\u{0}" } })).await.status, 404);
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "c", "place": "Only" } })).await.status, 400);
    assert_eq!(browser.json(turns, json!({ "asked": 7 })).await.status, 400);
    assert_eq!(browser.json(list, json!({ "asked": { "from": "made-up" } })).await.status, 422);
    assert_eq!(browser.form(list, Fields::new(&[("q", "x")])).await.status, 415);
    app.browser().json(list, json!({ "asked": {} })).await.refused(401, "UNAUTHORIZED");
}
