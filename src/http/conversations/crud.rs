//! `/api/conversations`, `/api/conversations/{id}` and `/api/me`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{
    Problems,
    conversations::{ConversationChange, ConversationStatus, NewConversation},
    routes,
};
use http::{HeaderValue, StatusCode, Uri, header};

use super::{auth::Caller, messages::read, path_params::PathParams, query::Parameters};
use crate::http::{app_state::AppState, errors::ProblemResponse};

type Answer = Result<Response, ProblemResponse>;

/// `GET /api/conversations`: a page of the reader's conversations, the last active first.
pub async fn list(State(state): State<AppState>, caller: Caller, uri: Uri) -> Answer {
    let parameters = Parameters::of(&uri);
    let (asked, values) = (parameters.asked()?, "active or archived");
    let status = parameters.one_of("status", ConversationStatus::parse, values)?;
    let page = state.services.conversations.list(caller.user_id(), status, asked).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}

/// `POST /api/conversations`: 201 with a new conversation, 200 with the one that the reader already has of this name.
pub async fn create(State(state): State<AppState>, caller: Caller, request: Request) -> Answer {
    let new: NewConversation = read(request).await?;
    let created = state.services.conversations.create(caller.user_id(), new).await;
    let (conversation, is_new) = created.map_err(Problems::from)?;
    let location = format!("{}/{}", routes::API_CONVERSATIONS, conversation.id);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(conversation)).into_response();
    if let Some(location) = HeaderValue::try_from(location).ok().filter(|_| is_new) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /api/conversations/{id}`.
pub async fn find(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    let found = state.services.conversations.find(caller.user_id(), &id).await;
    Ok(Json(found.map_err(Problems::from)?).into_response())
}

/// `PATCH /api/conversations/{id}`: title, status, head, metadata.
pub async fn update(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    request: Request,
) -> Answer {
    let change: ConversationChange = read(request).await?;
    let updated = state.services.conversations.update(caller.user_id(), &id, change).await;
    Ok(Json(updated.map_err(Problems::from)?).into_response())
}

/// `DELETE /api/conversations/{id}`: hidden at once, gone ten minutes later.
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    state.services.conversations.delete(caller.user_id(), &id).await.map_err(Problems::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/conversations/{id}/restore`: shows a deleted conversation again, within the ten minutes.
pub async fn restore(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    let restored = state.services.conversations.restore(caller.user_id(), &id).await;
    Ok(Json(restored.map_err(Problems::from)?).into_response())
}

/// `GET /api/me`: the reader behind the token or the cookie.
pub async fn me(State(state): State<AppState>, caller: Caller) -> Response {
    Json(state.services.user_body(&caller.signed_in.user)).into_response()
}
