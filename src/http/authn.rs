//! Authentication: the session that a request names.

use std::borrow::Cow;

use contract::{Code, Problem, Problems};
use domain::{ActiveSession, BrowserEffects, Renewal, SessionHandle, SignedIn};
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::{app_state::AppState, errors::ApiError};

/// The session that a request names, and whether it is active.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// The session it names under a valid signature, active or not.
    pub handle: Option<SessionHandle>,
    /// The session, if it is active.
    pub session: Option<ActiveSession>,
}

impl Authentication {
    /// Finds the session a request names, by bearer token (when bearer sessions are on) or by a cookie of the JSON APIs. A bearer token
    /// that names one takes precedence over a cookie; any other is ignored.
    ///
    /// # Errors
    /// The problems of a failing database.
    pub async fn of(state: &AppState, headers: &HeaderMap, renewal: Renewal) -> Result<Self, Problems> {
        let handle = bearer(headers).and_then(|token| state.services.sessions.read_bearer(&token));
        Self::resolve(state, handle.or_else(|| state.api_session(headers)), renewal).await
    }

    /// Finds the session a browser's cookie names.
    ///
    /// # Errors
    /// The problems of a failing database.
    pub async fn of_cookie(
        state: &AppState,
        headers: &HeaderMap,
        renewal: Renewal,
    ) -> Result<Self, Problems> {
        Self::resolve(state, state.cookie_session(headers), renewal).await
    }

    async fn resolve(
        state: &AppState,
        handle: Option<SessionHandle>,
        renewal: Renewal,
    ) -> Result<Self, Problems> {
        let session = match &handle {
            Some(handle) => state.services.sessions.resolve(handle, renewal).await?,
            None => None,
        };
        Ok(Self { handle, session })
    }

    /// What authenticating does to the browser: a renewed session's cookie is sent again, that of one that has ended
    /// is cleared.
    pub fn effects(&self) -> BrowserEffects {
        match &self.session {
            Some(active) if active.renewed => BrowserEffects::renewed(active.signed_in.session.clone()),
            None if self.handle.is_some() => BrowserEffects::ended(),
            _ => BrowserEffects::default(),
        }
    }

    /// The session and its reader.
    ///
    /// # Errors
    /// `UNAUTHORIZED` when there is none, with the cookies that clear one that has ended.
    pub fn signed_in(&self) -> Result<&SignedIn, ApiError> {
        match &self.session {
            Some(resolved) => Ok(&resolved.signed_in),
            None => Err(ApiError::with_effects(Problem::new(Code::Unauthorized), self.effects())),
        }
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1). A session's may come as it stands in its
/// cookie, percent-encoded; no JWT changes by being decoded.
pub fn bearer(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token =
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())?;
    percent_decode_str(token).decode_utf8().ok()
}
