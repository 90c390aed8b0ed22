//! `GET /token` and `GET /jwks`.

use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use domain::Renewal;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::request::ok_json;
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, errors::ApiError,
};

/// The query of token.
#[derive(Debug, Deserialize)]
pub struct TokenQuery {
    audience: Option<String>,
}

/// A JWT for the named audience, or for our own origin.
pub async fn token(
    State(state): State<AppState>,
    query: Result<Query<TokenQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Ok(Query(TokenQuery { audience })) = query else {
        return Err(Problem::new(Code::UnknownAudience).into());
    };
    let auth = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let signed_in = auth.signed_in()?;
    let token = state.services.tokens.issue(signed_in, audience.as_deref()).map_err(Problems::from)?;
    Ok(ok_json(json!({ "token": token })).with_effects(auth.effects()))
}

/// The public keys. Verifiers may keep them for five minutes.
pub async fn jwks(State(state): State<AppState>) -> Response {
    let mut response = ok_json(state.services.tokens.jwks()).into_response();
    let cache = HeaderValue::from_static("public, max-age=300, stale-while-revalidate=60");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}
