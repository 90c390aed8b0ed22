//! Large bodies: slow ones, many at once, and what they may hold.

use std::{convert::Infallible, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, header};
use rstest::rstest;
use testkit::databases::{Kind, with_paused_time};
use tokio::{
    sync::mpsc::{self, Sender},
    task::JoinHandle,
    time,
};

use super::{Chat, JSON, assert_problem, call};
use crate::{client::Client, reply::Reply};

const IMPORT: &str = "/api/conversations/import";
const MESSAGES: &str = "/api/conversations/c/messages";
const FILE: &str =
    r#"{"id":"n","mapping":{"m":{"message":{"author":{"role":"user"},"content":{"parts":["x"]}}}}}]"#;
/// More than a small body has.
const LARGE: usize = 100 * 1024;

/// A request whose body is sent piece by piece.
struct Sending {
    pieces: Sender<Bytes>,
    reply: JoinHandle<Reply>,
}

impl Sending {
    fn begin(client: &Client, path: &'static str, length: Option<usize>) -> Self {
        let (pieces, arriving) = mpsc::channel(1);
        let body = stream::unfold(arriving, async |mut arriving: mpsc::Receiver<Bytes>| {
            arriving.recv().await.map(|piece| (Ok::<_, Infallible>(piece), arriving))
        });
        let mut client = client.clone();
        let reply = tokio::spawn(async move {
            let mut request = client.request(Method::POST, path).header(header::CONTENT_TYPE, JSON);
            if let Some(length) = length {
                request = request.header(header::CONTENT_LENGTH, length);
            }
            client.send(request, Body::from_stream(Box::pin(body))).await
        });
        Self { pieces, reply }
    }

    async fn send(&self, piece: impl Into<Bytes>) {
        let _ = self.pieces.send(piece.into()).await;
    }

    /// Waits until what was sent has been read.
    async fn is_read(&self) {
        drop(self.pieces.reserve().await.unwrap());
    }

    async fn finish(self) -> Reply {
        drop(self.pieces);
        self.reply.await.unwrap()
    }
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

#[test]
fn a_large_body_may_take_as_long_as_it_keeps_coming() {
    with_paused_time(Kind::Sqlite, async |database| {
        let chat = Chat::on(database).await;
        // 25 MB in 75 seconds.
        let import = Sending::begin(&chat.ada, IMPORT, None);
        import.send("[").await;
        for _ in 0..25 {
            import.send(spaces(1 << 20)).await;
            time::advance(Duration::from_secs(3)).await;
        }
        import.send(FILE).await;
        let reply = import.finish().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["conversations"][0]["added"], 1);
        // 1 MB in 30 seconds.
        let message = Sending::begin(&chat.bot, MESSAGES, None);
        for _ in 0..30 {
            message.send(spaces(35 * 1024)).await;
            time::advance(Duration::from_secs(1)).await;
        }
        message.send(r#"{"role":"user","content":"x"}"#).await;
        let reply = message.finish().await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    });
}

#[test]
fn security_40_a_body_that_hardly_comes_is_cut_off() {
    with_paused_time(Kind::Sqlite, async |database| {
        let chat = Chat::on(database).await;
        // Byte by byte from the beginning or later, and silent: all have brought too little by then.
        for (path, begin, pause, seconds) in [
            (MESSAGES, 0, 5, 15),
            (MESSAGES, LARGE, 5, 20),
            (MESSAGES, LARGE, 16, 15),
            (IMPORT, 0, 16, 15),
            (IMPORT, LARGE, 16, 15),
        ] {
            let body = Sending::begin(&chat.ada, path, None);
            body.send(spaces(1 + begin)).await;
            body.is_read().await;
            let began = time::Instant::now();
            while !body.reply.is_finished() {
                time::advance(Duration::from_secs(pause)).await;
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                let _ = body.pieces.try_send(Bytes::from_static(b" "));
            }
            let took = began.elapsed().as_secs();
            assert!((seconds..=seconds + 5).contains(&took), "{path} {begin} {pause}: {took}");
            assert_problem(&body.finish().await, 408, "REQUEST_TIMEOUT");
        }
    });
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_9_a_reader_has_one_large_body_at_a_time(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut chat = Chat::on(database).await;
    let held = Sending::begin(&chat.ada, IMPORT, None);
    held.send(format!("[{}", spaces(LARGE))).await;
    held.is_read().await;
    let busy = |reply: &Reply| {
        assert_problem(reply, 503, "SERVICE_BUSY");
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert!(reply.text().contains("this reader is under way"), "{}", reply.text());
    };
    // Whether the length is said before or not; whatever the body is for; however the reader comes.
    for length in [Some(LARGE), None] {
        for path in [IMPORT, MESSAGES] {
            let second = Sending::begin(&chat.bot, path, length);
            second.send(spaces(LARGE)).await;
            busy(&second.finish().await);
        }
    }
    // Small bodies and other readers are not affected.
    let small = call(&mut chat.bot, "POST", MESSAGES, r#"{"role":"user","content":"x"}"#).await;
    assert_eq!(small.status, 201);
    assert_eq!(call(&mut chat.ada, "POST", IMPORT, "[]").await.status, 200);
    let other = call(&mut chat.grace_bot, "POST", IMPORT, &format!("[{}{FILE}", spaces(LARGE))).await;
    assert_eq!(other.status, 200, "{}", other.text());
    held.send(FILE).await;
    assert_eq!(held.finish().await.status, 200);
    let next = call(&mut chat.bot, "POST", IMPORT, &format!("[{}{FILE}", spaces(LARGE))).await;
    assert_eq!(next.status, 200, "{}", next.text());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_says_what_was_taken_in(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut chat = Chat::with(database, &[("BOOKPLATE_MAX_IMPORT_BYTES", "200k")]).await;
    let file = format!("[{}", FILE.replace("}]", "},"));
    let broken = call(&mut chat.bot, "POST", IMPORT, &file).await;
    assert_problem(&broken, 400, "BAD_REQUEST");
    assert!(broken.text().contains("conversations taken in: 1, refused: 0"), "{}", broken.text());
    let long = Sending::begin(&chat.bot, IMPORT, None);
    long.send(format!("{file}{}", spaces(201 * 1024))).await;
    let long = long.finish().await;
    assert_problem(&long, 413, "PAYLOAD_TOO_LARGE");
    assert!(long.text().contains("at most 204800 bytes"), "{}", long.text());
    // Who says so before is refused before anything is taken in.
    let declared = Sending::begin(&chat.grace_bot, IMPORT, Some(201 * 1024));
    declared.send(file).await;
    assert_problem(&declared.finish().await, 413, "PAYLOAD_TOO_LARGE");
    assert_eq!(call(&mut chat.grace_bot, "GET", "/api/conversations/n", "").await.status, 404);
}

#[test]
fn security_11_an_import_ends_with_its_session() {
    with_paused_time(Kind::Sqlite, async |database| {
        let mut chat = Chat::on(database).await;
        let import = Sending::begin(&chat.bot, IMPORT, None);
        import.send("[").await;
        import.is_read().await;
        assert_eq!(chat.ada.json("/api/auth/sign-out", serde_json::json!({})).await.status, 200);
        time::advance(Duration::from_secs(6)).await;
        import.send(FILE).await;
        assert_problem(&import.finish().await, 401, "UNAUTHORIZED");
    });
}
