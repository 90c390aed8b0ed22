//! Many concurrent event streams: memory of each, and latency of events.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{sleep, timeout},
};

use crate::{
    http_connection::{HttpConnection, request},
    load::{self, percentile},
    readers::{Reader, Readers},
    scenario::{Place, Scenario},
    server::Server,
    usage::{self, Memory},
    vocabulary::{Rng, Vocabulary},
};

/// Number of streams that receive an event.
const TOLD: usize = 100;
/// Streams that the server lets one reader have.
const MAX_OF_READER: usize = 10;
/// Prefix of the messages that streams should receive.
const MARK: &str = "mark-";
/// Pause before memory is measured, until pending work is done.
const SETTLE: Duration = Duration::from_secs(2);
/// Duration of the idle measurement.
const IDLE: Duration = Duration::from_secs(5);

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Streams {
    pub(crate) database: &'static str,
    pub(crate) messages: u64,
    pub(crate) streams: usize,
    /// The server's memory with no stream, with the first fifth, and with all.
    pub(crate) before: Memory,
    pub(crate) early: Memory,
    pub(crate) after: Memory,
    /// CPU milliseconds per second while idle.
    pub(crate) idle: f64,
    /// Milliseconds from sending a message to receiving its event.
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Streams {
    /// Bytes per stream in this kind of memory: over all streams, and over the last four fifths.
    pub(crate) fn each(&self, part: impl Fn(&Memory) -> u64) -> (f64, f64) {
        let [before, early, after] =
            [&self.before, &self.early, &self.after].map(|memory| part(memory) as f64);
        let first = early_ones(self.streams);
        (
            (after - before) / self.streams.max(1) as f64,
            (after - early) / (self.streams - first).max(1) as f64,
        )
    }
}

/// Number of streams opened first, which pay the one-time costs.
fn early_ones(streams: usize) -> usize {
    streams / 5
}

/// A received event: its marker and time.
type Received = (String, Instant);

/// Opens this many streams at a fresh server, as far as its readers may have them, and sends events to some of them.
pub(crate) async fn measure(
    server: &Server,
    readers: &Readers,
    count: usize,
    vocabulary: &Vocabulary,
    (database, messages): (&'static str, u64),
) -> Result<Streams> {
    let pid = server.program.pid();
    let count = count.min(readers.usual.len() * MAX_OF_READER);
    warm_up(server, readers, vocabulary).await?;
    let before = usage::memory(pid)?;
    let (sender, mut received) = mpsc::unbounded_channel();
    let first = early_ones(count);
    open(server, readers, 0..first, &sender).await?;
    sleep(SETTLE).await;
    let early = usage::memory(pid)?;
    open(server, readers, first..count, &sender).await?;
    sleep(SETTLE).await;
    let after = usage::memory(pid)?;
    let idle_before = usage::of_process(pid)?;
    sleep(IDLE).await;
    let idle = (usage::of_process(pid)? - idle_before).as_secs_f64() * 1000.0 / IDLE.as_secs_f64();
    let latencies = tell(server, readers, count, vocabulary, &mut received).await?;
    Ok(Streams {
        database,
        messages,
        streams: count,
        before,
        early,
        after,
        idle,
        p50: percentile(&latencies, 50.0),
        p95: percentile(&latencies, 95.0),
        p99: percentile(&latencies, 99.0),
    })
}

/// Uses every database connection as streams will, so that its memory is not attributed to streams.
async fn warm_up(server: &Server, readers: &Readers, vocabulary: &Vocabulary) -> Result<()> {
    let place = Place { prefix: "/api", host: &server.host, readers: &readers.usual, heavy: &readers.heavy };
    for scenario in [Scenario::Read, Scenario::Append] {
        let requests = scenario.prepare(place, vocabulary);
        let times = (Duration::ZERO, Duration::from_secs(3));
        let (outcome, (), ()) = load::window(server.address, &requests, 64, times, || Ok(())).await?;
        if let Some(error) = outcome.first_error {
            bail!("before the streams: {error}");
        }
    }
    sleep(SETTLE).await;
    Ok(())
}

/// The reader and conversation of a stream; distinct conversations as long as there are enough.
fn place(readers: &Readers, at: usize) -> Result<(&Reader, String)> {
    let reader = readers.usual.get(at % readers.usual.len()).context("nobody")?;
    let conversation = reader.conversations.get(at / readers.usual.len() % reader.conversations.len());
    Ok((reader, conversation.context("no conversation")?.id()))
}

async fn open(
    server: &Server,
    readers: &Readers,
    which: std::ops::Range<usize>,
    received: &UnboundedSender<Received>,
) -> Result<()> {
    for at in which {
        let (reader, id) = place(readers, at)?;
        let path = format!("/api/conversations/{id}/events");
        let fields = [reader.authorization(), "accept: text/event-stream".to_owned()];
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let mut connection = HttpConnection::connect(server.address).await?;
        let status = connection.open(&request("GET", &path, &server.host, &fields, None)).await?;
        if status != 200 {
            bail!("a stream is answered with {status}");
        }
        // The first event confirms that the stream is open.
        connection.more().await?;
        tokio::spawn(listen(connection, received.clone()));
    }
    Ok(())
}

async fn listen(mut connection: HttpConnection, received: UnboundedSender<Received>) {
    let mut text = String::new();
    while let Ok(bytes) = connection.more().await {
        let now = Instant::now();
        text.push_str(&String::from_utf8_lossy(&bytes));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let mark = event.split(MARK).nth(1).and_then(|it| it.split(' ').next()).unwrap_or_default();
            if event.contains("event: message") && received.send((mark.to_owned(), now)).is_err() {
                return;
            }
            text = rest.to_owned();
        }
    }
}

/// Appends messages to conversations with streams, one at a time; returns the sorted latencies in microseconds.
async fn tell(
    server: &Server,
    readers: &Readers,
    count: usize,
    vocabulary: &Vocabulary,
    received: &mut UnboundedReceiver<Received>,
) -> Result<Vec<u32>> {
    let mut connection = HttpConnection::connect(server.address).await?;
    let mut sent = HashMap::new();
    for at in 0..TOLD.min(count) {
        let (reader, id) = place(readers, at * count / TOLD.min(count))?;
        let text = vocabulary.text(&mut Rng::at("received", at as u64, 0), 60);
        let body = json!({ "role": "user", "content": format!("{MARK}{at} {text}") }).to_string();
        let path = format!("/api/conversations/{id}/messages");
        let append = request("POST", &path, &server.host, &[&reader.authorization()], Some(&body));
        sent.insert(at.to_string(), Instant::now());
        let answer = connection.ask(&append).await?;
        if answer.status != 201 {
            bail!("a message is not taken: {}", answer.words());
        }
        // One message at a time, so that events do not queue.
        sleep(Duration::from_millis(20)).await;
    }
    let conversations: usize = readers.usual.iter().map(|reader| reader.conversations.len()).sum();
    // Streams of one conversation receive the same event; the first one counts.
    let shared = count.div_ceil(conversations.max(1));
    let (mut latencies, mut heard) = (Vec::new(), HashMap::new());
    while latencies.len() < sent.len() {
        let next = timeout(Duration::from_secs(5), received.recv()).await;
        let missing = sent.len() - latencies.len();
        let (mark, at) = next.ok().flatten().with_context(|| format!("{missing} events did not come"))?;
        let begun = sent.get(&mark).context("an event that nobody has caused")?;
        let times: &mut usize = heard.entry(mark).or_default();
        *times += 1;
        match *times {
            1 => latencies.push(u32::try_from((at - *begun).as_micros())?),
            times if times > shared => bail!("the same event of a stream twice"),
            _ => {}
        }
    }
    latencies.sort_unstable();
    Ok(latencies)
}
