//! The time that a request takes, without what it waits for a large body to arrive.
//!
//! A body is bounded by its own rule ([`super::request_body`]); everything else that a request does is bounded by a time limit,
//! however long the upload took.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tokio::time::{Instant, timeout};

/// How often a limit is looked at again while it stands still.
const WHILE_WAITING: Duration = Duration::from_secs(1);

/// The time since a request came, among its extensions.
#[derive(Debug, Clone)]
pub struct WorkTime(Arc<Mutex<Clock>>);

#[derive(Debug)]
struct Clock {
    /// When the request came, moved by what it has waited since.
    began: Instant,
    waiting_since: Option<Instant>,
}

impl WorkTime {
    /// The time from now on.
    pub fn begin() -> Self {
        Self(Arc::new(Mutex::new(Clock { began: Instant::now(), waiting_since: None })))
    }

    /// How long the work has taken.
    pub fn elapsed(&self) -> Duration {
        let clock = self.clock();
        let now = clock.waiting_since.unwrap_or_else(Instant::now);
        now.saturating_duration_since(clock.began)
    }

    /// Waits for something that does not count.
    pub async fn wait_for<T>(&self, awaited: impl Future<Output = T>) -> T {
        self.clock().waiting_since = Some(Instant::now());
        let _resumed = Resumed(self);
        awaited.await
    }

    /// Does work until it has taken as long as this since the request came; `None` when it has not ended by then.
    pub async fn limit<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            let left = limit.saturating_sub(self.elapsed());
            let is_waiting = self.clock().waiting_since.is_some();
            let pause = if is_waiting { left.max(WHILE_WAITING) } else { left };
            match timeout(pause, work.as_mut()).await {
                Ok(done) => return Some(done),
                Err(_) if self.clock().waiting_since.is_none() && self.elapsed() >= limit => return None,
                Err(_) => {}
            }
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the time go on when the waiting ends, or is given up.
struct Resumed<'a>(&'a WorkTime);

impl Drop for Resumed<'_> {
    fn drop(&mut self) {
        let mut clock = self.0.clock();
        if let Some(since) = clock.waiting_since.take() {
            clock.began += since.elapsed();
        }
    }
}

/// Ends every request whose work takes longer than `limit` with a 503.
pub async fn limit_all(limit: Duration, mut request: Request, next: Next) -> Response {
    let time = WorkTime::begin();
    request.extensions_mut().insert(time.clone());
    let response = time.limit(limit, next.run(request)).await;
    response.unwrap_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn waiting_does_not_count_and_work_does() {
        let time = WorkTime::begin();
        let work = async {
            sleep(9 * SECOND).await;
            time.wait_for(sleep(100 * SECOND)).await;
            sleep(9 * SECOND).await;
        };
        assert_eq!(time.limit(20 * SECOND, work).await, Some(()));
        assert_eq!(time.elapsed(), 18 * SECOND);
        assert_eq!(time.limit(20 * SECOND, sleep(3 * SECOND)).await, None);
        assert_eq!(time.elapsed(), 20 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_goes_on_when_waiting_is_given_up() {
        let time = WorkTime::begin();
        let work = async {
            let waiting = time.wait_for(sleep(100 * SECOND));
            assert!(timeout(50 * SECOND, waiting).await.is_err());
            sleep(21 * SECOND).await;
        };
        assert_eq!(time.limit(20 * SECOND, work).await, None);
    }
}
