//! `GET` and `POST /oauth2/userinfo`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};

use crate::http::{
    app_state::AppState,
    authn::bearer,
    errors::{OAuthErrorResponse, oauth::unauthorized},
    rate_limit,
};

/// The claims about the reader that an access token opens (OpenID Connect Core 1.0 section 5.3).
pub async fn userinfo(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, OAuthErrorResponse> {
    let (parts, _) = request.into_parts();
    rate_limit::form(&state, &parts).await?;
    let Some(token) = bearer(&parts.headers) else { return Ok(unauthorized()) };
    Ok(Json(state.services.oidc.userinfo(&token).await?).into_response())
}
