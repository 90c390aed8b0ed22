//! `GET /api/search`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{Problems, conversations::Hit, routes};
use http::Uri;

use super::{
    auth::Caller,
    operation::{LIST_CODES, read_operation},
    query::Parameters,
};
use crate::http::{
    app_state::AppState,
    errors::ProblemResponse,
    openapi::{
        examples,
        operation::{Operation, Tag},
    },
};

/// The reader's messages that hold what is looked for.
pub async fn search(
    State(state): State<AppState>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let parameters = Parameters::of(&uri);
    let (page_request, words) = (parameters.page_request()?, parameters.once("q")?.unwrap_or_default());
    let page = state.services.conversations.search(caller.principal(), words, page_request).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}

/// The description of [`search`].
pub fn search_operation() -> Operation {
    read_operation(routes::API_SEARCH, "searchMessages", Tag::Search, "Find messages by their words")
        .description(
            "Among the messages of all the reader's conversations, from the conversation begun last to the first, in each \
             the newest first. All words have to be there, in any order; those in quotes side by side. The last word may \
             be a beginning.",
        )
        .query_params(&["q", "limit", "cursor"])
        .page_response::<Hit>("A page of what was found.", &examples::hit())
        .errors(&LIST_CODES)
}
