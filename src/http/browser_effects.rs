//! What a request does to the browser that sent it, turned into headers. Forms, JSON and event streams say what is to
//! happen as [`BrowserEffects`]; nothing else writes session or device cookies.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{BrowserEffects, DeviceEffect, SessionEffect};
use http::{HeaderValue, header};

use super::{
    app_state::AppState,
    cookies::{CookieJar, set_cookies},
};

/// How a browser or a program may be given a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTransport {
    /// In cookies of our own site: pages and forms.
    Cookies,
    /// Also in a partitioned cookie, on the pages of a first-party client on another site.
    ApiCookies,
    /// The same, and with bearer sessions on in the header `set-auth-token`.
    ApiCookiesAndToken,
}

/// A response with what it does to the browser.
pub trait WithBrowserEffects {
    /// Attaches effects, for [`apply`] to turn into headers; they replace any attached before.
    fn with_effects(self, effects: BrowserEffects) -> Response;
}

impl<R: IntoResponse> WithBrowserEffects for R {
    fn with_effects(self, effects: BrowserEffects) -> Response {
        let mut response = self.into_response();
        response.extensions_mut().insert(effects);
        response
    }
}

/// Effects noted while a request is authenticated by an extractor, which has no response to attach them to.
#[derive(Debug, Clone, Default)]
pub struct NotedEffects(Arc<Mutex<BrowserEffects>>);

impl NotedEffects {
    /// Notes effects, to apply where the response says nothing of its own.
    pub fn note(&self, effects: BrowserEffects) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = effects;
    }

    fn take(&self) -> BrowserEffects {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Turns the effects attached to a response into `Set-Cookie` and `set-auth-token`.
pub async fn apply(
    State((state, transport)): State<(AppState, SessionTransport)>,
    mut request: Request,
    next: Next,
) -> Response {
    let cookies = match transport {
        SessionTransport::Cookies => state.cookies(),
        SessionTransport::ApiCookies | SessionTransport::ApiCookiesAndToken => {
            state.api_cookies(request.headers())
        }
    };
    // A partitioned session ends with the one of our own site that it yields to.
    let other = cookies.partitioned();
    let has_other = cookies.jar() == CookieJar::FirstParty && other.is_sent(request.headers());
    let has_short_session = cookies.is_not_remembered(request.headers());
    // Without a cookie no session can be renewed, so nothing is noted.
    let noted = request.headers().contains_key(header::COOKIE).then(NotedEffects::default);
    if let Some(noted) = &noted {
        request.extensions_mut().insert(noted.clone());
    }
    let mut response = next.run(request).await;
    let attached: BrowserEffects = response.extensions_mut().remove().unwrap_or_default();
    let effects = attached.or(noted.map(|noted| noted.take()).unwrap_or_default());
    let sessions = &state.services.sessions;
    match &effects.session {
        SessionEffect::Unchanged => {}
        SessionEffect::Opened(session) | SessionEffect::Renewed(session) => {
            set_cookies(&mut response, cookies.opened(sessions, session, has_short_session));
            if transport == SessionTransport::ApiCookiesAndToken
                && sessions.bearer_enabled()
                && let Ok(token) = HeaderValue::try_from(sessions.cookie_value(&session.id))
            {
                response.headers_mut().insert("set-auth-token", token);
            }
        }
        SessionEffect::Ended => {
            set_cookies(&mut response, cookies.ended());
            if has_other {
                set_cookies(&mut response, other.ended());
            }
        }
    }
    if let DeviceEffect::Remembered(device) = &effects.device {
        set_cookies(&mut response, cookies.new_device(sessions, device));
    }
    response
}
