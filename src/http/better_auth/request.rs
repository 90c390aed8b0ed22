//! A call of the Better Auth API: what every endpoint does before its own rules, in the order that the wire gives.

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use contract::Problems;
use domain::{BrowserEffects, ClientInfo, HasBrowserEffects, Renewal};
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use super::body::{self, Accepts};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
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
        Ok(state.client_info(&self.parts))
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
    pub async fn authenticate(&self, state: &AppState) -> Result<Authentication, Problems> {
        Authentication::of(state, &self.parts.headers, Renewal::WhenDue).await
    }
}

/// JSON with status 200.
pub fn ok_json(body: impl Serialize) -> Response {
    Json(body).into_response()
}

/// An outcome with what it does to the browser of `client`; a failure keeps its effects, too.
///
/// # Errors
/// The failure as the JSON API answers it.
pub fn with_effects_of<T, E>(
    outcome: Result<T, E>,
    client: &ClientInfo,
) -> Result<(T, BrowserEffects), ApiError>
where
    T: HasBrowserEffects,
    E: HasBrowserEffects + Into<Problems>,
{
    let effects = outcome.browser_effects(client);
    match outcome {
        Ok(outcome) => Ok((outcome, effects)),
        Err(error) => Err(ApiError::with_effects(error, effects)),
    }
}
