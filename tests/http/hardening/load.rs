//! Very many concurrent clients.

use std::time::Duration;

use bookplate::server::ServerLimits;
use tokio::task::JoinSet;

use super::{LONG, OK, Server};
use crate::app::a_database;

/// How long a waiting client is observed.
const A_WHILE: Duration = Duration::from_millis(500);
const PAGE: &str = "GET /sign-in HTTP/1.1\r\nHost: localhost:3001\r\n\r\n";

fn sign_in(password: &str) -> String {
    let body = format!(r#"{{"email":"ada@example.com","password":"{password}"}}"#);
    let length = body.len();
    format!(
        "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:3001\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_two_hundred_slow_and_two_thousand_idle_clients_delay_nobody() {
    let database = a_database().await;
    // Both ends of every connection are files of this process. No deadline frees anything: who is answered did not
    // have to wait for one.
    let bounds = ServerLimits {
        connections_per_peer: usize::MAX,
        head: LONG,
        idle: LONG,
        stall: LONG,
        ..ServerLimits::of_process()
    };
    let idle = (bounds.connections / 3).min(2000);
    let server = Server::start(database, bounds).await;
    let mut lines = Vec::new();
    for at in 0..idle {
        let mut line = server.line().await;
        if at % 2 == 0 {
            line.send(OK).await;
            assert_eq!(line.answer().await.status, 200, "{at:?}");
        }
        lines.push(line);
    }
    for at in 0..200 {
        let mut line = server.line().await;
        let whole = sign_in("anything at all");
        let some = if at % 2 == 0 { whole.len() - 10 } else { 60 };
        line.send(&whole[..some]).await;
        lines.push(line);
    }
    for _ in 0..20 {
        for request in [OK, PAGE] {
            let mut line = server.line().await;
            line.send(request).await;
            assert_eq!(line.answer().await.status, 200, "{request}");
        }
    }
    assert_eq!(lines.len(), idle + 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_when_full_silent_connections_are_closed() {
    let database = a_database().await;
    let server =
        Server::start(database, ServerLimits { connections: 20, head: LONG, ..ServerLimits::default() })
            .await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut line = server.line().await;
        line.send("GET /").await;
        silent.push(line);
    }
    for _ in 0..15 {
        let mut line = server.line().await;
        line.send(OK).await;
        assert_eq!(line.answer().await.status, 200);
        silent.push(line);
    }
    let first = silent.remove(0);
    assert!(first.rest().await.is_empty(), "the oldest went first");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_when_no_more_fit_the_connection_longest_without_a_request_is_closed() {
    let database = a_database().await;
    let server =
        Server::start(database, ServerLimits { connections: 3, idle: LONG, ..ServerLimits::default() }).await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        let mut line = server.line().await;
        line.send(OK).await;
        assert_eq!(line.answer().await.status, 200);
        lines.push(line);
    }
    // The oldest connection, but the last one to ask.
    lines[0].send(OK).await;
    assert_eq!(lines[0].answer().await.status, 200);
    server.answers().await;
    assert!(lines.remove(1).rest().await.is_empty());
    lines[0].send(OK).await;
    assert_eq!(lines[0].answer().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_one_address_holds_at_most_its_share_of_the_connections() {
    let database = a_database().await;
    let limits = ServerLimits { connections_per_peer: 2, ..ServerLimits::default() };
    let server = Server::start(database, limits).await;
    let whole = sign_in("anything at all");
    let (begin, end) = whole.split_at(whole.len() - 10);
    let first = server.line().await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut line = server.line().await;
        line.send(format!("{OK}{begin}")).await;
        assert_eq!(line.answer().await.status, 200);
        busy.push(line);
    }
    assert!(first.rest().await.is_empty(), "an idle connection of that address makes room");
    server.has_begun(4).await;
    let mut refused = server.line().await;
    refused.send(OK).await;
    assert!(refused.try_answer().await.is_none(), "both have a request under way");
    for line in &mut busy {
        line.send(end).await;
        assert_eq!(line.answer().await.status, 401);
    }
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_a_trusted_proxy_may_hold_all_connections() {
    let database = a_database().await;
    let limits = ServerLimits {
        connections_per_peer: 1,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..ServerLimits::default()
    };
    let server = Server::start(database, limits).await;
    let mut lines = Vec::new();
    for _ in 0..5 {
        lines.push(server.line().await);
    }
    for line in &mut lines {
        line.send(OK).await;
        assert_eq!(line.answer().await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_when_all_are_busy_the_next_client_waits_its_turn() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits { connections: 2, ..ServerLimits::default() }).await;
    let whole = sign_in("anything at all");
    let (begin, end) = whole.split_at(whole.len() - 10);
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut line = server.line().await;
        line.send(format!("{OK}{begin}")).await;
        assert_eq!(line.answer().await.status, 200);
        busy.push(line);
    }
    // Until its second request has been read, a connection is not busy, and would be sent away.
    server.has_begun(4).await;
    let mut next = server.line().await;
    next.send(OK).await;
    assert!(next.is_silent_for(A_WHILE).await, "there is no room");
    let mut done = busy.remove(0);
    done.send(end).await;
    assert_eq!(done.answer().await.status, 401, "nobody busy was sent away");
    assert_eq!(next.answer().await.status, 200, "who has been answered makes room");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_28_while_two_hundred_sign_in_other_requests_are_answered() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let mut under_way = JoinSet::new();
    for _ in 0..200 {
        let mut line = server.line().await;
        line.send(sign_in("not the password")).await;
        under_way.spawn(async move { line.answer().await });
    }
    for path in ["ok", "get-session", "jwks", "ok", "get-session"] {
        let mut line = server.line().await;
        line.send(format!("GET /api/auth/{path} HTTP/1.1\r\nHost: localhost:3001\r\n\r\n")).await;
        assert_eq!(line.answer().await.status, 200, "{path}");
    }
    for answer in under_way.join_all().await {
        match answer.status {
            401 => {}
            429 | 503 => assert!(answer.head.contains("\r\nretry-after: "), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
}
