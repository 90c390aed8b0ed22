//! A proxy in front of PostgreSQL that counts what a client sends, whatever it is: statements, pings, new connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicIsize, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, yield_now},
};

/// How often in a row nothing must be under way.
const QUIET_ROUNDS: usize = 4;

/// Without TLS. Stops when it is dropped.
#[derive(Debug)]
pub struct PostgresProxy {
    address: SocketAddr,
    counts: Arc<Counts>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    messages: AtomicUsize,
    open: AtomicUsize,
    unanswered: AtomicIsize,
    statements: Mutex<Vec<String>>,
}

impl PostgresProxy {
    /// Listens on a local port and passes everything on to `server`, a host and a port.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a local port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let counts = Arc::new(Counts::default());
        let listening = tokio::spawn(accept(listener, server, Arc::clone(&counts)));
        Self { address, counts, listening }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many messages clients have sent, those that open a connection included and those that close one not.
    pub fn messages(&self) -> usize {
        self.counts.messages.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// The texts of the statements, each as often as it was prepared or sent without being prepared.
    pub fn statements(&self) -> Vec<String> {
        self.counts.statements.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until every client has its answers and, given the thread, asks for nothing more.
    pub async fn settled(&self) {
        let (mut seen, mut same) = (self.messages(), 0);
        while same < QUIET_ROUNDS {
            // Each pass looks for what has arrived.
            for _ in 0..40 {
                yield_now().await;
            }
            let is_quiet = self.messages() == seen && self.counts.unanswered.load(Ordering::SeqCst) == 0;
            same = if is_quiet { same + 1 } else { 0 };
            seen = self.messages();
        }
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn accept(listener: TcpListener, server: String, counts: Arc<Counts>) {
    while let Ok((client, _)) = listener.accept().await {
        // Until it is ready for queries, a connection waits for an answer.
        counts.unanswered.fetch_add(1, Ordering::SeqCst);
        let server = TcpStream::connect(&server).await.expect("PostgreSQL listens on TCP");
        // Or an answer that was counted waits in the kernel until the one before it is acknowledged.
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a connected stream sends at once");
        }
        tokio::spawn(pass_on(client, server, Arc::clone(&counts)));
    }
}

/// Passes messages on in both directions until both sides have left.
async fn pass_on(client: TcpStream, server: TcpStream, counts: Arc<Counts>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let unanswered = AtomicIsize::new(1);
    let add = |count: isize| {
        unanswered.fetch_add(count, Ordering::SeqCst);
        counts.unanswered.fetch_add(count, Ordering::SeqCst);
    };
    counts.open.fetch_add(1, Ordering::SeqCst);
    let requests = async {
        let mut started = false;
        while let Ok(message) = read_message(&mut from_client, started).await {
            let kind = message.first().copied().filter(|_| started);
            // A query and the end of an extended query are each answered with "ready for query".
            add(isize::from(matches!(kind, Some(b'Q' | b'S'))));
            if let Some(text) = statement(&message).filter(|_| started) {
                counts.statements.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
            counts.messages.fetch_add(usize::from(kind != Some(b'X')), Ordering::SeqCst);
            started = true;
            if to_server.write_all(&message).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let answers = async {
        while let Ok(message) = read_message(&mut from_server, true).await {
            add(-isize::from(message.first() == Some(&b'Z')));
            if to_client.write_all(&message).await.is_err() {
                break;
            }
        }
        let _ = to_client.shutdown().await;
    };
    tokio::join!(requests, answers);
    counts.unanswered.fetch_sub(unanswered.load(Ordering::SeqCst), Ordering::SeqCst);
    counts.open.fetch_sub(1, Ordering::SeqCst);
}

/// The text of a query, or of a statement that is prepared, after its name.
fn statement(message: &[u8]) -> Option<String> {
    let mut strings = message.get(5..)?.split(|byte| *byte == 0);
    let text = match message.first()? {
        b'Q' => strings.next(),
        b'P' => strings.nth(1),
        _ => None,
    };
    text.map(|text| String::from_utf8_lossy(text).into_owned())
}

/// One message: a type, unless it is the first of a client, a length that counts itself, and the rest.
async fn read_message(from: &mut (impl AsyncReadExt + Unpin), has_type: bool) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; 4 + usize::from(has_type)];
    from.read_exact(&mut message).await?;
    let length = message.last_chunk::<4>().copied().map(u32::from_be_bytes).unwrap_or_default();
    let mut rest = vec![0; (length as usize).saturating_sub(4)];
    from.read_exact(&mut rest).await?;
    message.extend(rest);
    Ok(message)
}
