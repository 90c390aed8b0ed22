//! What one client may take of the server.

use std::time::Duration;

use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many connections are served at once, if the files suffice.
const CONNECTIONS: u64 = 10_000;

/// Bytes that HTTP/2 keeps of a response whose client does not read, for each of them.
const SEND_BUFFER: usize = 32 * 1024;

/// One peer has at most this part of the connections.
const PEER_SHARE: usize = 4;

/// Files kept for everything that is no client: the database, mail, the log.
const OTHER_FILES: u64 = 256;

/// The bounds of connections. Tests use shorter ones; the default is what is served with.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections open at once. Beyond it, those are closed that have been longest without a request under way.
    pub connections: usize,
    /// Connections open at once from one address that is no trusted proxy.
    pub connections_per_peer: usize,
    /// Networks whose connections are bounded all together only: each of them is another client's.
    pub trusted_proxies: Vec<IpNet>,
    /// From a connection's begin, or a request's first byte on HTTP/1, until the whole head is here.
    pub head: Duration,
    /// Between two requests. Longer than proxies keep theirs (nginx: 60 s), so that they close first and never send a
    /// request into a connection that is being closed.
    pub idle: Duration,
    /// Without a byte in either direction while a request is under way. Longer than a request may take.
    pub stall: Duration,
    /// Without a client taking any of an event stream while there is something for it.
    pub unread: Duration,
    /// A request and all of its answer, however slowly the bytes come and go.
    pub exchange: Duration,
    /// For what is under way, once a connection or the server has been asked to end.
    pub grace: Duration,
    /// A request's line and headers, in bytes; larger ones are answered with 431 (RFC 6585 section 5).
    pub head_bytes: u32,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_peer: 10_000 / PEER_SHARE,
            trusted_proxies: Vec::new(),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(45),
            unread: Duration::from_secs(10),
            exchange: Duration::from_mins(5),
            grace: Duration::from_secs(10),
            head_bytes: 32 * 1024,
            streams: 100,
        }
    }
}

impl ServerLimits {
    /// The default, as far as the process may open files: its soft limit is raised to what we need where it may be, and
    /// connections are fewer where it may not.
    pub fn of_process() -> Self {
        let files = raise_file_limit(CONNECTIONS + OTHER_FILES);
        let connections = files.saturating_sub(OTHER_FILES.min(files / 2)).min(CONNECTIONS);
        if connections < CONNECTIONS {
            tracing::warn!(files, connections, "the limit of open files allows few connections at once");
        }
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        Self { connections, connections_per_peer: connections / PEER_SHARE, ..Self::default() }
    }

    /// A server of HTTP/1 and HTTP/2 within these bounds. HTTP/1 takes at most 100 headers, hyper's own bound.
    pub(super) fn server(&self) -> Builder<TokioExecutor> {
        let mut server = Builder::new(TokioExecutor::new());
        // The deadlines are ours: hyper's own timer for heads starts when the connection falls idle, and does not run
        // until the version is known.
        server.http1().header_read_timeout(None).max_buf_size(self.head_bytes as usize);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.streams)
            .max_header_list_size(self.head_bytes)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(100)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(self.grace);
        server
    }
}

/// The limit of open files, after asking for `wanted`.
fn raise_file_limit(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current.unwrap_or(u64::MAX);
    let raised = wanted.min(maximum.unwrap_or(u64::MAX));
    if raised > current && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
        return raised;
    }
    current
}
