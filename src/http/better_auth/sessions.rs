//! `GET /get-session`, `POST /sign-out`, the older `session/refresh`, and the list of sessions.

use axum::{
    extract::{Query, Request, State},
    response::Response,
};
use contract::{Code, Problem, Problems, SessionAndUser};
use domain::{BrowserEffects, ClientInfo, InternalError, Renewal, SessionsRevoked, SignedIn};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    body::{Accepts, BodyFields},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, errors::ApiError,
};

/// The query of get-session.
#[derive(Debug, Deserialize)]
pub struct SessionQuery {
    #[serde(rename = "disableRefresh")]
    disable_refresh: Option<String>,
}

/// The session and its reader, or `null`. Renews the session when that is due.
pub async fn get_session(
    State(state): State<AppState>,
    query: Result<Query<SessionQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let disabled = query.ok().and_then(|Query(query)| query.disable_refresh);
    let renewal = match disabled.as_deref() {
        Some("true" | "1") => Renewal::Never,
        _ => Renewal::WhenDue,
    };
    let auth = Authentication::of(&state, request.headers(), renewal).await?;
    let signed_in = auth.session.as_ref().map(|resolved| &resolved.signed_in);
    let body = signed_in.map(|signed_in| session_and_user(&state, signed_in));
    let mut response = ok_json(body).with_effects(auth.effects());
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if let (Some(signed_in), true) = (signed_in, state.services.sessions.bearer_enabled()) {
        let token = state.services.tokens.issue(signed_in, None).map_err(Problems::from)?;
        if let Ok(token) = HeaderValue::try_from(token) {
            response.headers_mut().insert("set-auth-jwt", token);
        }
    }
    Ok(response)
}

/// `POST /get-session` belongs to a mode of the reference in which reading a session does not renew it.
pub async fn deferred_refresh() -> ApiError {
    Problem::new(Code::DeferredRefreshDisabled).into()
}

/// Renews the session now and answers it.
pub async fn refresh(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let auth = Authentication::of(&state, &call.parts.headers, Renewal::Now).await?;
    let signed_in = auth.signed_in()?;
    let effects = BrowserEffects::renewed(signed_in.session.clone());
    Ok(ok_json(session_and_user(&state, signed_in)).with_effects(effects))
}

/// Ends the session, if there is one, and clears the cookies in any case.
pub async fn sign_out(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let auth = Authentication::of(&state, &call.parts.headers, Renewal::Never).await?;
    let client = state.client_info(&call.parts);
    let signed_out = state.services.sessions.sign_out(auth.presented.as_ref(), &client.device).await;
    let (_, effects) = with_effects_of(signed_out, &client)?;
    Ok(ok_json(json!({ "success": true })).with_effects(effects))
}

/// The reader's sessions. Needs a fresh one, as the list says where the reader is.
pub async fn list(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let auth = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let signed_in = auth.signed_in()?;
    let sessions = &state.services.sessions;
    if !sessions.is_fresh(&signed_in.session) {
        return Err(Problem::new(Code::SessionNotFresh).into());
    }
    let listed = sessions.list(&signed_in.user.id).await?;
    let bodies: Vec<_> = listed.iter().map(|session| sessions.body(session)).collect();
    Ok(ok_json(bodies).with_effects(auth.effects()))
}

/// Ends the session a token names, if it is one of the reader's.
pub async fn revoke(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let token = shape.text("token", |text| Ok(text.to_owned())).unwrap_or_default();
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let client = state.client_info(&call.parts);
    let revoked = state.services.sessions.revoke(auth.signed_in()?, &token, &client.device).await;
    respond(revoked, &client, &auth)
}

/// Ends every session of the reader, this one too.
pub async fn revoke_all(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let auth = call.authenticate(&state).await?;
    let (user, client) = (&auth.signed_in()?.user, state.client_info(&call.parts));
    let revoked = state.services.sessions.revoke_all(&user.id, None, &client.device).await;
    respond(revoked, &client, &auth)
}

/// Ends every session of the reader but this one.
pub async fn revoke_others(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let auth = call.authenticate(&state).await?;
    let SignedIn { session, user } = auth.signed_in()?;
    let client = state.client_info(&call.parts);
    let revoked = state.services.sessions.revoke_all(&user.id, Some(session), &client.device).await;
    respond(revoked, &client, &auth)
}

fn respond(
    revoked: Result<SessionsRevoked, InternalError>,
    client: &ClientInfo,
    auth: &Authentication,
) -> Result<Response, ApiError> {
    let (_, effects) = with_effects_of(revoked, client)?;
    Ok(ok_json(json!({ "status": true })).with_effects(effects.or(auth.effects())))
}

fn session_and_user(state: &AppState, signed_in: &SignedIn) -> SessionAndUser {
    SessionAndUser {
        session: state.services.sessions.body(&signed_in.session),
        user: state.services.user_body(&signed_in.user),
    }
}
