//! The composition root: configuration, database and ports become the state of the HTTP layer.

use std::sync::Arc;

use domain::{AccountRules, Database, MailBranding, PasswordPolicy, Ports, Services, Settings};

use crate::{
    config::Config,
    http::{AppState, Outbox, Site, csrf::TrustedOrigins},
};

/// Builds the services of a configuration on a migrated database, and the state of the HTTP layer.
///
/// # Errors
/// When the database or the signer fails.
pub async fn compose(
    config: Config,
    database: Database,
    ports: Ports,
) -> Result<AppState, domain::InternalError> {
    let book = config.book;
    let passwords = PasswordPolicy { min_length: config.password_min, length_alone: config.reference_habits };
    let branding = MailBranding {
        book: book.name.clone(),
        origin: config.origin.as_str().to_owned(),
        accent: book.accent.clone(),
        links: book.links.clone(),
    };
    let settings = Settings {
        secret: config.secret,
        bearer_sessions: config.bearer_sessions,
        sessions: config.sessions,
        questions: Arc::new(config.questions),
        tokens: config.tokens,
        clients: config.clients,
        accounts: AccountRules {
            sign_up: config.sign_up,
            terms_version: book.terms.as_ref().map(|terms| terms.version.clone()),
            require_verified_email: config.require_verified_email,
            reference_habits: config.reference_habits,
            passwords,
            book: book.name.clone(),
        },
        branding,
        limits: config.limits,
        retention: config.retention,
        conversations: config.conversations,
    };
    // Who sees these mails can open every account, so they are shown on a developer's own machine only.
    let is_shown = config.origin.is_loopback();
    let outbox = config.mail.outbox.filter(|_| is_shown).map(|file| Outbox::new(file, &*ports.entropy));
    let services = Services::open(database, ports, settings).await?;
    let site = Site {
        origin: config.origin,
        trusted_origins: TrustedOrigins::new(config.trusted_origins, services.clients.clone()),
        trusted_proxies: config.trusted_proxies,
        book: Arc::new(book),
        security_contact: config.security_contact,
        outbox,
    };
    Ok(AppState { services: Arc::new(services), site: Arc::new(site), large_bodies: Arc::default() })
}
