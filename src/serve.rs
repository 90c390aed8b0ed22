//! Serving until told to stop.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use domain::{Database, Ports, Services, Settings};
use tokio::{net::TcpListener, signal::unix};

use crate::{
    config::Config,
    http::{Edge, FILES, Site, guard::TrustedOrigins, router},
};

/// The services of a configuration, on a database whose schema is up to date, and the edge around them.
///
/// # Errors
/// What [`Services::open`] fails with.
pub async fn compose(config: Config, database: Database, ports: Ports) -> Result<Edge, domain::Failure> {
    let settings = Settings {
        secret: config.secret,
        bearer_sessions: config.bearer_sessions,
        questions: Arc::new(config.questions),
        tokens: config.tokens,
    };
    let services = Services::open(database, ports, settings).await?;
    let site = Site {
        origin: config.origin,
        trusted_origins: TrustedOrigins::new(config.trusted_origins),
        trusted_proxies: config.trusted_proxies,
        book: Arc::new(config.book),
    };
    Ok(Edge { services: Arc::new(services), site: Arc::new(site) })
}

/// How long requests under way may take after the signal to stop; a client that sends nothing more would keep the process
/// for ever.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then finishes the requests under way.
///
/// # Errors
/// When the address cannot be listened on, or the services cannot be opened.
pub async fn serve(config: Config, database: Database, ports: Ports) -> Result<(), Box<dyn Error>> {
    let address = SocketAddr::new(config.host, config.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}. Choose another HOST or PORT."))?;
    let origin = config.origin.as_str().to_owned();
    let edge = compose(config, database, ports).await?;
    if FILES.is_empty() {
        tracing::warn!("this build has no stylesheet and no script; `cargo xtask build` makes one that has");
    }
    let stop = stop_signal()?;
    tracing::info!(%address, "Bookplate is at {origin}");
    let service = router(edge).into_make_service_with_connect_info::<SocketAddr>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let graceful = async move {
        stop.await;
        let _ = stopping.send(());
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(graceful).into_future();
    let overdue = async {
        // Without a signal there is no deadline.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served?,
        () = overdue => tracing::warn!("requests that were still on their way are cut off"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Ends when the process is asked to stop. Listens from the moment it is called.
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
