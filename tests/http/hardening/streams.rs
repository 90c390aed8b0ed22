//! Event streams: how many, and of clients that do not read them.

use std::time::Duration;

use bookplate::server::ServerLimits;
use tokio::time::{sleep, timeout};

use super::{LONG, PATIENCE, Server, raw_client::Line, reader::Reader};
use crate::app::a_database;

/// How long a client may leave an event stream unread.
const UNREAD: Duration = Duration::from_millis(400);
/// A stream holds less than so many bytes for a client that does not read.
const HELD: usize = 100_000;

fn unhurried() -> ServerLimits {
    ServerLimits { idle: LONG, stall: LONG, exchange: LONG, ..ServerLimits::default() }
}

/// Everything from the beginning.
const ALL: &str = "?after=0";
/// What comes from now on.
const NEW: &str = "";

/// Opens a stream and waits for the head of the response.
async fn open(mut line: Line, reader: &Reader, query: &str) -> (Line, String) {
    line.send(reader.request("GET", &format!("/api/conversations/c/events{query}"), "")).await;
    let head = line.head().await.unwrap();
    (line, head)
}

/// Opens a stream as soon as there is a place for it.
async fn open_when_possible(server: &Server, reader: &Reader) -> Line {
    let opened = async {
        loop {
            let (line, head) = open(server.line().await, reader, NEW).await;
            if head.starts_with("HTTP/1.1 200") {
                return line;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, opened).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_reader_has_ten_event_streams_and_others_are_answered() {
    let database = a_database().await;
    let server = Server::start(database, unhurried()).await;
    let (ada, grace) = (Reader::on(&server, "ada").await, Reader::on(&server, "grace").await);
    let mut streams = Vec::new();
    for _ in 0..10 {
        let (line, head) = open(server.line().await, &ada, ALL).await;
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        streams.push(line);
    }
    let mut line = server.line().await;
    line.send(ada.request("GET", "/api/conversations/c/events", "")).await;
    let refused = line.answer().await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: 15"), "{}", refused.head);
    assert!(refused.body.contains("\"code\":\"TOO_MANY_REQUESTS\""), "{}", refused.body);
    assert!(open(server.line().await, &grace, NEW).await.1.starts_with("HTTP/1.1 200"));
    timeout(Duration::from_secs(1), server.answers()).await.unwrap();
    // A client that goes away gives its place back.
    streams.pop();
    open_when_possible(&server, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_event_stream_that_is_not_read_is_ended() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { unread: UNREAD, ..unhurried() }).await;
    let ada = Reader::on(&server, "ada").await;
    for _ in 0..20 {
        ada.writes(&server, 120_000).await;
    }
    let mut unread = Vec::new();
    for _ in 0..10 {
        unread.push(open(Line::narrow(server.address).await, &ada, ALL).await.0);
    }
    // All their places are free again when they are ended, whoever still holds the other ends.
    let mut others = Vec::new();
    for _ in 0..10 {
        others.push(open_when_possible(&server, &ada).await);
    }
    for line in unread {
        let came = line.rest().await.len();
        assert!(came < HELD, "{came} bytes were held for a client that did not read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_is_read_brings_everything() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { unread: UNREAD, ..unhurried() }).await;
    let ada = Reader::on(&server, "ada").await;
    for _ in 0..20 {
        ada.writes(&server, 120_000).await;
    }
    let (mut line, head) = open(Line::narrow(server.address).await, &ada, ALL).await;
    assert!(
        head.contains("connection: close"),
        "a connection with a small buffer carries nothing else: {head}"
    );
    assert!(line.take(20 * 120_000).await.is_some());
    // With nothing to read, it stays open for longer than it may be left unread.
    timeout(PATIENCE, async { while !line.is_silent_for(UNREAD * 2).await {} }).await.unwrap();
    ada.writes(&server, 10).await;
    assert!(line.read().await, "the next event comes");
}
