//! What the pages on the way through a request need to know about it.

use std::sync::Arc;

use contract::{LocalPath, routes};
use storage::{Consent, Grant, SignedIn};
use url::Url;

use super::{
    Client, Oidc, Parameters, Scopes,
    authorization_request::AuthorizationRequest,
    authorize::{CarriedRequest, asked_scope},
    reauthentication::{self, Interaction},
};
use crate::{ClientMetadata, EventKind, InternalError, audit_log};

/// A client that a page leads back to.
#[derive(Debug, Clone)]
pub struct ReturnTo {
    /// The client.
    pub client: Arc<Client>,
    /// The origin, or the scheme of an application, that the reader is sent to in the end: a source of the directive
    /// `form-action` (CSP Level 3), which browsers apply to the whole chain of redirects.
    pub form_action: String,
    /// The e-mail address that the client expects.
    pub login_hint: Option<String>,
    /// Whether the reader has to sign in although somebody is signed in.
    pub has_to_sign_in: bool,
    /// The scopes that the client asks for.
    pub scopes: Scopes,
    /// Whether its tokens open the conversations of every client.
    pub opens_all: bool,
}

impl Oidc {
    /// The client that `next` leads back to, when it is a request to sign in or out that can be answered.
    pub fn return_to(&self, next: &LocalPath, signed_in: Option<&SignedIn>) -> Option<ReturnTo> {
        if let Some(carried) = CarriedRequest::of_next(next) {
            let (raw, added) = reauthentication::split(carried.query());
            let request = AuthorizationRequest::parse(raw, &self.clients, &self.tokens).ok()?;
            let asked_at = match self.interaction(raw, added, signed_in) {
                Some(Interaction::AskedAt(at)) => Some(at),
                _ => None,
            };
            return Some(ReturnTo {
                form_action: source_of(&request.response_to.redirect_uri)?,
                has_to_sign_in: signed_in.is_some_and(|it| self.has_to_sign_in(&request, it, asked_at)),
                login_hint: request.login_hint,
                opens_all: request.audience.as_deref().is_some_and(|name| self.tokens.opens_all(name)),
                scopes: request.scopes,
                client: request.client,
            });
        }
        let (path, query) = next.as_str().split_once('?')?;
        if path != routes::END_SESSION_ENDPOINT {
            return None;
        }
        let (client, uri) = self.post_logout_target(&Parameters::parse(query.as_bytes())).ok()??;
        let form_action = source_of(&uri)?;
        Some(ReturnTo {
            client,
            form_action,
            login_hint: None,
            has_to_sign_in: false,
            scopes: Scopes::default(),
            opens_all: false,
        })
    }

    /// Stores what a reader answers to a request for consent. Returns where to go next.
    ///
    /// # Errors
    /// When the database fails. `None` when `next` is no request for consent.
    #[tracing::instrument(name = "oidc.decide_consent", level = "debug", skip_all)]
    pub async fn decide_consent(
        &self,
        next: &LocalPath,
        signed_in: &SignedIn,
        allow: bool,
        device: &ClientMetadata,
    ) -> Result<Option<LocalPath>, InternalError> {
        let Some(carried) = CarriedRequest::of_next(next) else { return Ok(None) };
        let (raw, _) = reauthentication::split(carried.query());
        let Ok(request) = AuthorizationRequest::parse(raw, &self.clients, &self.tokens) else {
            return Ok(None);
        };
        let (user_id, now) = (signed_in.user.id.as_str(), self.ports.clock.now());
        if !allow {
            return Ok(CarriedRequest::of(&reauthentication::denied(raw, user_id, now, &self.secret))
                .map(CarriedRequest::into_path));
        }
        // What was allowed before stays allowed.
        let earlier = self.database.find_consent(user_id, &request.client.id).await?;
        let earlier = earlier.map(|consent| consent.scope).unwrap_or_default();
        let asked = asked_scope(&request);
        let added = asked.split(' ').filter(|name| !earlier.split(' ').any(|it| it == *name));
        let scope =
            earlier.split(' ').chain(added).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
        let consent = Consent { client_id: request.client.id.clone(), scope, granted_at: now };
        let record = self.events.done(EventKind::Consent, user_id, device);
        self.database.add_consent(user_id, &consent, &record).await?;
        audit_log::log(&record);
        Ok(Some(next.clone()))
    }

    /// A reader's consents with their clients; `None` for a client that is not registered any more.
    pub async fn consents(
        &self,
        user_id: &str,
    ) -> Result<Vec<(Consent, Option<Arc<Client>>)>, InternalError> {
        let consents = self.database.consents_of(user_id).await?;
        Ok(consents.into_iter().map(|it| (it.clone(), self.clients.find(&it.client_id))).collect())
    }

    /// What clients were granted in a reader's sessions, the oldest first; `None` for a client that is not registered any
    /// more.
    pub async fn grants(&self, user_id: &str) -> Result<Vec<(Grant, Option<Arc<Client>>)>, InternalError> {
        let grants = self.database.grants_of(user_id).await?;
        Ok(grants.into_iter().map(|grant| (grant.clone(), self.clients.find(&grant.client_id))).collect())
    }

    /// Withdraws a consent, and ends everything that the client was granted. One that is gone is no error.
    #[tracing::instrument(name = "oidc.withdraw_consent", level = "debug", skip_all)]
    pub async fn withdraw_consent(
        &self,
        user_id: &str,
        client_id: &str,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        let record = self.events.done(EventKind::ConsentWithdrawal, user_id, device);
        if self.database.withdraw_consent(user_id, client_id, &record).await? {
            audit_log::log(&record);
        }
        Ok(())
    }
}

/// An address as a source of a Content Security Policy: its origin, or the scheme of an application's own (RFC 8252
/// section 7.1).
fn source_of(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    Some(match url.origin() {
        url::Origin::Tuple(..) => url.origin().ascii_serialization(),
        url::Origin::Opaque(_) => format!("{}:", url.scheme()),
    })
}
