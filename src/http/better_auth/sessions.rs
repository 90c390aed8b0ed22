//! `GET /get-session`, `POST /sign-out`, the older `session/refresh`, and the list of sessions.

use axum::{
    extract::{Query, Request, State},
    response::Response,
};
use contract::{Code, Problem, Problems, Questions, SessionAndUser};
use domain::{BrowserEffects, ClientInfo, InternalError, Renewal, SessionsRevoked, SignedIn};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{get_operation, post_operation},
    request::{ApiRequest, ok_json, with_effects_of},
    shared_bodies::{Anything, Done},
};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::{
        examples,
        operation::{Auth, Operation, Tag},
        values,
    },
};

/// The query of get-session.
#[derive(Debug, Deserialize)]
pub struct SessionQuery {
    #[serde(rename = "disableRefresh")]
    disable_refresh: Option<String>,
}

/// There is no session any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    #[schema(schema_with = values::always_true)]
    success: bool,
}

/// Which session.
#[derive(Debug, ToSchema)]
#[schema(as = SessionName)]
pub struct RevokeSessionBody {
    /// The `token` or the `id` of a session of the list.
    token: String,
}

impl RequestBody for RevokeSessionBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        Ok(Self { token: fields.get("token")? })
    }
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
        state.services.tokens.reload_if_stale().await;
        let token = state.services.tokens.issue(signed_in, None).map_err(Problems::from)?;
        if let Ok(token) = HeaderValue::try_from(token) {
            response.headers_mut().insert("set-auth-jwt", token);
        }
    }
    Ok(response)
}

/// The description of [`get_session`].
pub fn get_session_operation(questions: &Questions) -> Operation {
    let path = "/api/auth/get-session";
    get_operation(path, "getSession", Tag::Sessions, "Who is signed in", Auth::OptionalSession)
        .description("Renews the session when that is due.")
        .query_text("disableRefresh", false, "`true` or `1`: it is not renewed.")
        .nullable_response("The session and its reader, or `null`.", &examples::session_and_user(questions))
}

/// `POST /get-session` belongs to a mode of the reference in which reading a session does not renew it.
pub async fn deferred_refresh() -> ApiError {
    Problem::new(Code::DeferredRefreshDisabled).into()
}

/// The description of [`deferred_refresh`], which Better Auth's client calls to find out.
pub fn deferred_refresh_operation() -> Operation {
    let route = ("post", "/api/auth/get-session");
    let summary = "Always refused: a mode of Better Auth that is not here";
    Operation::new(route, "getSessionDeferred", Tag::Sessions, summary, Auth::Public)
        .errors(&[Code::DeferredRefreshDisabled, Code::TooManyRequests])
}

/// Renews the session now and answers it.
pub async fn refresh(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<Anything>::read(&state, request).await?;
    let auth = Authentication::of(&state, &call.parts.headers, Renewal::Now).await?;
    let signed_in = auth.signed_in()?;
    let effects = BrowserEffects::renewed(signed_in.session.clone());
    Ok(ok_json(session_and_user(&state, signed_in)).with_effects(effects))
}

/// The description of [`refresh`].
pub fn refresh_operation(questions: &Questions) -> Operation {
    let (path, id) = ("/api/auth/session/refresh", "refreshSession");
    post_operation(path, id, Tag::Sessions, "Renew the session now", Auth::Session)
        .body::<Anything>(&json!({}))
        .response(200, "The session, renewed.", &examples::session_and_user(questions))
        .response_header("Set-Cookie")
}

/// Ends the session, if there is one, and clears the cookies in any case.
pub async fn sign_out(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<Anything>::read(&state, request).await?;
    let auth = Authentication::of(&state, &call.parts.headers, Renewal::Never).await?;
    let client = state.api_client_info(&call.parts);
    let signed_out = state.services.sessions.sign_out(auth.handle.as_ref(), &client.device).await;
    let (_, effects) = with_effects_of(signed_out, &client)?;
    Ok(ok_json(SignedOut { success: true }).with_effects(effects))
}

/// The description of [`sign_out`].
pub fn sign_out_operation() -> Operation {
    post_operation("/api/auth/sign-out", "signOut", Tag::Account, "Sign out", Auth::OptionalSession)
        .description("With or without a session; the cookies are cleared.")
        .body::<Anything>(&json!({}))
        .response(200, "There is no session any more.", &SignedOut { success: true })
        .response_header("Set-Cookie")
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

/// The description of [`list`].
pub fn list_operation() -> Operation {
    let (path, id) = ("/api/auth/list-sessions", "listSessions");
    get_operation(path, id, Tag::Sessions, "Where the reader is signed in", Auth::Session)
        .description("The last used first. Needs a session that was opened within a day.")
        .list_response("The living sessions.", &[examples::session()])
        .errors(&[Code::SessionNotFresh])
}

/// Ends the session a token names, if it is one of the reader's.
pub async fn revoke(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<RevokeSessionBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let client = state.api_client_info(&call.parts);
    let revoked = state.services.sessions.revoke(auth.signed_in()?, &call.body.token, &client.device).await;
    respond(revoked, &client, &auth)
}

/// The description of [`revoke`].
pub fn revoke_operation() -> Operation {
    post_operation("/api/auth/revoke-session", "revokeSession", Tag::Sessions, "End a session", Auth::Session)
        .description("Answers the same whether or not there was such a session of the reader's.")
        .body::<RevokeSessionBody>(&json!({ "token": examples::TOKEN }))
        .response(200, "It is ended.", &Done::DONE)
        .errors(&[Code::ValidationError])
}

/// Ends every session of the reader, this one too.
pub async fn revoke_all(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<Anything>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let (user, client) = (&auth.signed_in()?.user, state.api_client_info(&call.parts));
    let revoked = state.services.sessions.revoke_all(&user.id, None, &client.device).await;
    respond(revoked, &client, &auth)
}

/// The description of [`revoke_all`].
pub fn revoke_all_operation() -> Operation {
    let (path, id) = ("/api/auth/revoke-sessions", "revokeSessions");
    post_operation(path, id, Tag::Sessions, "End every session, this one too", Auth::Session)
        .body::<Anything>(&json!({}))
        .response(200, "They are ended.", &Done::DONE)
}

/// Ends every session of the reader but this one.
pub async fn revoke_others(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<Anything>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let SignedIn { session, user } = auth.signed_in()?;
    let client = state.api_client_info(&call.parts);
    let revoked = state.services.sessions.revoke_all(&user.id, Some(session), &client.device).await;
    respond(revoked, &client, &auth)
}

/// The description of [`revoke_others`].
pub fn revoke_others_operation() -> Operation {
    let (path, id) = ("/api/auth/revoke-other-sessions", "revokeOtherSessions");
    post_operation(path, id, Tag::Sessions, "End every session but this one", Auth::Session)
        .body::<Anything>(&json!({}))
        .response(200, "They are ended.", &Done::DONE)
}

fn respond(
    revoked: Result<SessionsRevoked, InternalError>,
    client: &ClientInfo,
    auth: &Authentication,
) -> Result<Response, ApiError> {
    let (_, effects) = with_effects_of(revoked, client)?;
    Ok(ok_json(Done::DONE).with_effects(effects.or(auth.effects())))
}

fn session_and_user(state: &AppState, signed_in: &SignedIn) -> SessionAndUser {
    SessionAndUser {
        session: state.services.sessions.body(&signed_in.session),
        user: state.services.user_body(&signed_in.user),
    }
}
