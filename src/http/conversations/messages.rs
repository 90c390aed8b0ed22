//! `/api/conversations/{id}/messages` and what is below it.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{
    Code, Problem, Problems, Reason,
    conversations::{MessageChange, NewMessage, Verbatim, read_json},
};
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, de::DeserializeOwned, de::IgnoredAny};

use super::{
    caller::{Caller, LateCaller},
    document::Refused,
    names::Names,
    query::Parameters,
};
use crate::http::{api::body, state::Edge};

type Answer = Result<Response, Refused>;

/// Messages a body has room for when each is as large as one may be.
const LARGE_MESSAGES: usize = 4;
/// The longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

/// `GET /api/conversations/{id}/messages`: a page of messages in their order.
pub async fn list(State(edge): State<Edge>, caller: Caller, Names(id): Names<String>, uri: Uri) -> Answer {
    let parameters = Parameters::of(&uri);
    let (asked, order) = (parameters.asked()?, parameters.order()?);
    let page = edge.services.conversations.messages(caller.user_id(), &id, order, asked).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}

/// `POST /api/conversations/{id}/messages`: one message, or several as `{"messages": [...]}`, all or none. 201 when a
/// message is new, 200 when all were there.
pub async fn append(
    State(edge): State<Edge>,
    caller: Caller,
    Names(id): Names<String>,
    request: Request,
) -> Answer {
    let key = idempotency_key(request.headers())?;
    let bytes = collect(&edge, request).await?;
    let messages = several(&bytes)?;
    let appended = edge.services.conversations.append(caller.by(), &id, messages, key.as_deref()).await;
    let (appended, is_new) = appended.map_err(Problems::from)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(appended)).into_response())
}

/// `GET /api/conversations/{id}/messages/{messageId}`.
pub async fn find(
    State(edge): State<Edge>,
    caller: Caller,
    Names((id, message_id)): Names<(String, String)>,
) -> Answer {
    let found = edge.services.conversations.message(caller.user_id(), &id, &message_id).await;
    Ok(Json(found.map_err(Problems::from)?).into_response())
}

/// `PATCH /api/conversations/{id}/messages/{messageId}`: finishes an answer that was stored while it was being written,
/// also with the token that began it, up to an hour after that has expired.
pub async fn update(
    State(edge): State<Edge>,
    LateCaller(caller): LateCaller,
    Names((id, message_id)): Names<(String, String)>,
    request: Request,
) -> Answer {
    let change: MessageChange = read(&edge, request).await?;
    let updated = edge.services.conversations.update_message(caller.by(), &id, &message_id, change).await;
    Ok(Json(updated.map_err(Problems::from)?).into_response())
}

/// Reads a body into a type.
///
/// # Errors
/// As [`body::collect`] and [`read_json`].
pub async fn read<T: DeserializeOwned>(edge: &Edge, request: Request) -> Result<T, Refused> {
    Ok(read_json(&collect(edge, request).await?)?)
}

async fn collect(edge: &Edge, request: Request) -> Result<bytes::Bytes, Refused> {
    let (parts, body) = request.into_parts();
    let most = edge.services.conversations.limits().message_bytes.saturating_mul(LARGE_MESSAGES);
    Ok(body::json(&parts.headers, body, most.max(body::MAX_BODY)).await?)
}

/// One message, or several.
fn several(bytes: &[u8]) -> Result<Vec<NewMessage>, Problem> {
    #[derive(Deserialize)]
    struct Peek {
        messages: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Several {
        messages: Vec<Verbatim>,
    }
    let is_several = serde_json::from_slice::<Peek>(bytes).is_ok_and(|peek| peek.messages.is_some());
    if !is_several {
        return Ok(vec![read_json(bytes)?]);
    }
    let messages = read_json::<Several>(bytes)?.messages;
    let read = |(at, message): (usize, &Verbatim)| {
        let place = format!("messages[{at}]");
        read_json(message.as_str().as_bytes()).map_err(|problem: Problem| {
            let field = problem.field.map_or(place.clone(), |field| format!("{place}.{field}"));
            Problem { field: Some(field), ..problem }
        })
    };
    messages.iter().enumerate().map(read).collect()
}

/// The key under which a request is known again (`Idempotency-Key`, IETF draft-ietf-httpapi-idempotency-key-header).
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=MAX_KEY).contains(&key.len()));
    let wanted = || Reason::Wanted(format!("expected 1 to {MAX_KEY} printable characters of ASCII"));
    let wrong =
        || Problem { reason: Some(wanted()), ..Problem::on(Code::ValidationError, "Idempotency-Key") };
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}
