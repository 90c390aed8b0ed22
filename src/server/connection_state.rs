//! What a connection is doing, and until when it may.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes};
use http::Version;
use hyper::body::{Frame, SizeHint};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::ServerLimits;

/// What the socket and the requests of one connection tell about it.
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
    asked: Instant,
    /// When a byte last came or went.
    moved: Instant,
    under_way: usize,
    is_http2: bool,
    is_evicted: bool,
    /// Whether it ever sent a whole request.
    is_known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// New, or in the middle of a head.
    Head,
    /// One request or more is under way.
    Answering,
    /// Between two requests.
    Quiet,
}

impl ConnectionState {
    /// Of a connection that begins now.
    pub fn new() -> Self {
        let now = Instant::now();
        let state = State {
            phase: Phase::Head,
            since: now,
            asked: now,
            moved: now,
            under_way: 0,
            is_http2: false,
            is_evicted: false,
            is_known: false,
        };
        Self { state: Mutex::new(state), evicted: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have come. HTTP/2 says more than requests, so there they need not be a head.
    pub fn read(&self) {
        let mut state = self.state();
        state.moved = Instant::now();
        if state.phase == Phase::Quiet && !state.is_http2 {
            state.enter(Phase::Head);
        }
    }

    /// Bytes have gone.
    pub fn wrote(&self) {
        self.state().moved = Instant::now();
    }

    /// A request has come; it is under way until what this returns is dropped.
    pub fn begin(self: &Arc<Self>, version: Version) -> InFlightRequest {
        let mut state = self.state();
        state.under_way += 1;
        state.is_http2 = version == Version::HTTP_2;
        state.is_known = true;
        if state.under_way == 1 {
            state.enter(Phase::Answering);
            state.asked = state.since;
        }
        InFlightRequest(Arc::clone(self))
    }

    /// When it will have taken too long.
    fn deadline(&self, bounds: &ServerLimits) -> Instant {
        let state = self.state();
        let whole = state.asked + bounds.exchange;
        match state.phase {
            Phase::Head => state.since + bounds.head,
            Phase::Answering => whole.min(state.moved + bounds.stall),
            // hyper lets go of an answer when it begins to write the last of it.
            Phase::Quiet => (state.since + bounds.idle).max(whole.min(state.moved + bounds.idle)),
        }
    }

    /// Ends when the connection has taken too long. To be polled after the connection, whose doing may bring the
    /// deadline forward.
    pub async fn overdue(&self, bounds: &ServerLimits) {
        let mut timer = pin!(sleep_until(self.deadline(bounds)));
        poll_fn(|context| {
            loop {
                let deadline = self.deadline(bounds);
                // A later one is looked at when the earlier has passed: most polls need no new timer.
                if deadline < timer.deadline() || timer.is_elapsed() {
                    timer.as_mut().reset(deadline);
                }
                ready!(timer.as_mut().poll(context));
                if self.deadline(bounds) <= Instant::now() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// Whether it is new or in the middle of a head.
    pub fn is_reading_headers(&self) -> bool {
        self.state().phase == Phase::Head
    }

    /// How much a connection in the way is worth keeping, the least first; `None` when a request is under way, or it
    /// is on its way out already. Those that never asked for anything go before those that did, the oldest first.
    pub fn eviction_priority(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        let is_free = state.phase != Phase::Answering && !state.is_evicted;
        is_free.then_some((state.is_known, state.since))
    }

    /// Asks it to make room.
    pub fn evict(&self) {
        self.state().is_evicted = true;
        self.evicted.notify_one();
    }

    /// Whether it was asked to make room.
    pub fn is_evicted(&self) -> bool {
        self.state().is_evicted
    }

    /// Ends when it is asked to make room.
    pub async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }
}

/// A request under way.
#[derive(Debug)]
pub struct InFlightRequest(Arc<ConnectionState>);

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        if state.under_way == 0 {
            state.enter(Phase::Quiet);
        }
    }
}

/// The body of an answer, during which its request is under way.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    /// Dropped with the body.
    _exchange: InFlightRequest,
}

impl Answer {
    /// A body that is sent in answer to a request.
    pub const fn new(body: Body, exchange: InFlightRequest) -> Self {
        Self { body, _exchange: exchange }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
