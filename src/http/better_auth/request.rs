//! One call on the JSON door: what every endpoint does before its own rules, in the order the wire gives.

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use contract::Problems;
use domain::{ClientInfo, Renewal, Session};
use http::{HeaderMap, HeaderValue, request::Parts};
use serde::Serialize;
use serde_json::Value;

use super::body::{self, Accepts};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    cookies::set_cookies,
    csrf::{CALLBACKS, OriginPolicy},
    errors::ApiError,
};

/// A state-changing call whose body is read and which comes from where it may.
#[derive(Debug)]
pub struct ApiRequest {
    /// The request without its body.
    pub parts: Parts,
    /// The body; `None` when there is none.
    pub body: Option<Value>,
}

impl ApiRequest {
    /// Reads the body, then checks where a call with a cookie comes from, then where it asks to be sent.
    ///
    /// # Errors
    /// The first of these that refuses.
    pub async fn read(state: &AppState, request: Request, accepts: Accepts) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = body::read(&parts.headers, body, accepts).await?;
        state.site.trusted_origins.check_origin(&parts.headers, OriginPolicy::WithCookie)?;
        let callbacks = CALLBACKS.iter().filter_map(|(name, code)| Some((body.as_ref()?.get(name)?, *code)));
        for (callback, code) in callbacks.filter(|(callback, _)| !callback.is_null()) {
            state.site.trusted_origins.check_callback(callback, code)?;
        }
        Ok(Self { parts, body })
    }

    /// Checks that nobody is being signed in from another site.
    ///
    /// # Errors
    /// As [`crate::http::guard::TrustedOrigins::check_origin`].
    pub fn check_sign_in(&self, state: &AppState) -> Result<ClientInfo, ApiError> {
        state.site.trusted_origins.check_origin(&self.parts.headers, OriginPolicy::FromBrowser)?;
        Ok(state.visit(&self.parts))
    }

    /// Where the call asks a mailed link to lead in the end; `default` when it does not say.
    pub fn callback(&self, name: &str, default: &str) -> String {
        let asked = self.body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str);
        asked.unwrap_or(default).to_owned()
    }

    /// Who is calling, renewing the session when that is due.
    ///
    /// # Errors
    /// The problems of a failing database.
    pub async fn actor(&self, state: &AppState) -> Result<Authentication, Problems> {
        Authentication::of(state, &self.parts.headers, Renewal::WhenDue).await
    }
}

/// Gives the browser the cookies of a session it has just signed in for, and what tells that it has been here.
pub fn set_new_session_cookies(
    state: &AppState,
    request: &HeaderMap,
    visit: &ClientInfo,
    session: &Session,
    response: Response,
) -> Response {
    with_session(state, request, session, remember_device(state, visit, response))
}

/// Gives a browser that is new here what tells that it has been here, after its reader has proved to be the reader.
pub fn remember_device(state: &AppState, visit: &ClientInfo, mut response: Response) -> Response {
    let browser = visit.browser.as_ref();
    let cookie = browser.and_then(|browser| state.cookies().new_device(&state.services.sessions, browser));
    set_cookies(&mut response, cookie.into_iter().collect());
    response
}

/// JSON with status 200.
pub fn ok_json(body: impl Serialize) -> Response {
    Json(body).into_response()
}

/// Gives the browser the cookies of a session that was opened or renewed; with bearer sessions on, its token too.
pub fn with_session(
    state: &AppState,
    request: &HeaderMap,
    session: &Session,
    mut response: Response,
) -> Response {
    let sessions = &state.services.sessions;
    set_cookies(&mut response, state.cookies().opened(request, sessions, session));
    if sessions.bearer_enabled()
        && let Ok(token) = HeaderValue::try_from(sessions.cookie_value(&session.id))
    {
        response.headers_mut().insert("set-auth-token", token);
    }
    response
}

/// Takes the cookies of a browser whose session has ended.
pub fn without_session(state: &AppState, mut response: Response) -> Response {
    set_cookies(&mut response, state.cookies().ended());
    response
}

/// The answer that belongs to an actor's session: its cookie again when it was renewed, cleared when it has ended.
pub fn refresh_session_cookie(
    state: &AppState,
    request: &HeaderMap,
    actor: &Authentication,
    response: Response,
) -> Response {
    match &actor.session {
        Some(resolved) if resolved.renewed => {
            with_session(state, request, &resolved.signed_in.session, response)
        }
        None if actor.is_stale() => without_session(state, response),
        _ => response,
    }
}
