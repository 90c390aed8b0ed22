//! `bookplate serve`.

use std::net::SocketAddr;

use domain::{Client, Clients, Database};
use storage::Address;
use tokio::{net::TcpListener, signal::unix};

use super::CommandError;
use crate::{
    adapters,
    compose::compose,
    config::Config,
    http::{FILES, router},
    server::{ServerLimits, listen},
    workers::Workers,
};

/// Serves until SIGTERM or SIGINT, then finishes the requests under way.
pub(super) async fn run(config: Config, database: Database) -> Result<(), CommandError> {
    check_clients(&database, &config.clients).await?;
    let ports = adapters::ports(&config.mail)?;
    let address = SocketAddr::new(config.host, config.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}. Choose another HOST or PORT."))?;
    let origin = config.origin.as_str().to_owned();
    let direct_url = config.database_direct_url.clone();
    let opened: Address = config.database_url.parse()?;
    let state = compose(config, database, ports).await?;
    let workers = Workers::start(&state.services, direct_url);
    if FILES.is_empty() {
        tracing::warn!("this build has no stylesheet and no script; `cargo xtask build` makes one that has");
    }
    let (stop, conversations) = (stop_signal()?, state.services.conversations.clone());
    let stop = async move {
        stop.await;
        // Open event streams would delay the end by minutes.
        conversations.close();
    };
    let limits =
        ServerLimits { trusted_proxies: state.site.trusted_proxies.clone(), ..ServerLimits::of_process() };
    // The other half is left to everybody who only asks.
    state.services.conversations.set_max_subscriptions(limits.connections / 2);
    let mail = state.site.outbox.as_ref().map(|outbox| format!(", and mail at {origin}{}", outbox.path()));
    tracing::info!(%address, database = %opened, "Bookplate is at {origin}{}", mail.unwrap_or_default());
    listen(listener, router(state), limits, stop).await;
    workers.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Refuses to start when a client is declared and registered by command as well: which one counts would be a guess.
async fn check_clients(database: &Database, declared: &[Client]) -> Result<(), CommandError> {
    let twice = Clients::registered_twice(database, declared).await?;
    let sentence = |id: &String| {
        format!(
            "the client {id:?} is declared in bookplate.toml and registered by command as well. Remove it there, or with: \
             bookplate client remove {id}"
        )
    };
    let sentences: Vec<String> = twice.iter().map(sentence).collect();
    if sentences.is_empty() { Ok(()) } else { Err(sentences.join("\n").into()) }
}

/// Resolves when the process is asked to stop. The signals are caught from the call on, not from the first poll.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
