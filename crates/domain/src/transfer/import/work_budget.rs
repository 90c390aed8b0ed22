//! The time that work may take, without what it waits for.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// What is left of the time.
#[derive(Debug)]
pub(super) struct WorkBudget(Duration);

/// The time is up.
#[derive(Debug)]
pub(super) struct OutOfTime;

impl WorkBudget {
    /// A budget of which nothing has been used.
    pub(super) const fn new(time: Duration) -> Self {
        Self(time)
    }

    /// Does some of the work, as long as there is time.
    pub(super) async fn run<T>(&mut self, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        let began = Instant::now();
        let done = timeout(self.0, work).await;
        self.0 = self.0.saturating_sub(began.elapsed());
        done.map_err(|_| OutOfTime)
    }
}
