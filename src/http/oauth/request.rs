//! Requests of programs: forms with parameters.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem};
use domain::{Client, ClientKind, OAuthError, OAuthErrorCode, Parameters};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

use crate::http::{
    app_state::AppState, errors::OAuthErrorResponse, pages::render_problem, rate_limit, request_body,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// A form that a client sends.
pub struct ClientRequest {
    /// The request without its body.
    pub parts: Parts,
    /// The parameters of the body. Those of the address do not count (RFC 6749 section 3.2).
    pub parameters: Parameters,
}

impl ClientRequest {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// What keeps a form from being read.
    pub async fn read(state: &AppState, request: Request) -> Result<Self, OAuthErrorResponse> {
        let (parts, body) = request.into_parts();
        let bytes = request_body::collect(&parts, body).await?;
        if !is_form(&parts.headers) {
            return Err(Problem::new(Code::UnsupportedMediaType).into());
        }
        let parameters = Parameters::parse(&bytes);
        refresh(state, &parameters).await;
        Ok(Self { parts, parameters })
    }

    /// The client that sends the request. A client that has proved its secret is not counted, because it asks for many readers
    /// from one address; anybody else is.
    ///
    /// # Errors
    /// `invalid_client`, `invalid_request`, `TOO_MANY_REQUESTS`.
    pub async fn authenticate(&self, state: &AppState) -> Result<Arc<Client>, OAuthErrorResponse> {
        let authenticated = self.authorization().and_then(|authorization| {
            Ok(state.services.oidc.authenticate_client(authorization, &self.parameters)?)
        });
        let has_proved = authenticated.as_ref().is_ok_and(|client| client.kind() == ClientKind::Confidential);
        if !has_proved {
            rate_limit::form(state, &self.parts).await?;
        }
        authenticated
    }

    /// The `Authorization` header.
    ///
    /// # Errors
    /// `invalid_client` when it is no text.
    pub fn authorization(&self) -> Result<Option<&str>, OAuthErrorResponse> {
        let Some(value) = self.parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let unreadable = OAuthError::new(
            OAuthErrorCode::InvalidClient,
            "The Authorization header cannot be read. Send Basic with base64 of id:secret.",
        );
        value.to_str().map(Some).map_err(|_| unreadable.into())
    }
}

/// Looks for the client that the address names when it is not known, because it may have been registered a moment ago.
pub async fn refresh_client(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if let Some(query) = request.uri().query() {
        refresh(&state, &Parameters::parse(query.as_bytes())).await;
    }
    next.run(request).await
}

async fn refresh(state: &AppState, parameters: &Parameters) {
    let clients = &state.services.clients;
    clients.reload_if_stale().await;
    if let Ok(Some(id)) = parameters.get("client_id") {
        clients.find_or_reload(id).await;
    }
}

/// A 303 to the same address with the parameters in it, so that what follows is a GET: only that carries the reader's
/// cookie when another site begins it.
pub async fn redirect_to_get(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let uri = parts.uri.clone();
    let read = async {
        rate_limit::form(&state, &parts).await?;
        let bytes = request_body::collect(&parts, body).await?;
        let is_form = is_form(&parts.headers);
        is_form.then_some(bytes).ok_or_else(|| Problem::new(Code::UnsupportedMediaType))
    };
    let bytes = match read.await {
        Ok(bytes) => bytes,
        Err(problem) => return render_problem(&state, uri, problem).await,
    };
    let location = [uri.path().as_bytes(), b"?", &bytes].concat();
    match HeaderValue::from_bytes(&location).ok().filter(|location| location.to_str().is_ok()) {
        Some(location) => see_other(location),
        None => render_problem(&state, uri, Problem::new(Code::MalformedRequest)).await,
    }
}

/// A 303 that no cache keeps and whose address no `Referer` tells (RFC 9700 section 4.2.4).
pub fn see_other(location: HeaderValue) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM))
}
