//! Delivery of queued mail: when it is looked for, and by how many workers.

use std::{sync::Arc, time::Duration};

use domain::{DeliveryOutcome, InternalError, Services, in_background};
use tokio::{
    sync::{Notify, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::activity::{ActivityTicker, Pauses};

/// The number of mails delivered at the same time.
const WORKERS: usize = 4;
/// The pause after the mail server accepted nothing.
const RETRY: Duration = Duration::from_secs(5);
/// The longest pause while the database fails.
const LONGEST_RETRY: Duration = Duration::from_mins(5);
/// When to look for mail that another process has queued without telling, or has left behind when it was killed.
const PAUSES: Pauses = Pauses {
    first: Duration::from_secs(5),
    shortest: Duration::from_secs(5),
    longest: Duration::from_mins(1),
};

/// Why workers were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A mail was queued: one worker delivers it.
    Queued,
    /// There may be several: a worker that finds one starts another.
    Backlog,
}

type Outcome = Result<DeliveryOutcome, InternalError>;

/// Delivers mail until stopped. It looks into the queue at its start, when mail was queued or announced, when the next
/// attempt of one that waits is due, and now and then while requests use the database; otherwise never.
pub(super) async fn deliver(services: Arc<Services>, mut stopped: watch::Receiver<bool>) {
    let mut delivery = Delivery {
        ticker: ActivityTicker::new(&services.activity, PAUSES),
        services,
        stopped: stopped.clone(),
        workers: JoinSet::new(),
        found: Arc::default(),
        due: None,
        failures: 0,
    };
    delivery.start(Cause::Backlog);
    while !*stopped.borrow() {
        let has_room = delivery.workers.len() < WORKERS;
        let due = delivery.due;
        tokio::select! {
            _ = stopped.changed() => {}
            Some(outcome) = delivery.workers.join_next() => delivery.finish(outcome),
            () = delivery.services.mail.queued(), if has_room => delivery.start(Cause::Queued),
            () = delivery.found.notified(), if has_room => delivery.start(Cause::Backlog),
            () = at(due), if has_room => {
                delivery.due = None;
                delivery.start(Cause::Backlog);
            }
            () = delivery.ticker.tick(), if has_room => delivery.start(Cause::Backlog),
        }
    }
    while delivery.workers.join_next().await.is_some() {}
}

/// Says in the log whether the mail server can be used. A server that cannot be used now may be later, so nothing else follows.
pub(super) async fn check(services: Arc<Services>) {
    match services.mail.check().await {
        Some(Ok(server)) => tracing::info!("mail goes to {server}"),
        Some(Err(advice)) => tracing::warn!("mail cannot be sent: {advice}"),
        None => {}
    }
}

struct Delivery {
    services: Arc<Services>,
    stopped: watch::Receiver<bool>,
    ticker: ActivityTicker,
    workers: JoinSet<Outcome>,
    /// Told by a worker that has found the first mail of a backlog.
    found: Arc<Notify>,
    /// When the next attempt is due of a mail that waits.
    due: Option<Instant>,
    /// How often in a row the database failed.
    failures: u32,
}

impl Delivery {
    fn start(&mut self, cause: Cause) {
        let found = (cause == Cause::Backlog).then(|| Arc::clone(&self.found));
        let work = drain(Arc::clone(&self.services), self.stopped.clone(), found);
        self.workers.spawn(in_background(work));
    }

    /// Decides when to look next.
    fn finish(&mut self, outcome: Result<Outcome, JoinError>) {
        let outcome = outcome.unwrap_or_else(|error| Err(InternalError::Fault(error.to_string())));
        let after = |pause: Duration| Some(Instant::now() + pause);
        let next = match &outcome {
            Ok(DeliveryOutcome::One) => None,
            Ok(DeliveryOutcome::UpTo(next)) => next.and_then(|due| after(self.services.mail.until(due))),
            Ok(DeliveryOutcome::Stuck) => after(RETRY),
            Err(error) => {
                let pause = (RETRY * 2_u32.saturating_pow(self.failures)).min(LONGEST_RETRY);
                tracing::warn!(%error, ?pause, "mail could not be delivered; trying again after a pause");
                after(pause)
            }
        };
        self.failures = if outcome.is_err() { self.failures.saturating_add(1).min(10) } else { 0 };
        // What a worker saw in the queue may be outdated when another one has worked on it meanwhile.
        self.due = if self.workers.is_empty() { next } else { [self.due, next].into_iter().flatten().min() };
    }
}

/// Delivers until nothing is due, the mail server accepts nothing, or stopped.
async fn drain(
    services: Arc<Services>,
    stopped: watch::Receiver<bool>,
    found: Option<Arc<Notify>>,
) -> Outcome {
    let mut found = found;
    loop {
        let outcome = services.mail.deliver_next().await?;
        if outcome != DeliveryOutcome::One {
            return Ok(outcome);
        }
        if let Some(found) = found.take() {
            found.notify_one();
        }
        if *stopped.borrow() {
            return Ok(outcome);
        }
    }
}

/// Ends at a moment; without one, never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
