//! `GET /get-session`, `POST /sign-out`, the older `session/refresh`, and the list of sessions.

use axum::{
    extract::{Query, Request, State},
    response::Response,
};
use contract::{Code, Problem, Problems, SessionAndUser};
use domain::{Renewal, SignedIn};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    body::{Accepts, BodyFields},
    request::{ApiRequest, ok_json, refresh_session_cookie, with_session, without_session},
};
use crate::http::{app_state::AppState, authn::Authentication, errors::ApiError};

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
    let actor = Authentication::of(&state, request.headers(), renewal).await?;
    let signed_in = actor.session.as_ref().map(|resolved| &resolved.signed_in);
    let body = signed_in.map(|signed_in| session_and_user(&state, signed_in));
    let mut response = refresh_session_cookie(&state, request.headers(), &actor, ok_json(body));
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
    let actor = Authentication::of(&state, &call.parts.headers, Renewal::Now).await?;
    let signed_in = actor.signed_in(&state)?;
    let response = ok_json(session_and_user(&state, signed_in));
    Ok(with_session(&state, &call.parts.headers, &signed_in.session, response))
}

/// Ends the session, if there is one, and clears the cookies in any case.
pub async fn sign_out(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let actor = Authentication::of(&state, &call.parts.headers, Renewal::Never).await?;
    if let Some(presented) = &actor.presented {
        let device = state.visit(&call.parts).device;
        state.services.sessions.sign_out(presented, &device).await?;
    }
    Ok(without_session(&state, ok_json(json!({ "success": true }))))
}

/// The reader's sessions. Needs a fresh one, as the list says where the reader is.
pub async fn list(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let actor = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let signed_in = actor.signed_in(&state)?;
    let sessions = &state.services.sessions;
    if !sessions.is_fresh(&signed_in.session) {
        return Err(Problem::new(Code::SessionNotFresh).into());
    }
    let listed = sessions.list(&signed_in.user.id).await?;
    let bodies: Vec<_> = listed.iter().map(|session| sessions.body(session)).collect();
    Ok(refresh_session_cookie(&state, request.headers(), &actor, ok_json(bodies)))
}

/// Ends the session a token names, if it is one of the reader's.
pub async fn revoke(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let token = shape.text("token", |text| Ok(text.to_owned())).unwrap_or_default();
    shape.finish()?;
    let actor = call.actor(&state).await?;
    let SignedIn { session, user } = actor.signed_in(&state)?;
    let device = state.visit(&call.parts).device;
    state.services.sessions.revoke(&user.id, &token, &device).await?;
    let response = ok_json(json!({ "status": true }));
    let own = state.services.sessions.names(&token, session);
    Ok(if own {
        without_session(&state, response)
    } else {
        refresh_session_cookie(&state, &call.parts.headers, &actor, response)
    })
}

/// Ends every session of the reader, this one too.
pub async fn revoke_all(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let actor = call.actor(&state).await?;
    let user = &actor.signed_in(&state)?.user;
    let device = state.visit(&call.parts).device;
    state.services.sessions.revoke_all(&user.id, None, &device).await?;
    Ok(without_session(&state, ok_json(json!({ "status": true }))))
}

/// Ends every session of the reader but this one.
pub async fn revoke_others(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let actor = call.actor(&state).await?;
    let SignedIn { session, user } = actor.signed_in(&state)?;
    let device = state.visit(&call.parts).device;
    state.services.sessions.revoke_all(&user.id, Some(session), &device).await?;
    Ok(refresh_session_cookie(&state, &call.parts.headers, &actor, ok_json(json!({ "status": true }))))
}

fn session_and_user(state: &AppState, signed_in: &SignedIn) -> SessionAndUser {
    SessionAndUser {
        session: state.services.sessions.body(&signed_in.session),
        user: state.services.user_body(&signed_in.user),
    }
}
