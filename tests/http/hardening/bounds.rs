//! Clients that are slow, silent or idle.

use std::time::Duration;

use bookplate::server::ServerLimits;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{LONG, OK, PATIENCE, Server, raw_client::Line};
use crate::app::a_database;

const SHORT: Duration = Duration::from_millis(400);
/// For a head that has to come whole before its time is over, on a loaded machine too.
const HEAD: Duration = Duration::from_secs(2);

/// No bound but those a test sets.
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
async fn security_40_a_connection_that_never_says_anything_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: SHORT, ..patient() }).await;
    assert!(server.line().await.rest().await.is_empty());
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_head_that_never_ends_is_closed() {
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

/// Sends a byte of `a` again and again until the server hangs up.
async fn trickle(line: &mut Line) {
    while line.is_silent_for(Duration::from_millis(10)).await {
        line.send("a").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_head_that_comes_byte_by_byte_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send("GET / HTTP/1.1\r\nHost: localhost:3001\r\nX: ").await;
    timeout(PATIENCE, trickle(&mut line)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_connection_between_two_requests_is_kept_for_longer_than_a_head_may_take() {
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
async fn security_40_a_connection_without_another_request_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { idle: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
    assert!(line.rest().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_half_of_a_second_head_is_closed() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { head: HEAD, ..patient() }).await;
    let mut line = server.line().await;
    line.send(OK).await;
    assert_eq!(line.answer().await.status, 200);
    line.send("GET /api/auth/ok HTT").await;
    assert!(line.rest().await.is_empty());
}

/// A sign-in of which only the begin of the body has come.
const HALF: &str = "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:3001\r\n\
                    Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{";

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_body_that_stops_coming_is_given_up() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { stall: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(HALF).await;
    assert!(line.rest().await.is_empty());
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_answer_that_nobody_reads_is_given_up() {
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
async fn security_40_an_exchange_that_goes_on_for_ever_is_given_up() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { exchange: SHORT, ..patient() }).await;
    let mut line = server.line().await;
    line.send(HALF).await;
    timeout(PATIENCE, trickle(&mut line)).await.unwrap();
}
