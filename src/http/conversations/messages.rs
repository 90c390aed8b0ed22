//! `/api/conversations/{id}/messages` and what is below it.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{
    Code, Problem, Problems, Reason,
    conversations::{Appended, Message, MessageChange, NewMessage, RawJson, read_json},
};
use domain::IdempotencyKey;
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    auth::{Caller, CallerAllowExpired},
    operation::{BODY_CODES, LIST_CODES, read_operation, write_operation},
    path_params::PathParams,
    query::Parameters,
};
use crate::http::{
    app_state::AppState,
    errors::ProblemResponse,
    openapi::{
        examples,
        operation::{Operation, Tag},
    },
    request_body,
};

type Answer = Result<Response, ProblemResponse>;

/// The messages of a conversation, in the document.
const MESSAGES: &str = "/api/conversations/{id}/messages";
/// One message, in the document.
const MESSAGE: &str = "/api/conversations/{id}/messages/{messageId}";

/// The longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

/// `GET /api/conversations/{id}/messages`: a page of messages in their order.
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    uri: Uri,
) -> Answer {
    let parameters = Parameters::of(&uri);
    let (page_request, order) = (parameters.page_request()?, parameters.order()?);
    let page = state.services.conversations.messages(caller.principal(), &id, order, page_request).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}

/// The description of [`list`].
pub fn list_operation() -> Operation {
    read_operation(MESSAGES, "listMessages", Tag::Messages, "The messages of a conversation")
        .description("A page of them in their order, on all branches: `parentId` says which follows which.")
        .query_params(&["limit", "cursor", "order"])
        .page_response::<Message>("A page.", &examples::message())
        .errors(&LIST_CODES)
        .errors(&[Code::ConversationNotFound])
}

/// `POST /api/conversations/{id}/messages`: one message, or several as `{"messages": [...]}`, all or none. 201 when a
/// message is new, 200 when all were there.
pub async fn append(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    request: Request,
) -> Answer {
    let key = idempotency_key(request.headers())?;
    let bytes = collect(&state, &caller, request).await?;
    let messages = parse_batch(&bytes)?;
    let key = key.as_deref().map(|key| IdempotencyKey { key, body: &bytes });
    let appended = state.services.conversations.append(caller.principal(), &id, messages, key).await;
    let (appended, is_new) = appended.map_err(Problems::from)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(appended)).into_response())
}

/// The description of [`append`].
pub fn append_operation() -> Operation {
    let appended = json!({ "messages": [examples::message()] });
    write_operation(("post", MESSAGES), "appendMessages", Tag::Messages, "Add a message, or several")
        .description(
            "One message, or several as `{\"messages\": [...]}`: then all of them or none. Safe to send again with an \
             `Idempotency-Key`, or with an `id` for each message: one that is there already is changed where it says \
             something else, and left alone where it does not. A chatbot stores the beginning of its answer with \
             `\"status\": \"in_progress\"` and finishes it with PATCH.",
        )
        .query_params(&["idempotencyKey"])
        .json_body::<MessagesToAdd>(&examples::new_message())
        .json_response::<Appended>(200, "All of them were there already.", &appended)
        .json_response::<Appended>(201, "At least one is new.", &appended)
        .errors(&BODY_CODES)
        .errors(&[
            Code::ConversationNotFound,
            Code::MessageConflict,
            Code::PartTooLarge,
            Code::MessageTooLarge,
            Code::IdempotencyKeyReused,
            Code::ConversationFull,
            Code::StorageFull,
        ])
}

/// `GET /api/conversations/{id}/messages/{messageId}`.
pub async fn find(
    State(state): State<AppState>,
    caller: Caller,
    PathParams((id, message_id)): PathParams<(String, String)>,
) -> Answer {
    let found = state.services.conversations.message(caller.principal(), &id, &message_id).await;
    Ok(Json(found.map_err(Problems::from)?).into_response())
}

/// The description of [`find`].
pub fn find_operation() -> Operation {
    read_operation(MESSAGE, "getMessage", Tag::Messages, "One message")
        .json_response::<Message>(200, "The message.", &examples::message())
        .errors(&[Code::ConversationNotFound, Code::MessageNotFound])
}

/// `PATCH /api/conversations/{id}/messages/{messageId}`: finishes an answer that was stored while it was being written,
/// also with the token that began it, up to an hour after that has expired.
pub async fn update(
    State(state): State<AppState>,
    CallerAllowExpired(caller): CallerAllowExpired,
    PathParams((id, message_id)): PathParams<(String, String)>,
    request: Request,
) -> Answer {
    let change: MessageChange = read(&state, &caller, request).await?;
    let updated =
        state.services.conversations.update_message(caller.principal(), &id, &message_id, change).await;
    Ok(Json(updated.map_err(Problems::from)?).into_response())
}

/// The description of [`update`].
pub fn update_operation() -> Operation {
    write_operation(("patch", MESSAGE), "updateMessage", Tag::Messages, "Change a message")
        .description(
            "What is left out stays as it is; something has to change. The token that began an answer may finish it up to \
             an hour after it has expired.",
        )
        .json_body::<MessageChange>(&examples::message_change())
        .json_response::<Message>(200, "The message as it is now.", &examples::message())
        .errors(&BODY_CODES)
        .errors(&[
            Code::ConversationNotFound,
            Code::MessageNotFound,
            Code::PartTooLarge,
            Code::MessageTooLarge,
            Code::StorageFull,
        ])
}

/// Reads a body into a type.
///
/// # Errors
/// As [`request_body::json`] and [`read_json`].
pub async fn read<T: DeserializeOwned>(
    state: &AppState,
    caller: &Caller,
    request: Request,
) -> Result<T, ProblemResponse> {
    Ok(read_json(&collect(state, caller, request).await?)?)
}

/// The bytes of a body of JSON.
///
/// # Errors
/// As [`request_body::json`].
pub async fn collect(
    state: &AppState,
    caller: &Caller,
    request: Request,
) -> Result<bytes::Bytes, ProblemResponse> {
    let (parts, body) = request.into_parts();
    Ok(request_body::json(&parts, body, &state.large_bodies, caller.user_id()).await?)
}

/// Several messages, each following the one before unless it says otherwise; all of them or none.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; Batch reads it, and names the message that is invalid")]
struct NewMessages {
    #[schema(min_items = 1)]
    messages: Vec<NewMessage>,
}

/// One message, or several.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body")]
enum MessagesToAdd {
    One(NewMessage),
    Several(NewMessages),
}

fn parse_batch(bytes: &[u8]) -> Result<Vec<NewMessage>, Problem> {
    #[derive(Deserialize)]
    struct BatchProbe {
        messages: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Batch {
        messages: Vec<RawJson>,
    }
    let is_several = serde_json::from_slice::<BatchProbe>(bytes).is_ok_and(|peek| peek.messages.is_some());
    if !is_several {
        return Ok(vec![read_json(bytes)?]);
    }
    let messages = read_json::<Batch>(bytes)?.messages;
    let read = |(at, message): (usize, &RawJson)| {
        let place = format!("messages[{at}]");
        read_json(message.as_str().as_bytes()).map_err(|problem: Problem| {
            let field = problem.field.map_or(place.clone(), |field| format!("{place}.{field}"));
            Problem { field: Some(field), ..problem }
        })
    };
    messages.iter().enumerate().map(read).collect()
}

/// The key under which a request is known again (`Idempotency-Key`, IETF draft-ietf-httpapi-idempotency-key-header).
///
/// # Errors
/// `VALIDATION_ERROR` for one that is empty, too long or not printable.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=MAX_KEY).contains(&key.len()));
    let wanted = || Reason::Wanted(format!("expected 1 to {MAX_KEY} printable characters of ASCII"));
    let wrong =
        || Problem { reason: Some(wanted()), ..Problem::on(Code::ValidationError, "Idempotency-Key") };
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}
