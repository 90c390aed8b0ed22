//! `GET /token` and `GET /jwks`.

use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use domain::Renewal;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{operation::get_operation, request::ok_json};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::operation::{Auth, Operation, Tag},
};

/// The query of token.
#[derive(Debug, Deserialize)]
pub struct TokenQuery {
    audience: Option<String>,
}

/// A token for services.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// A JWT, for 15 minutes unless configured otherwise.
    token: String,
}

/// The public keys (RFC 7517).
#[derive(Debug, ToSchema)]
#[schema(as = Keys)]
#[expect(dead_code, reason = "describes the answer, which the key ring has as JSON")]
pub struct Jwks {
    #[schema(inline)]
    keys: Vec<Jwk>,
}

/// A public key.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the answer")]
struct Jwk {
    /// Its name.
    kid: String,
    /// Its kind.
    kty: String,
    /// Its algorithm.
    alg: String,
    /// `sig`.
    r#use: String,
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
    state.services.tokens.reload_if_stale().await;
    let token = state.services.tokens.issue(signed_in, audience.as_deref()).map_err(Problems::from)?;
    Ok(ok_json(Token { token }).with_effects(auth.effects()))
}

/// The description of [`token`].
pub fn token_operation() -> Operation {
    let example = Token { token: "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIi...".into() };
    get_operation("/api/auth/token", "getToken", Tag::Tokens, "A token for services", Auth::Session)
        .query_text("audience", false, "A declared audience. Without one the token is for Bookplate itself.")
        .response(200, "A JWT.", &example)
        .errors(&[Code::UnknownAudience])
}

/// The public keys. Verifiers may keep them for five minutes.
pub async fn jwks(State(state): State<AppState>) -> Response {
    state.services.tokens.reload_if_stale().await;
    let mut response = ok_json(state.services.tokens.jwks()).into_response();
    let cache = HeaderValue::from_static("public, max-age=300, stale-while-revalidate=60");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

/// The description of [`jwks`].
pub fn jwks_operation() -> Operation {
    let key = json!({ "kid": "k1", "kty": "EC", "alg": "ES256", "use": "sig", "crv": "P-256", "x": "...", "y": "..." });
    let summary = "The public keys that tokens are checked with";
    get_operation("/api/auth/jwks", "getKeys", Tag::Tokens, summary, Auth::Public)
        .description("May be kept for five minutes.")
        .json_response::<Jwks>(200, "The keys.", &json!({ "keys": [key] }))
}
