//! Graceful shutdown.

use std::time::Duration;

use bookplate::server::ServerLimits;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{LONG, OK, PATIENCE, Server};
use crate::app::a_database;

const BEGIN: &str = "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:3001\r\n\
                     Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_progress_is_answered_before_shutdown() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { grace: LONG, ..ServerLimits::default() }).await;
    let address = server.address;
    let mut line = server.line().await;
    line.send(format!("{OK}{BEGIN}")).await;
    assert_eq!(line.answer().await.status, 200);
    // Half a head is no request, and would be cut off.
    server.has_begun(2).await;
    let stopping = tokio::spawn(server.stopped());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    line.send("}").await;
    let answer = line.answer().await;
    assert_eq!(answer.status, 400, "it was read to its end, and judged");
    // Not whether the answer says so: it may have been ready before its connection heard of the end.
    assert!(line.rest().await.is_empty(), "closed after the answer");
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_request_does_not_delay_shutdown() {
    let database = a_database().await;
    let grace = Duration::from_millis(200);
    let server = Server::start(database, ServerLimits { grace, ..ServerLimits::default() }).await;
    let mut line = server.line().await;
    line.send(format!("{OK}{BEGIN}")).await;
    assert_eq!(line.answer().await.status, 200);
    server.has_begun(2).await;
    let begun = Instant::now();
    timeout(PATIENCE, server.stopped()).await.unwrap();
    assert!(begun.elapsed() >= grace, "{:?}", begun.elapsed());
    assert!(line.rest().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_idle_clients_do_not_delay_shutdown() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { grace: LONG, ..ServerLimits::default() }).await;
    let silent = server.line().await;
    let mut idle = server.line().await;
    idle.send(OK).await;
    assert_eq!(idle.answer().await.status, 200);
    timeout(PATIENCE, server.stopped()).await.unwrap();
    assert!(silent.rest().await.is_empty() && idle.rest().await.is_empty());
}
