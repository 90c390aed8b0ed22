//! `GET /api/search`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use contract::Problems;
use http::Uri;

use super::{caller::Caller, document::Refused, query::Parameters};
use crate::http::state::Edge;

/// The reader's messages that hold what is looked for.
pub async fn search(State(edge): State<Edge>, caller: Caller, uri: Uri) -> Result<Response, Refused> {
    let parameters = Parameters::of(&uri);
    let (asked, words) = (parameters.asked()?, parameters.once("q")?.unwrap_or_default());
    let page = edge.services.conversations.search(caller.user_id(), words, asked).await;
    Ok(Json(page.map_err(Problems::from)?).into_response())
}
