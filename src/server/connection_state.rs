//! What a connection is doing, and until when it may.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes};
use http::{HeaderValue, Response, Version, header};
use hyper::body::{Frame, SizeHint};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::ServerLimits;

/// Marks a response as a stream of events, which lasts for minutes and of which a client may read nothing: it holds little
/// memory, and a client that takes none of it for [`ServerLimits::unread`] loses its connection.
#[derive(Debug, Clone, Copy)]
pub struct EventStream;

/// The connection that a request has come on, among its extensions.
#[derive(Debug, Clone)]
pub struct ClientConnection(pub(super) Arc<ConnectionState>);

impl ClientConnection {
    /// Counts the time of the exchange from now on: a part of a large body has come, which is bounded by its own rule.
    pub fn extend_exchange(&self) {
        self.0.state().request_began = Instant::now();
    }
}

/// What one connection is doing, as its socket and its requests report it.
#[derive(Debug)]
pub struct ConnectionState {
    state: Mutex<State>,
    evicted: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// When the first of the requests under way, or of the last ones, began.
    request_began: Instant,
    /// When a byte last came or went.
    last_byte: Instant,
    /// When the last request ended; before the first one, when the connection began.
    idle_since: Instant,
    in_flight: usize,
    /// How many bodies there have been; names the next.
    bodies: u64,
    /// The event streams whose client has not taken what is there for it, and since when.
    unread: Vec<(u64, Instant)>,
    /// Whether the socket is still to be given a small send buffer.
    narrows: bool,
    is_http2: bool,
    is_evicted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// New, or in the middle of a head.
    Head,
    /// One request or more is under way.
    Request,
    /// Between two requests.
    Idle,
}

impl ConnectionState {
    /// The state of a connection that begins now.
    pub fn new() -> Self {
        let now = Instant::now();
        let state = State {
            phase: Phase::Head,
            since: now,
            request_began: now,
            last_byte: now,
            idle_since: now,
            in_flight: 0,
            bodies: 0,
            unread: Vec::new(),
            narrows: false,
            is_http2: false,
            is_evicted: false,
        };
        Self { state: Mutex::new(state), evicted: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have been read.
    pub fn on_read(&self) {
        let mut state = self.state();
        state.last_byte = Instant::now();
        // HTTP/2 sends more than requests, so there bytes need not be a head.
        if state.phase == Phase::Idle && !state.is_http2 {
            state.enter(Phase::Head);
        }
    }

    /// Bytes have been written.
    pub fn on_write(&self) {
        self.state().last_byte = Instant::now();
    }

    /// A request has come; it is under way until the returned guard is dropped.
    pub fn begin_request(self: &Arc<Self>, version: Version) -> InFlightRequest {
        let mut state = self.state();
        state.in_flight += 1;
        state.is_http2 = version == Version::HTTP_2;
        if state.in_flight == 1 {
            state.enter(Phase::Request);
            state.request_began = state.since;
        }
        InFlightRequest(Arc::clone(self))
    }

    fn deadline(&self, limits: &ServerLimits) -> Instant {
        let state = self.state();
        let whole = state.request_began + limits.exchange;
        let unread = state.unread_since().map(|since| since + limits.unread);
        match state.phase {
            Phase::Head => state.since + limits.head,
            Phase::Request => whole.min(state.last_byte + limits.stall).min(unread.unwrap_or(whole)),
            // hyper drops a response's body when it begins to write the last of it.
            Phase::Idle => (state.since + limits.idle).max(whole.min(state.last_byte + limits.idle)),
        }
    }

    /// Ends when the connection has taken too long. To be polled after the connection, which may bring the deadline
    /// forward.
    pub async fn overdue(&self, limits: &ServerLimits) {
        let mut timer = pin!(sleep_until(self.deadline(limits)));
        poll_fn(|context| {
            loop {
                let deadline = self.deadline(limits);
                // A later one is looked at when the earlier has passed: most polls need no new timer.
                if deadline < timer.deadline() || timer.is_elapsed() {
                    timer.as_mut().reset(deadline);
                }
                ready!(timer.as_mut().poll(context));
                if self.deadline(limits) <= Instant::now() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// Whether it is new or in the middle of a head.
    pub fn is_reading_head(&self) -> bool {
        self.state().phase == Phase::Head
    }

    /// Whether a request is under way.
    pub fn has_request(&self) -> bool {
        self.state().phase == Phase::Request
    }

    /// Since when it has had no request under way; `None` while it has one, and once it is evicted.
    pub fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        let may_close = state.phase != Phase::Request && !state.is_evicted;
        may_close.then_some(state.idle_since)
    }

    /// Whether a client has left an event stream unread for too long. What is there for it is dropped with the connection.
    pub fn is_unread(&self, limits: &ServerLimits) -> bool {
        self.state().unread_since().is_some_and(|since| since.elapsed() >= limits.unread)
    }

    /// Whether the socket is to be given a small send buffer now.
    pub fn takes_narrowing(&self) -> bool {
        std::mem::take(&mut self.state().narrows)
    }

    /// Asks the task that serves it to close it.
    pub fn evict(&self) {
        self.state().is_evicted = true;
        self.evicted.notify_one();
    }

    /// Whether it was asked to close.
    pub fn is_evicted(&self) -> bool {
        self.state().is_evicted
    }

    /// Ends when it is asked to close.
    pub async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    /// Since when the event stream that has waited longest has not been taken from.
    fn unread_since(&self) -> Option<Instant> {
        self.unread.iter().map(|(_, since)| *since).min()
    }
}

/// A request under way; ends when it is dropped.
#[derive(Debug)]
pub struct InFlightRequest(Arc<ConnectionState>);

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            state.enter(Phase::Idle);
            state.idle_since = state.since;
        }
    }
}

/// A response's body, during which its request is under way.
#[derive(Debug)]
pub struct TrackedBody {
    body: Body,
    /// The number of an event stream among the connection's bodies.
    stream: Option<u64>,
    /// Dropped with the body.
    request: InFlightRequest,
}

impl TrackedBody {
    /// The body of the response to a request.
    pub fn of(response: Response<Body>, request: InFlightRequest) -> Response<Self> {
        let is_stream = response.extensions().get::<EventStream>().is_some();
        let mut response = response.map(|body| Self { body, stream: None, request });
        if is_stream {
            let tracked = response.body_mut();
            let mut state = tracked.request.0.state();
            state.bodies += 1;
            let (number, is_http2) = (state.bodies, state.is_http2);
            // An HTTP/2 connection carries other responses as well.
            state.narrows = !is_http2;
            drop(state);
            tracked.stream = Some(number);
            if !is_http2 {
                // The next response would be slow through the small buffer.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
        }
        response
    }
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(stream) = self.stream else { return Pin::new(&mut self.body).poll_frame(context) };
        // The connection asks for more when it has room for it, so it has passed on what it was given before.
        self.request.0.state().unread.retain(|(number, _)| *number != stream);
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(_))) = polled {
            self.request.0.state().unread.push((stream, Instant::now()));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if let Some(stream) = self.stream {
            self.request.0.state().unread.retain(|(number, _)| *number != stream);
        }
    }
}
