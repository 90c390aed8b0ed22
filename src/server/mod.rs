//! Connections: as many as we can serve, each for as long as it does something.
//!
//! axum's own loop bounds neither, and hyper bounds the time of a head on HTTP/1 alone: see
//! `docs/adr/0010-our-own-accept-loop.md`.

mod connection_state;
mod connections;
mod limits;
mod socket;

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
    connection_state::{Answer, ConnectionState},
    connections::ConnectionSet,
    socket::Socket,
};

/// How long to wait when nothing can be accepted, before looking again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long to say nothing after having said that nothing can be accepted.
const COMPLAINTS: Duration = Duration::from_secs(10);

/// What every connection is served with.
struct Service {
    router: Router,
    server: Builder<TokioExecutor>,
    bounds: ServerLimits,
    stop: watch::Receiver<bool>,
}

/// Serves a router on a listener until `stop` ends, then gives the requests under way [`ServerLimits::grace`].
pub async fn listen(
    listener: TcpListener,
    router: Router,
    bounds: ServerLimits,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let mut open = ConnectionSet::new(bounds.connections);
    let grace = bounds.grace;
    let service = Arc::new(Service { router, server: bounds.server(), bounds, stop: stopped });
    let mut stop = pin!(stop);
    let mut complained = None;
    // Accepted, but there was no room.
    let mut waiting: Option<(TcpStream, SocketAddr)> = None;
    loop {
        if let Some((stream, peer)) = waiting.take_if(|_| !open.is_full()) {
            let activity = Arc::new(ConnectionState::new());
            open.add(Arc::clone(&activity), serve(Arc::clone(&service), stream, peer, activity));
        }
        if waiting.is_some() {
            open.evict_idle();
        }
        tokio::select! {
            () = &mut stop => break,
            () = open.one_closed() => {}
            accepted = listener.accept(), if waiting.is_none() => match accepted {
                Ok(accepted) => waiting = Some(accepted),
                Err(error) => handle_accept_error(&error, &mut open, &mut complained).await,
            },
            // Nobody could be sent away; somebody may be by now.
            () = sleep(PAUSE), if waiting.is_some() => {}
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    if timeout(grace, open.all_closed()).await.is_err() {
        tracing::warn!("requests that were still on their way are cut off");
    }
}

/// After a failed accept. A connection that broke before it was accepted is nobody's concern. Anything else, out of
/// files above all, lasts until something is closed, and would come again at once.
async fn handle_accept_error(error: &io::Error, open: &mut ConnectionSet, complained: &mut Option<Instant>) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        return;
    }
    if complained.is_none_or(|before| before.elapsed() > COMPLAINTS) {
        tracing::warn!(%error, open = open.len(), "a connection cannot be accepted");
        *complained = Some(Instant::now());
    }
    open.evict_idle();
    // With nothing to close, that is a pause.
    let _ = timeout(PAUSE, open.one_closed()).await;
}

/// Serves one connection until it is over, has taken too long, or has to go.
async fn serve(service: Arc<Service>, stream: TcpStream, peer: SocketAddr, activity: Arc<ConnectionState>) {
    // Without it the last part of an answer may wait for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Socket { stream, activity: Arc::clone(&activity) });
    let answer = service_fn(|request: Request<Incoming>| {
        let exchange = activity.begin(request.version());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered = service.router.clone().oneshot(request);
        async move { answered.await.map(|response| response.map(|body| Answer::new(body, exchange))) }
    });
    let mut connection = pin!(service.server.serve_connection(io, answer));
    let mut stop = service.stop.clone();
    let grace = tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = activity.overdue(&service.bounds) => service.bounds.grace,
        // Somebody waits for the room: enough to say goodbye, and no more.
        () = activity.evicted() => PAUSE,
        _ = stop.wait_for(|stopping| *stopping) => service.bounds.grace,
    };
    // Half a head is no request; whoever has sent a whole one gets an answer.
    if !activity.is_reading_headers() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(grace, connection).await;
    }
}
