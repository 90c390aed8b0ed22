//! `POST /oauth2/token`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::{Client, ClientKind, IssuedTokens, OAuthError, OAuthErrorCode, Oidc};
use http::{HeaderValue, header};
use serde::Serialize;

use super::{
    refresh_cookie::{RefreshCookie, is_from_page_of},
    request::ClientRequest,
};
use crate::http::{app_state::AppState, cookies::set_cookies, errors::OAuthErrorResponse};

/// Tokens (RFC 6749 section 5.1).
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Exchanges an authorization code or a refresh token for tokens.
pub async fn token(State(state): State<AppState>, request: Request) -> Result<Response, OAuthErrorResponse> {
    let request = ClientRequest::read(&state, request).await?;
    let oidc = &state.services.oidc;
    state.services.tokens.reload_if_stale().await;
    let client = request.authenticate(&state).await?;
    check_origin(&client, &request)?;
    let grant_type = request.parameters.get("grant_type")?;
    let issued = match grant_type {
        Some("authorization_code") => oidc.exchange_code(&client, &request.parameters).await,
        Some("refresh_token") => refresh(&state, &client, &request).await,
        Some(_) => Err(OAuthError::new(
            OAuthErrorCode::UnsupportedGrantType,
            "Only grant_type authorization_code and refresh_token are supported.",
        )),
        None => Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            "grant_type is missing. Send authorization_code or refresh_token.",
        )),
    };
    let cookie = own_cookie(&state, &client, &request);
    match issued {
        Ok(issued) => Ok(respond(&client, issued, cookie)),
        Err(error) => {
            let is_dead = error.code == OAuthErrorCode::InvalidGrant && grant_type == Some("refresh_token");
            let mut response = OAuthErrorResponse::from(error).into_response();
            set_cookies(&mut response, cookie.filter(|_| is_dead).and_then(|cookie| cookie.forget()));
            Ok(response)
        }
    }
}

/// Refuses a page of another origin that sends the id of a browser client.
fn check_origin(client: &Client, request: &ClientRequest) -> Result<(), OAuthError> {
    let headers = &request.parts.headers;
    let is_browser = client.kind() == ClientKind::Browser;
    if is_browser && headers.contains_key(header::ORIGIN) && !is_from_page_of(client, headers) {
        let description = "The Origin of the request is none of the client's origins. Add it to them.";
        return Err(OAuthError::new(OAuthErrorCode::UnauthorizedClient, description));
    }
    Ok(())
}

/// The refresh cookie of a browser client whose own page asks.
fn own_cookie(state: &AppState, client: &Client, request: &ClientRequest) -> Option<RefreshCookie> {
    let is_own = client.kind() == ClientKind::Browser && is_from_page_of(client, &request.parts.headers);
    is_own.then(|| RefreshCookie::of(state, client))
}

async fn refresh(
    state: &AppState,
    client: &Client,
    request: &ClientRequest,
) -> Result<IssuedTokens, OAuthError> {
    let token = match client.kind() {
        ClientKind::Browser => {
            own_cookie(state, client, request).and_then(|cookie| cookie.read(&request.parts.headers))
        }
        ClientKind::Confidential | ClientKind::Native => {
            request.parameters.get("refresh_token")?.map(str::to_owned)
        }
    };
    let token = token.ok_or_else(Oidc::nothing_to_refresh)?;
    state.services.oidc.refresh(client, &token, &request.parameters).await
}

fn respond(client: &Client, issued: IssuedTokens, cookie: Option<RefreshCookie>) -> Response {
    let IssuedTokens { access_token, id_token, refresh_token, refresh_lifetime } = issued;
    let in_cookie = client.kind() == ClientKind::Browser;
    let kept = cookie.zip(refresh_token.as_deref());
    let kept = kept.and_then(|(cookie, token)| cookie.keep(token, refresh_lifetime));
    let body = TokenResponse {
        access_token: access_token.token,
        token_type: "Bearer",
        expires_in: access_token.expires_in,
        scope: access_token.scopes.to_string(),
        id_token,
        refresh_token: refresh_token.filter(|_| !in_cookie),
    };
    let mut response = Json(body).into_response();
    set_cookies(&mut response, kept);
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
