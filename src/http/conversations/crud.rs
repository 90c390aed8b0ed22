//! `/api/conversations`, `/api/conversations/{id}` and `/api/me`.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{
    Code, Problems, Questions,
    conversations::{Conversation, ConversationChange, NewConversation, read_json},
    routes,
};
use domain::{ClientFilter, IdempotencyKey};
use http::{HeaderValue, StatusCode, Uri, header};

use super::{
    auth::{Caller, ProfileCaller},
    messages::{collect, idempotency_key, read},
    operation::{BODY_CODES, LIST_CODES, read_operation, write_operation},
    path_params::PathParams,
    query::Parameters,
};
use crate::http::{
    app_state::AppState,
    errors::ProblemResponse,
    openapi::{
        examples,
        operation::{Auth, Operation, Tag},
    },
};

type Answer = Result<Response, ProblemResponse>;

/// `GET /api/conversations`: a page of the reader's conversations, the last active first.
pub async fn list(State(state): State<AppState>, caller: Caller, uri: Uri) -> Answer {
    let parameters = Parameters::of(&uri);
    let (page_request, values) = (parameters.page_request()?, "active or archived");
    let status = parameters.one_of("status", |text| text.parse().ok(), values)?;
    let client = match parameters.once("client")? {
        None => ClientFilter::All,
        Some("") => ClientFilter::NoClient,
        Some(id) => ClientFilter::Client(id),
    };
    let page = state.services.conversations.list(caller.principal(), status, client, page_request).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}

/// The description of [`list`].
pub fn list_operation() -> Operation {
    read_operation(
        routes::API_CONVERSATIONS,
        "listConversations",
        Tag::Conversations,
        "The reader's conversations",
    )
    .description("A page of them, the last active first.")
    .query_params(&["limit", "cursor", "status", "client"])
    .page_response::<Conversation>("A page.", &examples::conversation())
    .errors(&LIST_CODES)
}

/// `POST /api/conversations`: 201 with a new conversation, 200 with the one that the reader already has of this id, or that
/// a request with the same `Idempotency-Key` has created before.
pub async fn create(State(state): State<AppState>, caller: Caller, request: Request) -> Answer {
    let key = idempotency_key(request.headers())?;
    let bytes = collect(&state, &caller, request).await?;
    let new: NewConversation = read_json(&bytes)?;
    let key = key.as_deref().map(|key| IdempotencyKey { key, body: &bytes });
    let created = state.services.conversations.create(caller.principal(), new, key).await;
    let (conversation, is_new) = created.map_err(Problems::from)?;
    let location = format!("{}/{}", routes::API_CONVERSATIONS, conversation.id);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(conversation)).into_response();
    if let Some(location) = HeaderValue::try_from(location).ok().filter(|_| is_new) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The description of [`create`].
pub fn create_operation() -> Operation {
    let (new, conversation) = (examples::new_conversation(), examples::conversation());
    write_operation(("post", routes::API_CONVERSATIONS), "createConversation", Tag::Conversations, "Begin a conversation")
        .description(
            "With an `id` of your own, or an `Idempotency-Key`, it is safe to send again: a conversation that the reader \
             already has is answered as it is, with 200. `export` and `import` are no ids.",
        )
        .query_params(&["idempotencyKey"])
        .json_body::<NewConversation>(&new)
        .json_response::<Conversation>(200, "The reader had it already.", &conversation)
        .json_response::<Conversation>(201, "It is new.", &conversation)
        .response_header("Location")
        .errors(&BODY_CODES)
        .errors(&[
            Code::ConversationConflict,
            Code::IdempotencyKeyReused,
            Code::TooManyConversations,
            Code::StorageFull,
        ])
}

/// `GET /api/conversations/{id}`.
pub async fn find(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    let found = state.services.conversations.find(caller.principal(), &id).await;
    Ok(Json(found.map_err(Problems::from)?).into_response())
}

/// The description of [`find`].
pub fn find_operation() -> Operation {
    read_operation("/api/conversations/{id}", "getConversation", Tag::Conversations, "One conversation")
        .json_response::<Conversation>(200, "The conversation.", &examples::conversation())
        .errors(&[Code::ConversationNotFound])
}

/// `PATCH /api/conversations/{id}`: title, status, head, metadata.
pub async fn update(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    request: Request,
) -> Answer {
    let change: ConversationChange = read(&state, &caller, request).await?;
    let updated = state.services.conversations.update(caller.principal(), &id, change).await;
    Ok(Json(updated.map_err(Problems::from)?).into_response())
}

/// The description of [`update`].
pub fn update_operation() -> Operation {
    let route = ("patch", "/api/conversations/{id}");
    write_operation(
        route,
        "updateConversation",
        Tag::Conversations,
        "Rename a conversation, put it away, show another branch",
    )
    .description("What is left out stays as it is; something has to change.")
    .json_body::<ConversationChange>(&examples::conversation_change())
    .json_response::<Conversation>(200, "The conversation as it is now.", &examples::conversation())
    .errors(&BODY_CODES)
    .errors(&[Code::ConversationNotFound, Code::StorageFull])
}

/// `DELETE /api/conversations/{id}`: hidden at once, gone ten minutes later.
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    state.services.conversations.delete(caller.principal(), &id).await.map_err(Problems::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The description of [`delete`].
pub fn delete_operation() -> Operation {
    write_operation(
        ("delete", "/api/conversations/{id}"),
        "deleteConversation",
        Tag::Conversations,
        "Delete a conversation",
    )
    .description("It is hidden at once, and gone for good ten minutes later.")
    .empty_response(204, "It is deleted.")
    .errors(&[Code::ConversationNotFound])
}

/// `POST /api/conversations/{id}/restore`: shows a deleted conversation again, within the ten minutes.
pub async fn restore(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> Answer {
    let restored = state.services.conversations.restore(caller.principal(), &id).await;
    Ok(Json(restored.map_err(Problems::from)?).into_response())
}

/// The description of [`restore`].
pub fn restore_operation() -> Operation {
    let route = ("post", "/api/conversations/{id}/restore");
    write_operation(
        route,
        "restoreConversation",
        Tag::Conversations,
        "Take back a conversation that was deleted",
    )
    .description("Within ten minutes of its deletion. One that was not deleted is as if it were not there.")
    .json_response::<Conversation>(200, "The conversation.", &examples::conversation())
    .errors(&[Code::ConversationNotFound, Code::TooManyConversations])
}

/// `GET /api/me`: the reader behind the token or the cookie.
pub async fn me(State(state): State<AppState>, ProfileCaller(caller): ProfileCaller) -> Response {
    Json(state.services.user_body(&caller.signed_in.user)).into_response()
}

/// The description of [`me`].
pub fn me_operation(questions: &Questions) -> Operation {
    let route = ("get", routes::API_ME);
    let codes = [Code::Unauthorized, Code::InvalidToken, Code::TooManyRequests, Code::Unavailable];
    Operation::new(route, "getReader", Tag::Account, "The reader behind a token", Auth::TokenOrSession)
        .response(200, "The reader.", &examples::user(questions))
        .errors(&codes)
}
