//! The background tasks of a running server: mail delivery, cleanup, and the exchange of changes between processes.

use std::{sync::Arc, time::Duration};

use domain::{DeliveryOutcome, Services};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// The number of mails delivered at the same time.
const MAIL_WORKERS: usize = 4;
/// The interval of looking for mail that another process queued.
const MAIL_POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The pause after the mail server or the database failed.
const MAIL_RETRY: Duration = Duration::from_secs(5);
/// The time a mail that is being sent has to finish at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// The time for which changes are collected before they are published.
const PUBLISH_DELAY: Duration = Duration::from_millis(50);
/// The pause after changes could not be published or received.
const CHANGES_RETRY: Duration = Duration::from_secs(2);
/// The interval of cleanup and of reloading signing keys.
const MAINTENANCE_INTERVAL: Duration = Duration::from_mins(1);

/// The running background tasks.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Workers {
    /// Starts the tasks. `direct_url` is the address of PostgreSQL for `LISTEN`.
    pub fn start(services: &Arc<Services>, direct_url: Option<String>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        if services.mail.is_enabled() {
            for _ in 0..MAIL_WORKERS {
                tasks.spawn(run_periodically(stopped.clone(), deliver_mail, Arc::clone(services)));
            }
        }
        tasks.spawn(run_periodically(stopped.clone(), run_maintenance, Arc::clone(services)));
        if let Some(url) = direct_url {
            let url: Arc<str> = url.into();
            let publishing = run_periodically(stopped.clone(), publish_changes, Arc::clone(services));
            tasks.spawn(run_until_stopped(stopped.clone(), publishing));
            let receiving = run_periodically(
                stopped.clone(),
                move |it| receive_changes(it, Arc::clone(&url)),
                Arc::clone(services),
            );
            tasks.spawn(run_until_stopped(stopped, receiving));
        }
        Self { tasks, stop }
    }

    /// Stops the tasks. A mail that is being sent has [`SHUTDOWN_GRACE`] to finish; queued and interrupted ones are sent
    /// after the next start.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(SHUTDOWN_GRACE, ended).await.is_err() {
            tracing::warn!("a mail that was being sent is interrupted; it is sent after the next start");
        }
    }
}

/// Repeats `round` and the pause it asks for until stopped. Only pauses are interrupted.
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

/// Runs work that may be dropped at any await point.
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
        Ok(DeliveryOutcome::UpTo(_)) => NextRun::UntilMail(MAIL_POLL_INTERVAL),
        Ok(DeliveryOutcome::Stuck) => NextRun::For(MAIL_RETRY),
        Err(error) => {
            tracing::warn!(%error, "mail could not be delivered; trying again shortly");
            NextRun::For(MAIL_RETRY)
        }
    }
}

async fn run_maintenance(services: Arc<Services>) -> NextRun {
    if let Err(error) = services.run_maintenance().await {
        tracing::warn!(%error, "maintenance failed; trying again in a minute");
    }
    NextRun::For(MAINTENANCE_INTERVAL)
}

/// Publishes changed conversations to other processes, many at a time: each `NOTIFY` takes a lock that every commit of the
/// PostgreSQL server waits for.
async fn publish_changes(services: Arc<Services>) -> NextRun {
    services.conversations.wait_for_changes().await;
    sleep(PUBLISH_DELAY).await;
    if let Err(error) = services.conversations.publish_changes().await {
        tracing::warn!(%error, "changes could not be published to other processes; trying again shortly");
        return NextRun::For(CHANGES_RETRY);
    }
    NextRun::None
}

async fn receive_changes(services: Arc<Services>, url: Arc<str>) -> NextRun {
    match services.conversations.listen(&url).await {
        Ok(()) => NextRun::None,
        Err(error) => {
            tracing::warn!(%error, "changes of other processes cannot be received; trying again shortly");
            NextRun::For(CHANGES_RETRY)
        }
    }
}
