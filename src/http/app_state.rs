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

    /// The cookies that count for a request to the JSON APIs: those of our own site; on a page of a first-party client on
    /// another site the partitioned ones, unless the browser sends a session of our own site too. Such a page is known by its
    /// exact `Origin`, so whatever carries none (a form, an image, a link) has no session there.
    pub fn api_cookies(&self, headers: &HeaderMap) -> SessionCookies {
        let own = self.cookies();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trusted = &self.site.trusted_origins;
        let is_of_client = text("origin").is_some_and(|origin| trusted.is_first_party_client(origin));
        if !self.site.origin.is_https() || !is_of_client {
            return own;
        }
        let is_cross_site =
            text("sec-fetch-site") == Some("cross-site") || own.partitioned().is_sent(headers);
        match is_cross_site && own.read(headers, &self.services.sessions).is_none() {
            true => own.partitioned(),
            false => own,
        }
    }

    /// The session that counts for a request to the JSON APIs.
    pub fn api_session(&self, headers: &HeaderMap) -> Option<domain::SessionHandle> {
        self.api_cookies(headers).read(headers, &self.services.sessions)
    }

    /// Where a request to the JSON APIs comes from, and the session and device its browser brings along.
    pub fn api_client_info(&self, parts: &Parts) -> domain::ClientInfo {
        self.client_info_of(parts, self.api_cookies(&parts.headers))
    }

    /// Where a request comes from, and the session and device its browser brings along.
    pub fn client_info(&self, parts: &Parts) -> domain::ClientInfo {
        self.client_info_of(parts, self.cookies())
    }

    fn client_info_of(&self, parts: &Parts, cookies: SessionCookies) -> domain::ClientInfo {
        let device = super::client_ip::device(parts, &self.site.trusted_proxies);
        let sessions = &self.services.sessions;
        let browser = cookies.device(&parts.headers, sessions).unwrap_or_else(|| sessions.new_device());
        let presented = cookies.read(&parts.headers, sessions);
        domain::ClientInfo { device, presented, browser: Some(browser) }
    }

    /// The session of our own site that a request's cookie names.
    pub fn cookie_session(&self, headers: &HeaderMap) -> Option<domain::SessionHandle> {
        self.cookies().read(headers, &self.services.sessions)
    }
}
