//! The accept loop: how many connections are served, and for how long each of them.
//!
//! axum's own loop bounds neither, and hyper bounds the time of a head on HTTP/1 alone: see
//! `docs/adr/0010-our-own-accept-loop.md`.

mod connection_state;
mod connections;
mod limits;
mod socket;

pub use connection_state::{ClientConnection, EventStream};
pub use limits::ServerLimits;

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;

use self::{
    connection_state::{ConnectionState, TrackedBody},
    connections::ConnectionSet,
    socket::Socket,
};

/// The pause before another attempt when nothing can be accepted.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How long an evicted connection has to end cleanly: somebody waits for the room.
const EVICTION_GRACE: Duration = Duration::from_millis(100);

/// At most one warning in so long that nothing can be accepted.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// What every connection is served with.
struct Service {
    router: Router,
    server: Builder<TokioExecutor>,
    limits: ServerLimits,
    stop: watch::Receiver<bool>,
}

/// Serves a router on a listener until `stop` ends, then gives the requests under way [`ServerLimits::grace`].
pub async fn listen(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let mut open = ConnectionSet::new(&limits);
    let grace = limits.grace;
    let service = Arc::new(Service { router, server: limits.server(), limits, stop: stopped });
    let mut stop = pin!(stop);
    let mut warned = None;
    // Accepted, but there was no room.
    let mut waiting: Option<(TcpStream, SocketAddr)> = None;
    loop {
        if let Some((stream, address)) = waiting.take_if(|_| !open.is_full()) {
            let peer = open.peer(address.ip());
            // Refused, it is closed by being dropped.
            if open.has_room_for(peer) {
                let state = Arc::new(ConnectionState::new());
                open.add(peer, Arc::clone(&state), serve(Arc::clone(&service), stream, address, state));
            }
        }
        if waiting.is_some() {
            open.evict_idle();
        }
        tokio::select! {
            () = &mut stop => break,
            () = open.one_closed() => {}
            accepted = listener.accept(), if waiting.is_none() => match accepted {
                Ok(accepted) => waiting = Some(accepted),
                Err(error) => handle_accept_error(&error, &mut open, &mut warned).await,
            },
            // All had a request under way; one may be idle by now.
            () = sleep(RETRY_AFTER), if waiting.is_some() => {}
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    if timeout(grace, open.all_closed()).await.is_err() {
        tracing::warn!("requests that were still under way are cut off");
    }
}

/// Makes room after a failed accept, unless only the connection itself broke before it was accepted. Any other failure,
/// above all being out of files, lasts until something is closed, and would come again at once.
async fn handle_accept_error(error: &io::Error, open: &mut ConnectionSet, warned: &mut Option<Instant>) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        return;
    }
    if warned.is_none_or(|before| before.elapsed() > WARN_EVERY) {
        tracing::warn!(%error, open = open.len(), "a connection cannot be accepted");
        *warned = Some(Instant::now());
    }
    open.evict_idle();
    // With nothing to close, that is a pause.
    let _ = timeout(RETRY_AFTER, open.one_closed()).await;
}

/// Serves one connection until it is over, has taken too long, or has to go.
async fn serve(service: Arc<Service>, stream: TcpStream, peer: SocketAddr, state: Arc<ConnectionState>) {
    // Without it the last part of a response may wait for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Socket { stream, state: Arc::clone(&state) });
    let respond = service_fn(|request: Request<Incoming>| {
        let in_flight = state.begin_request(request.version());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(ClientConnection(Arc::clone(&state)));
        let response = service.router.clone().oneshot(request);
        async move { response.await.map(|response| TrackedBody::of(response, in_flight)) }
    });
    let mut connection = pin!(service.server.serve_connection(io, respond));
    let mut stop = service.stop.clone();
    let grace = tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = state.overdue(&service.limits) => {
            if state.is_unread(&service.limits) {
                return;
            }
            service.limits.grace
        }
        // A request may have begun in the moment of the eviction; it gets its response.
        () = state.evicted() => if state.has_request() { service.limits.grace } else { EVICTION_GRACE },
        _ = stop.wait_for(|stopping| *stopping) => service.limits.grace,
    };
    // Half a head is no request; whoever has sent a whole one gets a response.
    if !state.is_reading_head() {
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = timeout(grace, connection) => {}
            // Evicted while it shuts down: what it holds is needed now.
            () = async { state.evicted().await; sleep(EVICTION_GRACE).await } => {}
        }
    }
}
