//! Event streams of a conversation.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::databases::{Kind, with_paused_time};
use tokio::time;

use super::{Chat, assert_headers, assert_problem, call, call_json, fields};
use crate::reply::{Event, Events};

const EVENTS: &str = "/api/conversations/c/events";
const MESSAGES: &str = "/api/conversations/c/messages";
const SIGN_OUT: &str = "/api/auth/sign-out";
/// The lifetime of tokens.
const TOKEN_SECONDS: i64 = 900;

/// Name and id of each event.
fn places(events: &[Event]) -> Vec<(&str, i64)> {
    events.iter().map(Event::place).collect()
}

async fn deletes(chat: &mut Chat) {
    assert_eq!(call(&mut chat.bot, "DELETE", "/api/conversations/c", "").await.status, 204);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_sends_changes_until_the_conversation_is_deleted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let mut streams = [chat.bot.clone().open(EVENTS).await, chat.ada.clone().open(EVENTS).await];
    for (reply, events) in &mut streams {
        assert_eq!(reply.status, 200);
        assert_headers(reply);
        assert_eq!(reply.header("content-type"), Some("text/event-stream"));
        assert_eq!(reply.header("x-accel-buffering"), Some("no"));
        let ready = events.next().await.unwrap();
        assert_eq!((ready.place(), ready.data()), (("ready", 1), &json!({ "revision": 1 })));
    }
    let answer = json!({ "content": "paper and ink", "status": "complete" });
    call_json(&mut chat.bot, "PATCH", "/api/conversations/c/messages/m", answer).await;
    for (_, events) in &mut streams {
        let message = events.next().await.unwrap();
        assert_eq!((message.place(), &message.data()["id"]), (("message", 2), &json!("m")));
        assert_eq!(message.data()["parts"][0]["text"], "paper and ink");
    }
    call_json(&mut chat.bot, "PATCH", "/api/conversations/c", json!({ "title": "T" })).await;
    for (_, events) in &mut streams {
        let conversation = events.next().await.unwrap();
        assert_eq!((conversation.place(), &conversation.data()["title"]), (("conversation", 3), &json!("T")));
    }
    deletes(&mut chat).await;
    for (_, events) in &mut streams {
        let deleted = events.next().await.unwrap();
        assert_eq!((deleted.place(), deleted.data()), (("deleted", 3), &json!({})));
        assert_eq!(events.next().await, None);
    }
    assert_problem(&chat.bot.get(EVENTS).await, 404, "CONVERSATION_NOT_FOUND");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes_after_an_interruption(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
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
    let mut open = Vec::new();
    for ((mut client, path), expected) in streams {
        let (_, mut events) = client.open(&path).await;
        assert_eq!(places(&events.some(expected.len()).await), expected, "{path}");
        open.push(events);
    }
    deletes(&mut chat).await;
    for mut events in open {
        assert_eq!(places(&events.some(1).await), [("deleted", 4)]);
        assert_eq!(events.next().await, None);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_text_with_line_breaks_stays_inside_its_event(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let text = "one\n\nevent: deleted\ndata: {}\n\r\u{2028}two";
    let body = format!(
        "{{\"id\":\"n\",\"role\":\"user\",\"parts\":[\n\n {{\"type\":\"text\",\r\n\"text\":{}}}\n\n],\"raw\":{{\r\r\"a\":\n\n1}}}}",
        json!(text)
    );
    let reply = call(&mut chat.bot, "POST", MESSAGES, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let (_, mut stream) = chat.bot.open(&format!("{EVENTS}?after=1")).await;
    let events = stream.some(3).await;
    assert_eq!(places(&events), [("ready", 1), ("conversation", 1), ("message", 2)]);
    assert_eq!(events[2].data()["parts"][0]["text"], text);
    assert_eq!(events[2].data()["raw"], json!({ "a": 1 }));
    deletes(&mut chat).await;
    assert_eq!(places(&stream.some(1).await), [("deleted", 2)]);
}

/// The next event after the clock has moved by one heartbeat.
async fn beat(events: &mut Events) -> Option<Event> {
    time::advance(Duration::from_secs(15)).await;
    events.next().await
}

#[test]
fn a_stream_sends_heartbeats_and_ends_after_some_minutes() {
    with_paused_time(Kind::Sqlite, async |database| {
        let mut chat = Chat::on(database).await;
        let (_, mut events) = chat.ada.open(EVENTS).await;
        assert_eq!(places(&events.some(1).await), [("ready", 1)]);
        for _ in 0..17 {
            assert_eq!(beat(&mut events).await, Some(Event::SignOfLife));
        }
        assert_eq!(beat(&mut events).await, None, "after 270 seconds");
    });
}

#[test]
fn a_stream_ends_with_its_token() {
    with_paused_time(Kind::Sqlite, async |database| {
        let mut chat = Chat::on(database).await;
        chat.app.ports.clock.advance_seconds(TOKEN_SECONDS - 40);
        let (_, mut events) = chat.bot.open(EVENTS).await;
        assert_eq!(places(&events.some(1).await), [("ready", 1)]);
        assert_eq!(beat(&mut events).await, Some(Event::SignOfLife));
        assert_eq!(beat(&mut events).await, Some(Event::SignOfLife));
        assert_eq!(beat(&mut events).await, None);
    });
}

#[test]
fn a_stream_ends_with_its_session() {
    with_paused_time(Kind::Sqlite, async |database| {
        let mut chat = Chat::on(database).await;
        let (_, mut by_token) = chat.bot.open(EVENTS).await;
        let (_, mut by_cookie) = chat.ada.open(EVENTS).await;
        assert_eq!(places(&by_token.some(1).await), [("ready", 1)]);
        assert_eq!(places(&by_cookie.some(1).await), [("ready", 1)]);
        assert_eq!(chat.grace.json(SIGN_OUT, json!({})).await.status, 200);
        assert_eq!(beat(&mut by_token).await, Some(Event::SignOfLife), "somebody else has left");
        assert_eq!(by_cookie.next().await, Some(Event::SignOfLife));
        assert_eq!(chat.ada.json(SIGN_OUT, json!({})).await.status, 200);
        assert_eq!(beat(&mut by_token).await, None);
        assert_eq!(by_cookie.next().await, None);
    });
}

/// Not even earlier events that were not read yet.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_stream_ends_after_signing_out(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let after_all = format!("{EVENTS}?after=0");
    let (_, mut by_token) = chat.bot.open(&after_all).await;
    let (_, mut by_cookie) = chat.ada.open(&after_all).await;
    let (_, mut stays) = chat.ada.open(&after_all).await;
    for events in [&mut by_token, &mut by_cookie, &mut stays] {
        assert_eq!(places(&events.some(1).await), [("ready", 0)]);
    }
    assert!(matches!(stays.next().await, Some(Event::Told { .. })));
    assert_eq!(chat.ada.json(SIGN_OUT, json!({})).await.status, 200);
    assert_eq!(by_token.next().await, None);
    assert_eq!(by_cookie.next().await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_resume_position_must_be_a_number(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
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
