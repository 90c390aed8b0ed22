//! `POST /oauth2/introspect` and `POST /oauth2/revoke`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::{ClientKind, OAuthError, OAuthErrorCode};

use super::{
    refresh_cookie::{RefreshCookie, is_from_page_of},
    request::ClientRequest,
};
use crate::http::{app_state::AppState, cookies::set_cookies, errors::OAuthErrorResponse};

/// Tells a client with a secret about a token (RFC 7662).
pub async fn introspect(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, OAuthErrorResponse> {
    let request = ClientRequest::read(&state, request).await?;
    let client = request.authenticate(&state).await?;
    let answer = state.services.oidc.introspect(&client, &request.parameters).await?;
    Ok(Json(answer).into_response())
}

/// Ends what a client was granted (RFC 7009). A browser client names its token by its cookie.
pub async fn revoke(State(state): State<AppState>, request: Request) -> Result<Response, OAuthErrorResponse> {
    let request = ClientRequest::read(&state, request).await?;
    let oidc = &state.services.oidc;
    let client = request.authenticate(&state).await?;
    let is_own_page = is_from_page_of(&client, &request.parts.headers);
    let cookie =
        (client.kind() == ClientKind::Browser && is_own_page).then(|| RefreshCookie::of(&state, &client));
    let kept = cookie.as_ref().and_then(|cookie| cookie.read(&request.parts.headers));
    let sent = request.parameters.get("token")?.map(str::to_owned);
    let tokens: Vec<String> = sent.into_iter().chain(kept).collect();
    if tokens.is_empty() && cookie.is_none() {
        return Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "token is missing.").into());
    }
    for token in tokens {
        oidc.revoke(&client, &token).await?;
    }
    let mut response = Response::default();
    set_cookies(&mut response, cookie.and_then(|cookie| cookie.forget()));
    Ok(response)
}
