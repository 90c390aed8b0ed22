//! `GET /get-session`, `POST /sign-out` and the older `session/refresh`.

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
    body::Accepts,
    call::{Call, answer, settle, with_session, without_session},
};
use crate::http::{actor::Actor, problem::Refused, state::Edge};

/// The query of get-session.
#[derive(Debug, Deserialize)]
pub struct SessionQuery {
    #[serde(rename = "disableRefresh")]
    disable_refresh: Option<String>,
}

/// The session and its reader, or `null`. Renews the session when that is due.
pub async fn get_session(
    State(edge): State<Edge>,
    query: Result<Query<SessionQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Refused> {
    let disabled = query.ok().and_then(|Query(query)| query.disable_refresh);
    let renewal = match disabled.as_deref() {
        Some("true" | "1") => Renewal::Never,
        _ => Renewal::WhenDue,
    };
    let actor = Actor::of(&edge, request.headers(), renewal).await?;
    let signed_in = actor.session.as_ref().map(|resolved| &resolved.signed_in);
    let body = signed_in.map(|signed_in| session_and_user(&edge, signed_in));
    let mut response = settle(&edge, request.headers(), &actor, answer(body));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if let (Some(signed_in), true) = (signed_in, edge.services.sessions.bearer_enabled()) {
        let token = edge.services.tokens.issue(signed_in, None).map_err(Problems::from)?;
        if let Ok(token) = HeaderValue::try_from(token) {
            response.headers_mut().insert("set-auth-jwt", token);
        }
    }
    Ok(response)
}

/// `POST /get-session` belongs to a mode of the reference in which reading a session does not renew it.
pub async fn deferred_refresh() -> Refused {
    Problem::new(Code::DeferredRefreshDisabled).into()
}

/// Renews the session now and answers it.
pub async fn refresh(State(edge): State<Edge>, request: Request) -> Result<Response, Refused> {
    let call = Call::read(&edge, request, Accepts::Json).await?;
    let actor = Actor::of(&edge, &call.parts.headers, Renewal::Now).await?;
    let response = match actor.signed_in() {
        Ok(signed_in) => {
            let response = answer(session_and_user(&edge, signed_in));
            with_session(&edge, &call.parts.headers, &signed_in.session, response)
        }
        Err(problem) => refuse(&edge, &actor, problem),
    };
    Ok(response)
}

/// Ends the session, if there is one, and clears the cookies in any case.
pub async fn sign_out(State(edge): State<Edge>, request: Request) -> Result<Response, Refused> {
    let call = Call::read(&edge, request, Accepts::Json).await?;
    let actor = Actor::of(&edge, &call.parts.headers, Renewal::Never).await?;
    if let Some(presented) = &actor.presented {
        edge.services.sessions.end(presented).await?;
    }
    Ok(without_session(&edge, answer(json!({ "success": true }))))
}

/// A refusal that also clears the cookies of a session that has ended.
pub fn refuse(edge: &Edge, actor: &Actor, problem: Problem) -> Response {
    use axum::response::IntoResponse;
    let response = Refused::from(problem).into_response();
    if actor.is_stale() { without_session(edge, response) } else { response }
}

fn session_and_user(edge: &Edge, signed_in: &SignedIn) -> SessionAndUser {
    SessionAndUser {
        session: edge.services.sessions.body(&signed_in.session),
        user: edge.services.user_body(&signed_in.user),
    }
}
