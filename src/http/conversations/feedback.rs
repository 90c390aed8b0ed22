//! `PUT` and `DELETE /api/conversations/{id}/messages/{messageId}/feedback`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Problems, conversations::NewFeedback};
use http::StatusCode;

use super::{auth::Caller, messages::read, path_params::PathParams};
use crate::http::{app_state::AppState, errors::ProblemResponse};

/// Keeps what the reader thinks of a message.
pub async fn set(
    State(state): State<AppState>,
    caller: Caller,
    PathParams((id, message_id)): PathParams<(String, String)>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let feedback: NewFeedback = read(request).await?;
    let set = state.services.conversations.set_feedback(caller.user_id(), &id, &message_id, feedback).await;
    Ok(Json(set.map_err(Problems::from)?.feedback).into_response())
}

/// Forgets it.
pub async fn clear(
    State(state): State<AppState>,
    caller: Caller,
    PathParams((id, message_id)): PathParams<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let cleared = state.services.conversations.clear_feedback(caller.user_id(), &id, &message_id).await;
    cleared.map_err(Problems::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
