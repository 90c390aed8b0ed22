//! Ticks for work that follows the use of the database by requests.

use std::time::Duration;

use domain::Activity;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// The pauses of an [`ActivityTicker`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    /// Between the first use after a quiet time and the tick that it causes.
    pub(super) first: Duration,
    /// The shortest between two ticks. It doubles with each tick ...
    pub(super) shortest: Duration,
    /// ... up to this.
    pub(super) longest: Duration,
}

/// Ticks while requests use the database. Without a use since its last tick it is quiet until the next one; so the last tick
/// comes at most [`Pauses::longest`] after the last use.
#[derive(Debug)]
pub(super) struct ActivityTicker {
    pauses: Pauses,
    uses: watch::Receiver<Instant>,
    last: Option<Instant>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Waiting for a use.
    Quiet,
    /// After the first use: the next tick is then.
    Woken(Instant),
    /// After a tick and this pause there is another, if there was a use meanwhile.
    Ticking(Instant, Duration),
}

impl ActivityTicker {
    pub(super) fn new(activity: &Activity, pauses: Pauses) -> Self {
        Self { pauses, uses: activity.subscribe(), last: None, state: State::Quiet }
    }

    /// Ends at the next tick. May be dropped and called again.
    pub(super) async fn tick(&mut self) {
        loop {
            match self.state {
                State::Quiet => {
                    if self.uses.changed().await.is_err() {
                        // The database was closed: nobody will use it again.
                        return std::future::pending().await;
                    }
                    let soon = Instant::now() + self.pauses.first;
                    let earliest = self.last.map_or(soon, |last| last + self.pauses.shortest);
                    self.state = State::Woken(soon.max(earliest));
                }
                State::Woken(at) => {
                    sleep_until(at).await;
                    return self.continue_after(self.pauses.shortest);
                }
                State::Ticking(at, pause) => {
                    sleep_until(at).await;
                    if self.uses.has_changed().unwrap_or(false) {
                        return self.continue_after(self.pauses.longest.min(pause * 2));
                    }
                    self.state = State::Quiet;
                }
            }
        }
    }

    fn continue_after(&mut self, pause: Duration) {
        let now = Instant::now();
        self.uses.mark_unchanged();
        self.last = Some(now);
        self.state = State::Ticking(now + pause, pause);
    }
}
