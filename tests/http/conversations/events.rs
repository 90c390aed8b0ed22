//! What happens to a conversation, as it happens.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{databases::TestDatabase, on_each_database};
use tokio::time::sleep;

use super::{Chat, assert_headers, assert_problem, call, call_json, fields};

on_each_database!(
    a_stream_tells_what_happens_until_the_conversation_is_deleted,
    a_stream_goes_on_where_it_was_cut_off,
    security_36_text_with_line_breaks_stays_inside_its_event,
    a_place_to_go_on_from_is_a_number,
);

const EVENTS: &str = "/api/conversations/c/events";
const MESSAGES: &str = "/api/conversations/c/messages";

/// The events of a stream that has ended: name, id, and data.
fn events(text: &str) -> Vec<(String, Option<i64>, Value)> {
    let mut events: Vec<(String, Option<i64>, Value)> = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        // An event without an id leaves the last one as it was.
        let last = events.last().and_then(|(_, id, _)| *id);
        let (mut name, mut id, mut data) = (String::new(), last, Vec::new());
        for line in block.lines().filter(|line| !line.starts_with(':')) {
            let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} in {block}"));
            match field {
                "event" => value.clone_into(&mut name),
                "id" => id = Some(value.parse().unwrap()),
                "data" => data.push(value),
                "retry" => assert!(value.parse::<u32>().is_ok()),
                other => panic!("{other} in {block}"),
            }
        }
        events.push((name, id, serde_json::from_str(&data.join("\n")).unwrap()));
    }
    events
}

async fn a_stream_tells_what_happens_until_the_conversation_is_deleted(database: TestDatabase) {
    let mut chat = Chat::on(database).await;
    let (mut bot, mut ada) = (chat.bot.clone(), chat.ada.clone());
    let doing = async {
        sleep(Duration::from_millis(300)).await;
        let answer = json!({ "content": "paper and ink", "status": "complete" });
        call_json(&mut bot, "PATCH", "/api/conversations/c/messages/m", answer).await;
        sleep(Duration::from_millis(300)).await;
        call_json(&mut bot, "PATCH", "/api/conversations/c", json!({ "title": "T" })).await;
        sleep(Duration::from_millis(300)).await;
        call(&mut bot, "DELETE", "/api/conversations/c", "").await;
    };
    let (by_token, by_cookie, ()) = tokio::join!(chat.bot.get(EVENTS), ada.get(EVENTS), doing);
    for reply in [&by_token, &by_cookie] {
        assert_eq!(reply.status, 200);
        assert_headers(reply);
        assert_eq!(reply.header("content-type"), Some("text/event-stream"));
        assert_eq!(reply.header("x-accel-buffering"), Some("no"));
        assert!(reply.text().starts_with("retry: 1000\nid: 1\nevent: ready\ndata: {\"revision\":1}\n\n"));
        let events = events(reply.text());
        let told: Vec<_> = events.iter().map(|(name, id, _)| (name.as_str(), id.unwrap())).collect();
        assert_eq!(told, [("ready", 1), ("message", 2), ("conversation", 3), ("deleted", 3)]);
        assert_eq!(events[1].2["parts"][0]["text"], "paper and ink");
        assert_eq!((&events[2].2["title"], &events[3].2), (&json!("T"), &json!({})));
    }
    assert_problem(&chat.bot.get(EVENTS).await, 404, "CONVERSATION_NOT_FOUND");
}

async fn a_stream_goes_on_where_it_was_cut_off(database: TestDatabase) {
    let mut chat = Chat::on(database).await;
    for at in 2..=4 {
        let message = json!({ "id": format!("m{at}"), "role": "user", "content": "x" });
        call_json(&mut chat.bot, "POST", MESSAGES, message).await;
    }
    let by_header = |id: &str| (chat.bot.clone().sending("last-event-id", id), EVENTS.to_owned());
    let streams = [
        (by_header("2"), vec![("ready", 2), ("conversation", 2), ("message", 3), ("message", 4)]),
        (by_header(" 4 "), vec![("ready", 4)]),
        (
            (chat.ada.clone(), format!("{EVENTS}?after=3")),
            vec![("ready", 3), ("conversation", 3), ("message", 4)],
        ),
        // What comes back by itself knows better than the address it began with.
        ((chat.ada.clone().sending("last-event-id", "4"), format!("{EVENTS}?after=0")), vec![("ready", 4)]),
        ((chat.bot.clone(), format!("{EVENTS}?after=99")), vec![("ready", 4)]),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for ((mut client, path), expected) in streams {
        tasks.spawn(async move { (client.get(&path).await, expected) });
    }
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/c", "").await.status, 204);
    for (reply, mut expected) in tasks.join_all().await {
        let events = events(reply.text());
        let told: Vec<_> = events.iter().map(|(name, id, _)| (name.as_str(), id.unwrap())).collect();
        expected.push(("deleted", 4));
        assert_eq!(told, expected);
    }
}

async fn security_36_text_with_line_breaks_stays_inside_its_event(database: TestDatabase) {
    let mut chat = Chat::on(database).await;
    let text = "one\n\nevent: deleted\ndata: {}\n\r\u{2028}two";
    let body = format!(
        "{{\"id\":\"n\",\"role\":\"user\",\"parts\":[\n\n {{\"type\":\"text\",\r\n\"text\":{}}}\n\n],\"raw\":{{\r\r\"a\":\n\n1}}}}",
        json!(text)
    );
    let reply = call(&mut chat.bot, "POST", MESSAGES, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let mut bot = chat.bot.clone();
    let deleting = async {
        sleep(Duration::from_millis(500)).await;
        call(&mut bot, "DELETE", "/api/conversations/c", "").await;
    };
    let path = format!("{EVENTS}?after=1");
    let (reply, _) = tokio::join!(chat.bot.get(&path), deleting);
    let events = events(reply.text());
    let told: Vec<_> = events.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(told, ["ready", "conversation", "message", "deleted"], "{}", reply.text());
    assert_eq!(events[2].2["parts"][0]["text"], text);
    assert_eq!(events[2].2["raw"], json!({ "a": 1 }));
}

async fn a_place_to_go_on_from_is_a_number(database: TestDatabase) {
    let mut chat = Chat::on(database).await;
    for wrong in ["x", "-1", "1.5", "", "99999999999999999999"] {
        let mut bot = chat.bot.clone().sending("last-event-id", wrong);
        let reply = bot.get(EVENTS).await;
        assert_problem(&reply, 422, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), ["Last-Event-ID"], "{wrong:?}");
        let reply = chat.bot.get(&format!("{EVENTS}?after={wrong}")).await;
        assert_problem(&reply, 422, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), ["after"], "{wrong:?}");
    }
}
