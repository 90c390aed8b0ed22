//! What a running server does besides answering: it carries mail, sweeps, and looks at what other processes changed.

use std::{sync::Arc, time::Duration};

use domain::{DeliveryOutcome, Services};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// How many mails are on their way at a time.
const CARRIERS: usize = 4;
/// How long mail queued by another process waits at most.
const LOOK_FOR_MAIL: Duration = Duration::from_secs(5);
/// How long a mail server that takes nothing is left alone.
const STUCK: Duration = Duration::from_secs(5);
/// How long a mail on its way is waited for at the end.
const GRACE: Duration = Duration::from_secs(5);
/// How long changes are gathered before other processes are told.
const TELL_AFTER: Duration = Duration::from_millis(50);
/// How long after a failure other processes are told or heard again.
const HEAR_AGAIN: Duration = Duration::from_secs(2);
/// How often the rest is done.
const ROUND: Duration = Duration::from_secs(60);

/// The tasks of a running server.
#[derive(Debug)]
pub struct Background {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Starts them. `direct_url` is where other processes on the same PostgreSQL are heard.
pub fn start(services: &Arc<Services>, direct_url: Option<String>) -> Background {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if services.mail.is_enabled() {
        for _ in 0..CARRIERS {
            tasks.spawn(run_periodically(stopped.clone(), deliver_mail, Arc::clone(services)));
        }
    }
    tasks.spawn(run_periodically(stopped.clone(), keep_up, Arc::clone(services)));
    if let Some(url) = direct_url {
        let url: Arc<str> = url.into();
        let telling = run_periodically(stopped.clone(), publish_changes, Arc::clone(services));
        tasks.spawn(run_until_stopped(stopped.clone(), telling));
        let hearing = run_periodically(
            stopped.clone(),
            move |it| receive_changes(it, Arc::clone(&url)),
            Arc::clone(services),
        );
        tasks.spawn(run_until_stopped(stopped, hearing));
    }
    Background { tasks, stop }
}

impl Background {
    /// Ends them. A mail that is just being sent has a moment to be sent; what is still queued waits for the next start,
    /// and so does what was cut off.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_err() {
            tracing::warn!("a mail that was on its way is cut off; it is sent after the next start");
        }
    }
}

/// Repeats a round of work, and the pause it asks for, until told to stop. Only pauses are cut short.
async fn run_periodically<F>(
    mut stopped: watch::Receiver<bool>,
    round: impl Fn(Arc<Services>) -> F,
    services: Arc<Services>,
) where
    F: Future<Output = NextRun>,
{
    while !*stopped.borrow() {
        let pause = round(Arc::clone(&services)).await;
        let rest = async {
            match pause {
                NextRun::None => {}
                NextRun::For(duration) => sleep(duration).await,
                NextRun::UntilMail(longest) => services.mail.wait(longest).await,
            }
        };
        tokio::select! {
            () = rest => {}
            _ = stopped.changed() => {}
        }
    }
}

/// For work that may be left at any moment.
async fn run_until_stopped(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

enum NextRun {
    None,
    For(Duration),
    UntilMail(Duration),
}

async fn deliver_mail(services: Arc<Services>) -> NextRun {
    match services.mail.deliver_next().await {
        Ok(DeliveryOutcome::One) => NextRun::None,
        Ok(DeliveryOutcome::UpTo(_)) => NextRun::UntilMail(LOOK_FOR_MAIL),
        Ok(DeliveryOutcome::Stuck) => NextRun::For(STUCK),
        Err(error) => {
            tracing::warn!(%error, "mail could not be delivered; trying again shortly");
            NextRun::For(STUCK)
        }
    }
}

async fn keep_up(services: Arc<Services>) -> NextRun {
    if let Err(error) = services.run_maintenance().await {
        tracing::warn!(%error, "the round of upkeep failed; trying again in the next");
    }
    NextRun::For(ROUND)
}

/// Tells other processes which conversations have changed here, many at a time: each notice takes a lock that every
/// commit of the server waits for.
async fn publish_changes(services: Arc<Services>) -> NextRun {
    services.conversations.wait_for_changes().await;
    sleep(TELL_AFTER).await;
    if let Err(error) = services.conversations.publish_changes().await {
        tracing::warn!(%error, "other processes could not be told what has changed; trying again shortly");
        return NextRun::For(HEAR_AGAIN);
    }
    NextRun::None
}

async fn receive_changes(services: Arc<Services>, url: Arc<str>) -> NextRun {
    match services.conversations.listen(&url).await {
        Ok(()) => NextRun::None,
        Err(error) => {
            tracing::warn!(%error, "other processes cannot be heard; trying again shortly");
            NextRun::For(HEAR_AGAIN)
        }
    }
}
