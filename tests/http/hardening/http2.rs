//! The same limits on HTTP/2 (RFC 9113), with hand-written frames.

use std::time::Duration;

use bookplate::server::ServerLimits;

use super::{LONG, Server, raw_client::Line};
use crate::app::a_database;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
const SHORT: Duration = Duration::from_millis(400);
/// A deadline long enough for a complete header section, on a loaded machine too.
const HEAD: Duration = Duration::from_secs(2);

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET /api/auth/ok` in one frame (RFC 7541, appendix A and section 6.2.2).
fn get(stream: u32, more: &[u8]) -> Vec<u8> {
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x04, "/api/auth/ok"), (0x01, "localhost:3001")] {
        block.extend([name, u8::try_from(value.len()).unwrap()]);
        block.extend(value.as_bytes());
    }
    block.extend(more);
    frame(HEADERS, 0x05, stream, &block)
}

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

async fn next(line: &mut Line) -> Option<Frame> {
    let head = line.take(9).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let payload = line.take(usize::try_from(length).unwrap()).await?;
    Some(Frame { kind: head[3], flags: head[4], stream, payload })
}

async fn open(server: &Server) -> Line {
    let mut line = server.line().await;
    line.send(PREFACE).await;
    line
}

/// The first byte of a stream's response header block; 0x88 is `:status: 200`.
async fn status(line: &mut Line, stream: u32) -> u8 {
    loop {
        let frame = next(line).await.unwrap();
        if frame.kind == HEADERS && frame.stream == stream {
            return frame.payload[0];
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_http2_settings_announce_the_limits() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let mut line = open(&server).await;
    let settings = next(&mut line).await.unwrap();
    assert_eq!((settings.kind, settings.flags), (SETTINGS, 0));
    let said = |wanted: u16| {
        let pairs = settings.payload.chunks(6);
        let mut found = pairs.filter(|it| it[..2] == wanted.to_be_bytes());
        found.next().map(|it| u32::from_be_bytes([it[2], it[3], it[4], it[5]]))
    };
    let (streams, header_list) = (0x3, 0x6);
    assert_eq!((said(streams), said(header_list)), (Some(100), Some(32 * 1024)));
    line.send(get(1, &[])).await;
    assert_eq!(status(&mut line, 1).await, 0x88);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_39_the_http2_header_list_is_limited() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let mut line = open(&server).await;
    // One header of 4096 bytes that goes into the table, and then by one byte each, again and again.
    let mut more = vec![0x40, 0x01, b'x', 0x7f, 0x81, 0x1e];
    more.extend([b'a'; 3968]);
    more.extend([0xbe; 1000]);
    line.send(get(1, &more)).await;
    loop {
        match next(&mut line).await {
            // 431, or no more of it.
            Some(answer) if answer.kind == HEADERS => {
                assert_ne!(answer.payload[0], 0x88, "{answer:?}");
                break;
            }
            Some(Frame { kind: RST_STREAM | GOAWAY, .. }) | None => break,
            Some(_) => {}
        }
    }
    server.answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_an_idle_http2_connection_is_closed() {
    let database = a_database().await;
    let bounds = ServerLimits { head: HEAD, idle: SHORT, grace: SHORT, ..ServerLimits::default() };
    let server = Server::start(database, bounds).await;
    let mut silent = open(&server).await;
    while next(&mut silent).await.is_some() {}
    let mut idle = open(&server).await;
    idle.send(get(1, &[])).await;
    assert_eq!(status(&mut idle, 1).await, 0x88);
    let mut said_so = false;
    while let Some(frame) = next(&mut idle).await {
        said_so |= frame.kind == GOAWAY;
    }
    assert!(said_so, "the client is told that no request is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_pings_do_not_keep_an_http2_connection_open() {
    let database = a_database().await;
    let bounds = ServerLimits {
        head: LONG,
        idle: SHORT,
        exchange: SHORT * 3,
        grace: SHORT,
        ..ServerLimits::default()
    };
    let server = Server::start(database, bounds).await;
    let mut line = open(&server).await;
    line.send(get(1, &[])).await;
    assert_eq!(status(&mut line, 1).await, 0x88);
    let ping = frame(PING, 0, 0, b"keep me.");
    line.send(&ping).await;
    while let Some(frame) = next(&mut line).await {
        if frame.kind == PING {
            line.send(&ping).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_when_full_idle_http2_connections_are_closed() {
    let database = a_database().await;
    let server =
        Server::start(database, ServerLimits { connections: 3, idle: LONG, ..ServerLimits::default() }).await;
    let mut quiet = Vec::new();
    for _ in 0..3 {
        let mut line = open(&server).await;
        line.send(get(1, &[])).await;
        assert_eq!(status(&mut line, 1).await, 0x88);
        quiet.push(line);
    }
    for _ in 0..3 {
        server.answers().await;
    }
    assert_eq!(quiet.len(), 3, "none of them hung up by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_40_rapid_resets_close_the_connection() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let mut line = open(&server).await;
    let cancel = 8_u32.to_be_bytes();
    let pairs = (0..3000).map(|at| at * 2 + 1);
    let flood: Vec<u8> =
        pairs.flat_map(|stream| [get(stream, &[]), frame(RST_STREAM, 0, stream, &cancel)].concat()).collect();
    line.send(flood).await;
    let mut said_so = false;
    while let Some(frame) = next(&mut line).await {
        // ENHANCE_YOUR_CALM
        said_so |= frame.kind == GOAWAY && frame.payload[4..8] == 11_u32.to_be_bytes();
    }
    assert!(said_so, "it is ended for what the client did");
    server.answers().await;
}
