//! `PUT` and `DELETE /api/conversations/{id}/messages/{messageId}/feedback`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Problems, conversations::NewFeedback};
use http::StatusCode;

use super::{caller::Caller, document::Refused, messages::read, names::Names};
use crate::http::state::Edge;

/// Keeps what the reader thinks of a message.
pub async fn set(
    State(edge): State<Edge>,
    caller: Caller,
    Names((id, message_id)): Names<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let feedback: NewFeedback = read(&edge, request).await?;
    let set = edge.services.conversations.set_feedback(caller.user_id(), &id, &message_id, feedback).await;
    Ok(Json(set.map_err(Problems::from)?.feedback).into_response())
}

/// Forgets it.
pub async fn clear(
    State(edge): State<Edge>,
    caller: Caller,
    Names((id, message_id)): Names<(String, String)>,
) -> Result<Response, Refused> {
    let cleared = edge.services.conversations.clear_feedback(caller.user_id(), &id, &message_id).await;
    cleared.map_err(Problems::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
