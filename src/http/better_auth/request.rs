//! A state-changing request: what every endpoint checks before its own rules, in the order the wire gives.

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use contract::Problems;
use domain::{BrowserEffects, ClientInfo, HasBrowserEffects, Renewal};
use http::request::Parts;
use serde::Serialize;

use super::fields::RequestBody;
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    csrf::{CALLBACKS, OriginPolicy},
    errors::ApiError,
    request_body,
};

/// A state-changing request with a valid body, from a trusted origin if it has a cookie.
#[derive(Debug)]
pub struct ApiRequest<T> {
    /// The request without its body.
    pub parts: Parts,
    /// The body.
    pub body: T,
}

impl<T: RequestBody> ApiRequest<T> {
    /// Reads the body as JSON or as a form, checks the origin of a request with a cookie, then the callbacks, then reads
    /// the fields: the wire reports the first of these that fails.
    pub async fn read(state: &AppState, request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = request_body::read(&parts, body, T::ACCEPTS).await?;
        state.site.trusted_origins.check_origin(&parts.headers, OriginPolicy::WithCookie)?;
        let callbacks = CALLBACKS.iter().filter_map(|(name, code)| Some((body.as_ref()?.get(name)?, *code)));
        for (callback, code) in callbacks.filter(|(callback, _)| !callback.is_null()) {
            state.site.trusted_origins.check_callback(callback, code)?;
        }
        let body = T::from_json(body.as_ref(), &state.services.questions)?;
        Ok(Self { parts, body })
    }

    /// Checks that another site is not signing the browser in, and describes the client.
    pub fn check_sign_in(&self, state: &AppState) -> Result<ClientInfo, ApiError> {
        state.site.trusted_origins.check_origin(&self.parts.headers, OriginPolicy::FromBrowser)?;
        Ok(state.api_client_info(&self.parts))
    }

    /// The session of the request, renewed when that is due.
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
