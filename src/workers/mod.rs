//! The background tasks of a running server: mail delivery, maintenance, and the exchange of changes between processes.
//!
//! While nobody uses the server, they leave the database alone
//! (`docs/adr/0027-an-idle-server-leaves-its-database-alone.md`).

mod activity;
mod mail;

use std::{sync::Arc, time::Duration};

use domain::{Services, in_background};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use self::activity::{ActivityTicker, Pauses};

/// The time a mail that is being sent has to finish at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// The time for which changes are collected before they are published.
const PUBLISH_DELAY: Duration = Duration::from_millis(50);
/// The pause after changes could not be published or received.
const CHANGES_RETRY: Duration = Duration::from_secs(2);
/// Maintenance runs at once when the server is used again, and then every minute while it is.
const MAINTENANCE_PAUSES: Pauses =
    Pauses { first: Duration::ZERO, shortest: Duration::from_mins(1), longest: Duration::from_mins(1) };

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
            tasks.spawn(mail::deliver(Arc::clone(services), stopped.clone()));
            tasks.spawn(run_until_stopped(stopped.clone(), mail::check(Arc::clone(services))));
        }
        tasks.spawn(run_until_stopped(stopped.clone(), run_maintenance(Arc::clone(services))));
        if let Some(url) = direct_url {
            tasks.spawn(run_until_stopped(stopped.clone(), publish_changes(Arc::clone(services))));
            tasks.spawn(run_until_stopped(stopped, receive_changes(Arc::clone(services), url)));
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

/// Runs work that may be dropped at any await point.
async fn run_until_stopped(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = in_background(work) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

async fn run_maintenance(services: Arc<Services>) {
    let mut ticker = ActivityTicker::new(&services.activity, MAINTENANCE_PAUSES);
    loop {
        if let Err(error) = services.run_maintenance().await {
            tracing::warn!(%error, "maintenance failed; trying again in a minute if the server is used");
        }
        ticker.tick().await;
    }
}

/// Publishes changed conversations to other processes, many at a time: each `NOTIFY` takes a lock that every commit of the
/// PostgreSQL server waits for.
async fn publish_changes(services: Arc<Services>) {
    loop {
        services.conversations.wait_for_changes().await;
        sleep(PUBLISH_DELAY).await;
        if let Err(error) = services.conversations.publish_changes().await {
            tracing::warn!(%error, "changes could not be published to other processes; trying again shortly");
            sleep(CHANGES_RETRY).await;
        }
    }
}

/// Receives the changes of other processes while somebody waits for them.
async fn receive_changes(services: Arc<Services>, url: String) {
    loop {
        if let Err(error) = services.conversations.listen(&url, &services.mail).await {
            tracing::warn!(%error, "changes of other processes cannot be received; trying again shortly");
            sleep(CHANGES_RETRY).await;
        }
    }
}
