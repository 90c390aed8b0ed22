//! `GET /api/search`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use contract::Problems;
use http::Uri;

use super::{auth::Caller, query::Parameters};
use crate::http::{app_state::AppState, errors::ProblemResponse};

/// The reader's messages that hold what is looked for.
pub async fn search(
    State(state): State<AppState>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let parameters = Parameters::of(&uri);
    let (asked, words) = (parameters.asked()?, parameters.once("q")?.unwrap_or_default());
    let page = state.services.conversations.search(caller.user_id(), words, asked).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}
