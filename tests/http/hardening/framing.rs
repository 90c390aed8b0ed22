//! Requests with ambiguous framing (request smuggling).

use bookplate::server::ServerLimits;

use super::{OK, Server};
use crate::app::a_database;

/// Headers of a POST whose body is empty by its chunks and not by its length.
const AMBIGUOUS: &[&str] = &[
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Transfer-Encoding: chunked\r\nContent-Length: nonsense",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nContent-Length: nonsense",
    "Content-Length: 5, 6",
    "Content-Length: 5, 5",
    "Content-Length: +5",
    "Content-Length: -5",
    "Content-Length: 0x5",
    "Content-Length: 5 5",
    "Content-Length:",
    "Content-Length: 99999999999999999999999",
    "Content-Length: 18446744073709551615",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding\x0b: chunked",
    " Transfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\r\n\tfolded\r\nContent-Length: 5",
    "X: y\rTransfer-Encoding: chunked",
];

/// Sends bytes followed by a second request, which must never be processed.
async fn is_the_last(server: &Server, request: &str) {
    let mut line = server.line().await;
    line.send(format!("{request}{OK}")).await;
    let told = String::from_utf8(line.rest().await).unwrap();
    assert!(told.matches("HTTP/1.1 ").count() <= 1, "{request:?}: {told}");
    assert!(!told.contains("\"ok\":true"), "{request:?}: {told}");
    let status = told.split(' ').nth(1).unwrap_or("400");
    assert!(status.starts_with('4'), "{request:?}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_ambiguous_framing_closes_the_connection() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    for headers in AMBIGUOUS {
        for path in ["/api/auth/sign-in/email", "/sign-in", "/api/auth/nothing"] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: localhost:3001\r\n{headers}\r\n\r\n");
            is_the_last(&server, &format!("{head}0\r\n\r\n")).await;
        }
    }
    is_the_last(
        &server,
        "POST /sign-in HTTP/1.0\r\nHost: localhost:3001\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_a_malformed_chunk_closes_the_connection() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let chunks = [
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}}\r\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "g\r\n{}\r\n0\r\n\r\n",
    ];
    for chunks in chunks {
        let head = "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost:3001\r\n\
                    Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        is_the_last(&server, &format!("{head}{chunks}")).await;
    }
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_a_malformed_header_section_closes_the_connection() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let heads = [
        "GET /api/auth/session HTTP/1.1\r\nHost: localhost:3001\r\nno colon\r\n\r\n",
        "GET /api/auth/session HTTP/1.1\r\nHost: localhost:3001\r\n: no name\r\n\r\n",
        "GET /api/auth/session HTTP/1.1\r\nHost: localhost:3001\r\nna me: x\r\n\r\n",
        "GET /api/auth/session HTTP/1.1\r\nHost: localhost:3001\r\nname: \0\r\n\r\n",
        "GET /api/auth/session HTTP/1.1\r\nHost: localhost\r\n\t:3001\r\n\r\n",
        "GET  /api/auth/session HTTP/1.1\r\nHost: localhost:3001\r\n\r\n",
        "GET /api/auth/session  HTTP/1.1\r\nHost: localhost:3001\r\n\r\n",
        "GET /api/auth/session HTTP/1.1 \r\nHost: localhost:3001\r\n\r\n",
        "GET /api/auth/session\r\nHost: localhost:3001\r\n\r\n",
        "GET\t/api/auth/session\tHTTP/1.1\r\nHost: localhost:3001\r\n\r\n",
        "GET /api/auth/session HTTP/1.1\rHost: localhost:3001\r\n\r\n",
    ];
    for head in heads {
        is_the_last(&server, head).await;
    }
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_two_hosts_are_refused_on_the_wire() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    for hosts in [
        "Host: localhost:3001\r\nHost: evil.example",
        "Host: localhost:3001\r\nHost: localhost:3001",
        "Host: localhost:3001, evil.example",
        "X: y",
    ] {
        for path in ["/", "/api/auth/ok", "http://localhost:3001/api/auth/ok"] {
            let mut line = server.line().await;
            line.send(format!("GET {path} HTTP/1.1\r\n{hosts}\r\n\r\n")).await;
            let answer = line.answer().await;
            // A target that is a whole address says the host itself, but HTTP/1.1 wants it twice (RFC 9112 section 3.2).
            let may_pass = hosts == "X: y" && path.starts_with("http:");
            assert!(answer.status == 400 || may_pass, "{hosts:?} {path}: {answer:?}");
        }
    }
}

/// A bare line feed ends a line, as RFC 9112 section 2.2 allows, so headers after it are seen.
#[tokio::test(flavor = "multi_thread")]
async fn security_39_a_bare_line_feed_hides_no_header() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    for hidden in [
        "X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nX: y\nContent-Length: 0",
        "X: y\nHost: evil.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    ] {
        let head = format!("POST /sign-in HTTP/1.1\r\nHost: localhost:3001\r\n{hidden}\r\n\r\n");
        is_the_last(&server, &format!("{head}0\r\n\r\n")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_the_header_section_is_limited() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let long = "a".repeat(40 * 1024);
    let many = "X: y\r\n".repeat(120);
    for head in [
        format!("GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\nX: {long}\r\n\r\n"),
        format!("GET /api/auth/ok?{long} HTTP/1.1\r\nHost: localhost:3001\r\n\r\n"),
        format!("GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\n{many}\r\n"),
        format!("GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\nX: {long}"),
    ] {
        let mut line = server.line().await;
        line.send(&head).await;
        let told = String::from_utf8(line.rest().await).unwrap();
        // A server that hangs up on bytes it has not read may take its last words along.
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 431 "), "{told}");
    }
    let fitting = "a".repeat(16 * 1024);
    let mut line = server.line().await;
    line.send(format!("GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\nX: {fitting}\r\n\r\n")).await;
    assert_eq!(line.answer().await.status, 200);
}
