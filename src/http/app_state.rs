//! The state of the application, which every handler is given.

use std::sync::Arc;

use domain::Services;
use http::{HeaderMap, request::Parts};
use ipnet::IpNet;

use super::{
    cookies::SessionCookies, csrf::TrustedOrigins, large_bodies::LargeBodies, pages::outbox::Outbox,
};
use crate::config::PublicOrigin;

/// The domain's services and the settings of the HTTP layer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The domain.
    pub services: Arc<Services>,
    /// How this server is reached.
    pub site: Arc<Site>,
    /// What large bodies of requests hold of the memory.
    pub large_bodies: Arc<LargeBodies>,
}

/// How this server is reached and what its pages show.
#[derive(Debug)]
pub struct Site {
    /// The public origin.
    pub origin: PublicOrigin,
    /// Origins that may send a reader's cookie.
    pub trusted_origins: TrustedOrigins,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The book that the pages belong to.
    pub book: Arc<app::Book>,
    /// The contact for security reports, a URI.
    pub security_contact: String,
    /// Where the mails that are not sent are shown: on a developer's machine only.
    pub outbox: Option<Outbox>,
}

impl AppState {
    /// The cookies of this origin.
    pub fn cookies(&self) -> SessionCookies {
        SessionCookies::new(self.site.origin.is_https())
    }

    /// Where a request comes from, and the session and device its browser brings along.
    pub fn client_info(&self, parts: &Parts) -> domain::ClientInfo {
        let device = super::client_ip::device(parts, &self.site.trusted_proxies);
        let sessions = &self.services.sessions;
        let browser =
            self.cookies().device(&parts.headers, sessions).unwrap_or_else(|| sessions.new_device());
        domain::ClientInfo { device, presented: self.cookie_session(&parts.headers), browser: Some(browser) }
    }

    /// The session a request's cookie names.
    pub fn cookie_session(&self, headers: &HeaderMap) -> Option<domain::SessionHandle> {
        self.cookies().read(headers, &self.services.sessions)
    }
}
