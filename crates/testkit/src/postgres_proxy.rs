//! A proxy in front of PostgreSQL that counts what a client sends, whatever it is: statements, pings, new connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicIsize, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, yield_now},
};

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

    /// Waits until every client has its answers and, given the thread, asks for nothing more.
    pub async fn settled(&self) {
        let mut seen = usize::MAX;
        loop {
            // Each pass looks for what has arrived.
            for _ in 0..40 {
                yield_now().await;
            }
            let messages = self.messages();
            if messages == seen && self.counts.unanswered.load(Ordering::SeqCst) == 0 {
                return;
            }
            seen = messages;
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
        let server = TcpStream::connect(&server).await.expect("PostgreSQL listens on TCP");
        tokio::spawn(pass_on(client, server, Arc::clone(&counts)));
    }
}

/// Passes messages on in both directions until both sides have left.
async fn pass_on(client: TcpStream, server: TcpStream, counts: Arc<Counts>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let unanswered = AtomicIsize::new(0);
    let add = |count: isize| {
        unanswered.fetch_add(count, Ordering::SeqCst);
        counts.unanswered.fetch_add(count, Ordering::SeqCst);
    };
    counts.open.fetch_add(1, Ordering::SeqCst);
    let requests = async {
        let mut started = false;
        while let Ok(message) = read_message(&mut from_client, started).await {
            let kind = message.first().copied().filter(|_| started);
            // The start-up, a query and the end of an extended query are each answered with "ready for query".
            add(isize::from(matches!(kind, None | Some(b'Q' | b'S'))));
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
