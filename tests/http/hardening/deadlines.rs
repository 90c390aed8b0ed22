//! Slow, silent and idle clients.

use std::time::Duration;

use bookplate::server::ServerLimits;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{LONG, OK, PATIENCE, Server, raw_client::Line, reader::Reader};
use crate::app::a_database;

const SHORT: Duration = Duration::from_millis(400);
/// A deadline long enough for a complete header section, on a loaded machine too.
const HEAD: Duration = Duration::from_secs(2);

/// No limits except those a test sets.
fn patient() -> ServerLimits {
    ServerLimits {
        head: LONG,
        idle: LONG,
        stall: LONG,
        exchange: LONG,
        grace: SHORT,
        ..ServerLimits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_silent_connection_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: SHORT, ..patient() }).await;
    assert!(server.line().await.rest().await.is_empty());
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_endless_header_section_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: SHORT, ..patient() }).await;
    for begin in
        ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost", "\r\n", "PRI * HTTP/2.0\r\n"]
    {
        let mut line = server.line().await;
        line.send(begin).await;
        assert!(line.rest().await.is_empty(), "{begin:?}");
    }
}

/// Sends `a` repeatedly until the server closes the connection.
async fn trickle(line: &mut Line) {
    while line.is_silent_for(Duration::from_millis(10)).await {
        line.send("a").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_byte_by_byte_header_section_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send("GET / HTTP/1.1\r\nHost: localhost:3001\r\nX: ").await;
    timeout(PATIENCE, trickle(&mut line)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_idle_keep_alive_connection_outlives_the_header_deadline() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: HEAD, ..patient() }).await;
    let mut line = server.line().await;
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
    assert!(line.is_silent_for(HEAD * 3 / 2).await, "it is still open");
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_idle_connection_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { idle: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
    assert!(line.rest().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_incomplete_second_header_section_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: HEAD, ..patient() }).await;
    let mut line = server.line().await;
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
    line.send("GET /api/auth/ok HTT").await;
    assert!(line.rest().await.is_empty());
}

/// A sign-in with an incomplete body.
const HALF: &str = "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:3001\r\n\
                    Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{";

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_stalled_body_is_aborted() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { stall: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(HALF).await;
    assert!(line.rest().await.is_empty());
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_unread_response_is_aborted() {
    let database = a_database().await;
    let bounds = ServerLimits { stall: SHORT, idle: SHORT, ..patient() };
    let server = Server::start(database, bounds).await;
    let mut line = Line::narrow(server.address).await;
    let pages = "GET /sign-up HTTP/1.1\r\nHost: localhost:3001\r\n\r\n".repeat(100);
    let cut = async { while line.stream.write_all(pages.as_bytes()).await.is_ok() {} };
    assert!(timeout(PATIENCE * 4, cut).await.is_ok(), "the server hangs up on who does not listen");
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_endless_exchange_is_aborted() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { exchange: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(HALF).await;
    timeout(PATIENCE, trickle(&mut line)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_that_keeps_coming_outlives_the_exchange() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { exchange: HEAD, ..patient() }).await;
    let ada = Reader::on(&server, "ada").await;
    let mut line = server.line().await;
    let file = format!("[{}]", " ".repeat(400_000));
    let head = ada.head("POST", "/api/conversations/import");
    let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", file.len());
    line.send(format!("{head}{kind}")).await;
    let (most, rest) = file.split_at(400_000);
    for piece in most.as_bytes().chunks(100_000) {
        line.send(piece).await;
        assert!(line.is_silent_for(HEAD * 2 / 5).await, "not all of it has been sent");
    }
    line.send(rest).await;
    assert_eq!(line.answer().await.status, 200);
}
