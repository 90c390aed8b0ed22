//! `PUT` and `DELETE /api/conversations/{id}/messages/{messageId}/feedback`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{
    Code, Problems,
    conversations::{Feedback, NewFeedback},
};
use http::StatusCode;

use super::{
    auth::Caller,
    messages::read,
    operation::{BODY_CODES, write_operation},
    path_params::PathParams,
};
use crate::http::{
    app_state::AppState,
    errors::ProblemResponse,
    openapi::{
        examples,
        operation::{Operation, Tag},
    },
};

/// Feedback on a message, in the document.
const FEEDBACK: &str = "/api/conversations/{id}/messages/{messageId}/feedback";

/// Keeps what the reader thinks of a message.
pub async fn set(
    State(state): State<AppState>,
    caller: Caller,
    PathParams((id, message_id)): PathParams<(String, String)>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let feedback: NewFeedback = read(&state, &caller, request).await?;
    let set = state.services.conversations.set_feedback(caller.principal(), &id, &message_id, feedback).await;
    Ok(Json(set.map_err(Problems::from)?.feedback).into_response())
}

/// The description of [`set`].
pub fn set_operation() -> Operation {
    write_operation(
        ("put", FEEDBACK),
        "setFeedback",
        Tag::Messages,
        "Say what the reader thinks of a message",
    )
    .json_body::<NewFeedback>(&examples::new_feedback())
    .json_response::<Feedback>(200, "What is stored.", &examples::feedback())
    .errors(&BODY_CODES)
    .errors(&[Code::ConversationNotFound, Code::MessageNotFound, Code::StorageFull])
}

/// Forgets it.
pub async fn clear(
    State(state): State<AppState>,
    caller: Caller,
    PathParams((id, message_id)): PathParams<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let cleared = state.services.conversations.clear_feedback(caller.principal(), &id, &message_id).await;
    cleared.map_err(Problems::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The description of [`clear`].
pub fn clear_operation() -> Operation {
    write_operation(("delete", FEEDBACK), "clearFeedback", Tag::Messages, "Take it back")
        .empty_response(204, "There is none any more.")
        .errors(&[Code::ConversationNotFound, Code::MessageNotFound])
}
