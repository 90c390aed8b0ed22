//! Serving until told to stop.

use std::{error::Error, net::SocketAddr, sync::Arc};

use domain::{AccountRules, Database, MailBranding, PasswordPolicy, Ports, Services, Settings};
use tokio::{net::TcpListener, signal::unix};

use crate::{
    config::Config,
    http::{AppState, FILES, Site, csrf::TrustedOrigins, router},
    server::{ServerLimits, listen},
    workers,
};

/// The services of a configuration, on a database whose schema is up to date, and the edge around them.
///
/// # Errors
/// What [`Services::open`] fails with.
pub async fn compose(
    config: Config,
    database: Database,
    ports: Ports,
) -> Result<AppState, domain::InternalError> {
    let book = config.book;
    let passwords = PasswordPolicy { length_alone: config.reference_habits };
    let letterhead = MailBranding {
        book: book.name.clone(),
        origin: config.origin.as_str().to_owned(),
        accent: book.accent.clone(),
    };
    let settings = Settings {
        secret: config.secret,
        bearer_sessions: config.bearer_sessions,
        questions: Arc::new(config.questions),
        tokens: config.tokens,
        accounts: AccountRules {
            require_verified_email: config.require_verified_email,
            reference_habits: config.reference_habits,
            passwords,
            book: book.name.clone(),
        },
        branding: letterhead,
        limits: config.limits,
        retention: config.retention,
        conversations: config.conversations,
    };
    let services = Services::open(database, ports, settings).await?;
    let site = Site {
        origin: config.origin,
        trusted_origins: TrustedOrigins::new(config.trusted_origins),
        trusted_proxies: config.trusted_proxies,
        book: Arc::new(book),
        security_contact: config.security_contact,
        outbox: config.mail.outbox,
    };
    Ok(AppState { services: Arc::new(services), site: Arc::new(site) })
}

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
    let direct_url = config.database_direct_url.clone();
    let state = compose(config, database, ports).await?;
    let background = workers::start(&state.services, direct_url);
    if FILES.is_empty() {
        tracing::warn!("this build has no stylesheet and no script; `cargo xtask build` makes one that has");
    }
    let (stop, conversations) = (stop_signal()?, state.services.conversations.clone());
    let stop = async move {
        stop.await;
        // Streams of events would go on for minutes.
        conversations.close();
    };
    let limits =
        ServerLimits { trusted_proxies: state.site.trusted_proxies.clone(), ..ServerLimits::of_process() };
    tracing::info!(%address, "Bookplate is at {origin}");
    listen(listener, router(state), limits, stop).await;
    background.stop().await;
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
