//! Parts of a page that islands load while it is open: the same server functions that render the page, called with JSON.

use std::sync::Arc;

use app::server::{self, FragmentFunction};
use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use http::{HeaderValue, header, request::Parts};

use super::request::PageRequest;
use crate::http::{
    app_state::AppState, browser_effects::WithBrowserEffects, csrf::OriginPolicy, errors::ApiError,
    rate_limit, request_body,
};

/// Calls a server function on behalf of a page of ours. Only JSON is read, which no other site can send without being
/// allowed to.
pub async fn load<F: FragmentFunction>(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match PageRequest::load(&state, &parts).await {
        Ok(page_request) => {
            let effects = page_request.effects.clone();
            let response = call::<F>(&state, &parts, body, page_request).await;
            response.unwrap_or_else(|problems| ApiError::from(problems).into_response()).with_effects(effects)
        }
        Err(problems) => ApiError::from(problems).into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn call<F: FragmentFunction>(
    state: &AppState,
    parts: &Parts,
    body: Body,
    PageRequest { visitor, .. }: PageRequest,
) -> Result<Response, Problems> {
    state.site.trusted_origins.only_self().check_origin(&parts.headers, OriginPolicy::FromBrowser)?;
    rate_limit::form(state, parts).await?;
    let arguments = request_body::read(parts, body, request_body::Accepts::Json).await?.unwrap_or_default();
    if visitor.signed_in.is_none() {
        return Err(Problem::new(Code::Unauthorized).into());
    }
    let function: F = serde_json::from_value(arguments).map_err(|_| Problem::new(Code::MalformedRequest))?;
    let (services, book) = (Arc::clone(&state.services), Arc::clone(&state.site.book));
    match server::run(function, services, book, visitor).await {
        Ok(fragment) => Ok(Json(fragment).into_response()),
        Err(error) => Err(Problem::new(error.0).into()),
    }
}
