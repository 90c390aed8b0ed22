//! What a running server does besides answering: it carries mail, sweeps, and looks at what other processes changed.

use std::{sync::Arc, time::Duration};

use domain::{Delivered, Services};
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
    if services.post.is_open() {
        for _ in 0..CARRIERS {
            tasks.spawn(until(stopped.clone(), carry, Arc::clone(services)));
        }
    }
    tasks.spawn(until(stopped.clone(), keep_up, Arc::clone(services)));
    if let Some(url) = direct_url {
        let url: Arc<str> = url.into();
        let telling = until(stopped.clone(), tell, Arc::clone(services));
        tasks.spawn(cut_short(stopped.clone(), telling));
        let hearing = until(stopped.clone(), move |it| hear(it, Arc::clone(&url)), Arc::clone(services));
        tasks.spawn(cut_short(stopped, hearing));
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
async fn until<F>(
    mut stopped: watch::Receiver<bool>,
    round: impl Fn(Arc<Services>) -> F,
    services: Arc<Services>,
) where
    F: Future<Output = Pause>,
{
    while !*stopped.borrow() {
        let pause = round(Arc::clone(&services)).await;
        let rest = async {
            match pause {
                Pause::None => {}
                Pause::For(duration) => sleep(duration).await,
                Pause::UntilMail(longest) => services.post.wait(longest).await,
            }
        };
        tokio::select! {
            () = rest => {}
            _ = stopped.changed() => {}
        }
    }
}

/// For work that may be left at any moment.
async fn cut_short(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

enum Pause {
    None,
    For(Duration),
    UntilMail(Duration),
}

async fn carry(services: Arc<Services>) -> Pause {
    match services.post.deliver_next().await {
        Ok(Delivered::One) => Pause::None,
        Ok(Delivered::UpTo(_)) => Pause::UntilMail(LOOK_FOR_MAIL),
        Ok(Delivered::Stuck) => Pause::For(STUCK),
        Err(error) => {
            tracing::warn!(%error, "mail could not be delivered; trying again shortly");
            Pause::For(STUCK)
        }
    }
}

async fn keep_up(services: Arc<Services>) -> Pause {
    if let Err(error) = services.keep_up().await {
        tracing::warn!(%error, "the round of upkeep failed; trying again in the next");
    }
    Pause::For(ROUND)
}

/// Tells other processes which conversations have changed here, many at a time: each notice takes a lock that every
/// commit of the server waits for.
async fn tell(services: Arc<Services>) -> Pause {
    services.conversations.something_to_tell().await;
    sleep(TELL_AFTER).await;
    if let Err(error) = services.conversations.tell_others().await {
        tracing::warn!(%error, "other processes could not be told what has changed; trying again shortly");
        return Pause::For(HEAR_AGAIN);
    }
    Pause::None
}

async fn hear(services: Arc<Services>, url: Arc<str>) -> Pause {
    match services.conversations.listen(&url).await {
        Ok(()) => Pause::None,
        Err(error) => {
            tracing::warn!(%error, "other processes cannot be heard; trying again shortly");
            Pause::For(HEAR_AGAIN)
        }
    }
}
