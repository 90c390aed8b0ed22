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

use super::call::{answer, settle};
use crate::http::{actor::Actor, problem::Refused, state::Edge};

/// The query of token.
#[derive(Debug, Deserialize)]
pub struct TokenQuery {
    audience: Option<String>,
}

/// A JWT for the named audience, or for our own origin.
pub async fn token(
    State(edge): State<Edge>,
    query: Result<Query<TokenQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Refused> {
    let Ok(Query(TokenQuery { audience })) = query else {
        return Err(Problem::new(Code::UnknownAudience).into());
    };
    let actor = Actor::of(&edge, request.headers(), Renewal::WhenDue).await?;
    let signed_in = actor.signed_in(&edge)?;
    let token = edge.services.tokens.issue(signed_in, audience.as_deref()).map_err(Problems::from)?;
    Ok(settle(&edge, request.headers(), &actor, answer(json!({ "token": token }))))
}

/// The public keys. Verifiers may keep them for five minutes.
pub async fn jwks(State(edge): State<Edge>) -> Response {
    let mut response = answer(edge.services.tokens.jwks()).into_response();
    let cache = HeaderValue::from_static("public, max-age=300, stale-while-revalidate=60");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}
